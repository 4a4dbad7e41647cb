"""VictorOps' REST endpoint: the key and a routing key in the path, answers in the vendor's shape."""

from typing import Any

import pytest

from alerts.models import Event
from tests.alerts.doorstep import Answered, Doorstep, Sender, a_sender
from tests.factories import a_service
from tests.world import MovedEngine

BEGIN = "/integrations/generic/20131114/alert"
CRITICAL = {"message_type": "CRITICAL", "entity_id": "db-1/disk", "entity_display_name": "Disk full"}


@pytest.fixture
def sender(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "victorops", service=a_service())


def _post(sender: Sender, body: Any, routing_key: str = "database") -> Answered:
    return sender.doorstep.post(f"{BEGIN}/{sender.key}/{routing_key}", body)


def test_a_message_is_answered_with_its_entity(sender: Sender) -> None:
    answered = _post(sender, CRITICAL)

    assert answered.status == 200
    assert (answered.json["result"], answered.json["entity_id"]) == ("success", "db-1/disk")


@pytest.mark.parametrize("body", [{"message_type": "CRITICAL", "state_message": "x"}, {"entity_id": []}, [], b"{no"])
def test_a_message_without_an_entity_is_taken_and_given_one(sender: Sender, body: Any) -> None:
    entities = {_post(sender, body).json["entity_id"] for _ in range(2)}

    assert len(entities) == 2
    assert {event.headers[":dedup_key"] for event in sender.events() if event.headers} == entities


@pytest.mark.parametrize("ending", ["/database", "/database/", "", "/"])
def test_a_routing_key_and_a_final_slash_may_be_missing(sender: Sender, ending: str) -> None:
    assert sender.doorstep.post(f"{BEGIN}/{sender.key}{ending}", CRITICAL).status == 200


@pytest.mark.parametrize(("routing_key", "label"), [("database", "database"), ("data\x00base", "data\ufffdbase")])
def test_the_routing_key_is_a_label(sender: Sender, engine: MovedEngine, routing_key: str, label: str) -> None:
    _post(sender, {**CRITICAL, "routing_key": "of the body"}, routing_key)
    engine.run()

    (alert,) = sender.alerts()
    assert alert.labels["routing_key"] == label


def test_an_unknown_key_is_refused_in_the_vendors_shape(doorstep: Doorstep) -> None:
    answered = doorstep.post(f"{BEGIN}/{'x' * 32}/database", CRITICAL)

    assert answered.status == 403
    assert answered.json["result"] == "failure"
    assert not Event.objects.exists()


def test_an_info_message_pages_nobody(sender: Sender, engine: MovedEngine) -> None:
    _post(sender, {**CRITICAL, "message_type": "INFO"})
    engine.run()

    (event,) = sender.events()
    assert (event.status, event.reason) == ("ignored", "informative")
    assert sender.incidents() == []
