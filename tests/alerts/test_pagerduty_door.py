"""PagerDuty's Events API v2: answers in the vendor's shape, 400 only for what its clients must not repeat."""

import json
from typing import Any

import pytest
from django.db import connection

from alerts.models import Event
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service

PAYLOAD = {"summary": "Disk full", "source": "db-1", "severity": "critical"}


@pytest.fixture
def sender(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "pagerduty", service=a_service())


def test_a_trigger_is_answered_with_its_dedup_key(sender: Sender) -> None:
    answered = sender.enqueue("trigger", dedup_key="srv01/HTTP", payload=PAYLOAD)

    assert answered.status == 202
    assert {name: answered.json[name] for name in ("status", "message", "dedup_key")} == {
        "status": "success",
        "message": "Event processed",
        "dedup_key": "srv01/HTTP",
    }


def test_a_trigger_without_a_dedup_key_is_given_one_each_time(sender: Sender) -> None:
    keys = {sender.enqueue("trigger", payload=PAYLOAD).json["dedup_key"] for _ in range(3)}

    assert len(keys) == 3
    assert {event.headers[":dedup_key"] for event in sender.events() if event.headers} == keys


@pytest.mark.parametrize("path", ["/v2/enqueue", "/v2/enqueue/"])
def test_both_spellings_of_the_path_are_taken(sender: Sender, path: str) -> None:
    body = {"routing_key": sender.key, "event_action": "trigger", "payload": PAYLOAD}

    assert sender.doorstep.post(path, body).status == 202


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{nope", "JSON parse error"),
        (b"[]", "Not a JSON object"),
        ({"event_action": "trigger", "payload": PAYLOAD}, "'routing_key' is missing"),
        ({"routing_key": 5, "event_action": "trigger", "payload": PAYLOAD}, "'routing_key' is missing"),
        ({"routing_key": "x" * 32, "payload": PAYLOAD}, "'event_action' must be one of"),
        ({"routing_key": "x" * 32, "event_action": "explode", "payload": PAYLOAD}, "'event_action' must be one of"),
        ({"routing_key": "x" * 32, "event_action": "trigger"}, "'payload.summary' is missing"),
        ({"routing_key": "x" * 32, "event_action": "trigger", "payload": {"summary": ""}}, "'payload.summary'"),
        ({"routing_key": "x" * 32, "event_action": "resolve"}, "'dedup_key' is missing"),
        ({"routing_key": "x" * 32, "event_action": "acknowledge", "dedup_key": "k" * 256}, "too long"),
        ({"routing_key": "x" * 32, "event_action": "trigger", "payload": PAYLOAD}, "Invalid routing key"),
    ],
)
def test_what_must_not_be_repeated_is_answered_400(doorstep: Doorstep, body: Any, says: str) -> None:
    answered = doorstep.post("/v2/enqueue", body)

    assert answered.status == 400
    assert set(answered.json) == {"status", "message", "errors"}
    assert any(says in error for error in answered.json["errors"])
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    "details",
    [
        "[" + "{}," * 60_000 + "{}]",
        '"' + "x" * 600_000 + '"',
        "[" * 5_000 + "]" * 5_000,
        "NaN" + " " * 9_000,
    ],
)
def test_what_costs_much_to_read_is_refused_before_anybody_knows_whose_it_is(doorstep: Doorstep, details: str) -> None:
    body = '{"routing_key": "%s", "event_action": "trigger", "payload": {"summary": "x", "custom_details": %s}}'

    answered = doorstep.post("/v2/enqueue", (body % ("x" * 32, details)).encode())

    assert (answered.status, answered.json["errors"]) == (400, ["JSON parse error"])


def test_a_large_event_is_taken(sender: Sender) -> None:
    details = {"log": "line\\u0000\n" * 20_000}

    assert sender.enqueue("trigger", payload={**PAYLOAD, "custom_details": details}).status == 202


def test_what_the_vendor_would_refuse_but_a_person_should_hear_of_is_taken(sender: Sender) -> None:
    assert sender.enqueue("trigger", payload={"summary": "Odd", "severity": "catastrophe"}).status == 202


@pytest.mark.parametrize("written", ["plain", "escaped", "utf-16"])
def test_the_routing_key_is_not_kept(sender: Sender, written: str) -> None:
    details = {"command": f"notify --key {sender.key}"} if written == "plain" else {}
    event = {"routing_key": sender.key, "event_action": "trigger", "payload": {**PAYLOAD, "custom_details": details}}
    body = json.dumps(event, separators=(",", ":"))
    if written == "escaped":
        body = body.replace(sender.key, f"\\u{ord(sender.key[0]):04x}{sender.key[1:]}")

    answered = sender.doorstep.post("/v2/enqueue", body.encode("utf-16" if written == "utf-16" else "utf-8"))

    (kept,) = sender.events()
    assert answered.status == 202
    assert json.loads(bytes(kept.body)) == json.loads(json.dumps(event).replace(sender.key, "*" * len(sender.key)))


def test_but_for_the_routing_key_a_message_is_kept_to_the_byte(sender: Sender) -> None:
    body = (
        b'{ "payload": {"summary":"Caf\xe9"},\n"event_action":"trigger", "routing_key": "%s", }' % sender.key.encode()
    )

    assert sender.doorstep.post("/v2/enqueue", body).status == 202

    (kept,) = sender.events()
    assert bytes(kept.body) == body.replace(sender.key.encode(), b"*" * len(sender.key))


def test_our_own_trouble_is_answered_so_that_clients_come_again(sender: Sender) -> None:
    with connection.cursor() as cursor:
        cursor.execute("alter table alerts_event rename to alerts_event_away")
    try:
        answered = sender.enqueue("trigger", payload=PAYLOAD)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("alter table alerts_event_away rename to alerts_event")

    assert answered.status == 503
    assert int(answered.headers["retry-after"]) >= 5


def test_a_change_event_is_taken_without_a_dedup_key(sender: Sender) -> None:
    body = {"routing_key": sender.key, "payload": {"summary": "Deployed", "source": "ci"}}

    answered = sender.doorstep.post("/v2/change/enqueue", body)

    assert answered.status == 202
    assert "dedup_key" not in answered.json
