"""PagerDuty's Events API v1: 200 with the incident key, 400 only for what its clients must not repeat."""

import json
from typing import Any

import pytest

from alerts.models import Event
from tests.alerts.doorstep import Answered, Doorstep, Sender, a_sender
from tests.factories import a_service
from tests.world import MovedEngine

PATH = "/generic/2010-04-15/create_event.json"


@pytest.fixture
def sender(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "pagerduty", service=a_service())


def _create(sender: Sender, **fields: Any) -> Answered:
    event = {"event_type": "trigger", "description": "Disk full", "service_key": sender.key, **fields}
    return sender.doorstep.post(PATH, event)


def test_a_trigger_is_answered_with_its_incident_key(sender: Sender) -> None:
    answered = _create(sender, incident_key="srv01/HTTP")

    assert answered.status == 200
    assert {name: answered.json[name] for name in ("status", "message", "incident_key")} == {
        "status": "success",
        "message": "Event processed",
        "incident_key": "srv01/HTTP",
    }


def test_a_trigger_without_an_incident_key_is_given_one_each_time(sender: Sender) -> None:
    keys = {_create(sender).json["incident_key"] for _ in range(3)}

    assert len(keys) == 3
    assert {event.headers[":dedup_key"] for event in sender.events() if event.headers} == keys


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{nope", "JSON parse error"),
        (b"[]", "Not a JSON object"),
        ({"event_type": "trigger", "description": "x"}, "'service_key' is missing"),
        ({"service_key": "x" * 32, "description": "x"}, "'event_type' must be one of"),
        ({"service_key": "x" * 32, "event_type": "trigger"}, "'description' is missing"),
        ({"service_key": "x" * 32, "event_type": "resolve"}, "'incident_key' is missing"),
        ({"service_key": "x" * 32, "event_type": "acknowledge", "incident_key": "k" * 256}, "too long"),
        ({"service_key": "x" * 32, "event_type": "resolve", "incident_key": []}, "'incident_key' is missing"),
        ({"service_key": "x" * 32, "event_type": "trigger", "description": "x"}, "Invalid service key"),
    ],
)
def test_what_must_not_be_repeated_is_answered_400(doorstep: Doorstep, body: Any, says: str) -> None:
    answered = doorstep.post(PATH, body)

    assert answered.status == 400
    assert set(answered.json) == {"status", "message", "errors"}
    assert any(says in error for error in answered.json["errors"])
    assert not Event.objects.exists()


@pytest.mark.parametrize("digit", ["", "7"])
def test_the_service_key_is_not_kept(doorstep: Doorstep, digit: str) -> None:
    sender = a_sender(doorstep, "pagerduty", service=a_service(), key=digit + "k" * 40)
    event = {"service_key": sender.key, "event_type": "trigger", "description": "Disk full", "details": sender.key}
    body = json.dumps(event).replace(sender.key, f"\\u{ord(sender.key[0]):04x}{sender.key[1:]}", 1)

    answered = sender.doorstep.post(PATH, body.encode())

    (kept,) = sender.events()
    assert answered.status == 200
    assert sender.key not in json.loads(bytes(kept.body)).values()
    assert json.loads(bytes(kept.body))["description"] == "Disk full"


def test_what_would_be_dear_to_read_at_the_door_is_kept_and_read_by_the_pipeline(
    sender: Sender, engine: MovedEngine
) -> None:
    event = '{"service_key": "%s", "event_type": "trigger", "incident_key": "srv01/HTTP", "description": "x", "v": %s}'
    dear = "NaN" + " " * 9_000

    answered = sender.doorstep.post(PATH, (event % (sender.key, dear)).encode())
    engine.run()

    assert (answered.status, answered.json["incident_key"]) == (200, "srv01/HTTP")
    assert [(alert.title, alert.dedup_key) for alert in sender.alerts()] == [("x", "srv01/HTTP")]
    (kept,) = sender.events()
    assert bytes(kept.body).decode() == event % ("*" * len(sender.key), dear)
