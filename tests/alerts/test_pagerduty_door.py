"""PagerDuty's Events API v2: answers in the vendor's shape, 400 only for what its clients must not repeat."""

import json
import time
from typing import Any

import pytest
from django.db import connection

from alerts.models import Event, EventStatus
from alerts.receiving.entrance import Message, Request, entrance_for
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service
from tests.world import MovedEngine

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


EVENT = '{"routing_key": "%s", "event_action": "trigger", "payload": {"summary": "x", "custom_details": %s}}'


@pytest.mark.parametrize("name", ["routing_key", "other"])
def test_what_is_larger_than_the_vendor_takes_is_not_looked_through(doorstep: Doorstep, name: str) -> None:
    body = EVENT.replace("routing_key", name) % ("x" * 32, '"' + "x" * 600_000 + '"')

    answered = doorstep.post("/v2/enqueue", body.encode())

    assert (answered.status, answered.json["errors"]) == (400, ["JSON parse error"])


DEAR = {
    "nan": "NaN" + " " * 9_000,
    "bad_utf8": '"\xff' + "x" * 9_000 + '"',
    "surrogate": '"\\ud800' + "x" * 9_000 + '"',
    "control": '"a\x00' + "x\n" * 9_000 + '"',
    "many_values": "[" + "{}," * 60_000 + "{}]",
    "deep": "[" * 5_000 + "]" * 5_000,
    "trailing_comma": '["' + "x" * 9_000 + '", ]',
}


@pytest.mark.parametrize("details", DEAR.values(), ids=DEAR)
def test_what_would_be_dear_to_read_at_the_door_is_kept_and_read_by_the_pipeline(
    sender: Sender, engine: MovedEngine, details: str
) -> None:
    answered = sender.doorstep.post("/v2/enqueue", (EVENT % (sender.key, details)).encode("latin-1"))
    engine.run()

    assert (answered.status, answered.json["status"]) == (202, "success")
    (alert,) = sender.alerts()
    assert (alert.title, alert.dedup_key) == ("x", answered.json["dedup_key"])
    (kept,) = sender.events()
    assert bytes(kept.body) == (EVENT % ("*" * len(sender.key), details)).encode("latin-1")


def test_what_would_be_dear_to_read_is_still_refused_where_nobody_has_its_key(doorstep: Doorstep) -> None:
    answered = doorstep.post("/v2/enqueue", (EVENT % ("x" * 32, DEAR["many_values"])).encode())

    assert answered.status == 400
    assert "Invalid routing key" in answered.json["errors"][0]
    assert not Event.objects.exists()


def test_what_cannot_be_read_at_all_is_kept_for_somebody_to_see(sender: Sender, engine: MovedEngine) -> None:
    answered = sender.doorstep.post("/v2/enqueue", b'{"routing_key" : "%s", "payload": {{{' % sender.key.encode())
    engine.run()

    assert answered.status == 202
    assert [event.status for event in sender.events()] == [EventStatus.QUARANTINED]


@pytest.mark.parametrize("is_before", [True, False])
def test_the_outermost_key_and_identity_of_an_unread_event_count(
    sender: Sender, engine: MovedEngine, is_before: bool
) -> None:
    own = f'"routing_key":"{sender.key}","dedup_key":"disk/7"'
    other = '"payload":{"summary":"x","custom_details":{"routing_key":"another","dedup_key":"other","v":%s}}'
    parts = [own, other % DEAR["nan"]] if is_before else [other % DEAR["nan"], own]

    answered = sender.doorstep.post("/v2/enqueue", f'{{"event_action":"trigger",{",".join(parts)}}}'.encode())
    engine.run()

    assert (answered.status, answered.json["dedup_key"]) == (202, "disk/7")
    assert [alert.dedup_key for alert in sender.alerts()] == ["disk/7"]


def test_an_identity_within_the_details_of_an_unread_event_is_not_its_own(sender: Sender, engine: MovedEngine) -> None:
    body = (EVENT % (sender.key, f'{{"dedup_key":"all","v":{DEAR["nan"]}}}')).encode()

    answers = [sender.doorstep.post("/v2/enqueue", body).json["dedup_key"] for _ in range(2)]
    engine.run()

    assert [alert.dedup_key for alert in sender.alerts()] == answers
    assert len({"all", *answers}) == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("way", ["04x", "04X"])
def test_the_routing_key_of_an_unread_event_is_not_kept(doorstep: Doorstep, encoding: str, way: str) -> None:
    sender = a_sender(doorstep, "pagerduty", service=a_service(), key="kJ-_7" * 8)
    spelt = "".join(f"\\u{ord(each):{way}}" if at % 2 else each for at, each in enumerate(sender.key))
    event = EVENT % (sender.key, f'["{sender.key}", "{spelt}", {DEAR["nan"]}]')

    answered = doorstep.post("/v2/enqueue", event.encode(encoding))

    (kept,) = sender.events()
    assert answered.status == 202
    assert bytes(kept.body).decode(encoding) == event.replace(sender.key, "*" * 40).replace(spelt, "*" * 40)


@pytest.mark.parametrize(
    "details",
    ['""' * 250_000, '"routing_key"' + " " * 500_000, '"routing_key":"\\' * 29_000, "\\u0078" * 80_000, "[" * 500_000],
)
def test_an_event_made_to_be_dear_costs_the_door_little(details: str) -> None:
    body = (EVENT % ("x" * 43, details)).encode()
    request = Request("POST", "/v2/enqueue", "", body=body, size=len(body))
    entrance = entrance_for("POST", "/v2/enqueue")
    assert entrance is not None

    started = time.process_time()
    message = entrance.read(request)

    # A few milliseconds; what takes time that grows with the square of the length takes minutes.
    assert time.process_time() - started < 1
    assert isinstance(message, Message)
    assert message.key == "x" * 43


@pytest.mark.parametrize("key", ["a" * 100_000, "a" * 128])
def test_a_key_made_to_be_dear_to_hide_costs_the_door_little(key: str) -> None:
    details = f'"\\u0061{("a" * (len(key) - 1) + "b") * (300_000 // len(key))}", {DEAR["nan"]}'
    body = (EVENT % (key, f"[{details}]")).encode()
    entrance = entrance_for("POST", "/v2/enqueue")
    assert entrance is not None

    started = time.process_time()
    answered = entrance.read(Request("POST", "/v2/enqueue", "", body=body, size=len(body)))

    assert time.process_time() - started < 1
    assert isinstance(answered, Message) == (len(key) == 128)


def test_a_key_that_cannot_be_hidden_is_not_kept(sender: Sender) -> None:
    hidden = "\0".join(sender.key)
    event = EVENT % (sender.key, f'["{hidden}", {DEAR["nan"]}]')

    assert sender.doorstep.post("/v2/enqueue", event.encode()).status == 400
    assert sender.events() == []


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
