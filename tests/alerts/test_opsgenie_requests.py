"""What became of a request of Opsgenie's clients, and whom alerts are shown to."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from alerts.models import Integration
from alerts.parsing import opsgenie
from alerts.pipeline import turns
from core import clock
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.alerts.opsgenie_client import act, create, get, messages, three_alerts
from tests.factories import a_service
from tests.world import MovedEngine

Json = Any


@pytest.fixture
def sender(doorstep: Doorstep) -> Sender:
    return three_alerts(doorstep)


def test_a_snoozed_alert_says_until_when(sender: Sender, engine: MovedEngine) -> None:
    until = clock.now() + timedelta(hours=1)
    act(sender, "queue", "snooze", endTime=until.isoformat())
    engine.run()

    alert = get(sender, "/v2/alerts/queue", identifierType="alias")["data"]

    assert (alert["snoozed"], alert["acknowledged"]) == (True, False)
    assert alert["snoozedUntil"][:19] == until.isoformat()[:19]
    assert messages(sender, "snoozed: true") == ["Queue is long"]


def test_what_became_of_a_request_is_told(sender: Sender, engine: MovedEngine) -> None:
    again = create(sender, message="Disk full on db-1", alias="db-1/disk")
    fresh = create(sender, message="Fresh", alias="fresh")
    unknown = act(sender, "unknown", "acknowledge")
    closed = act(sender, "queue", "close", source="alertmanager")
    engine.run()

    told = {
        name: get(sender, f"/v2/alerts/requests/{number}")["data"]
        for name, number in (("again", again), ("fresh", fresh), ("unknown", unknown), ("closed", closed))
    }

    first, fresh_one = sender.alerts()[0], sender.alerts()[-1]
    assert {name: (each["action"], each["isSuccess"], each["alertId"]) for name, each in told.items()} == {
        "again": ("Create", True, opsgenie.alert_id(first.pk)),
        "fresh": ("Create", True, opsgenie.alert_id(fresh_one.pk)),
        "unknown": ("Acknowledge", False, ""),
        "closed": ("Close", True, opsgenie.alert_id(sender.alerts()[2].pk)),
    }
    assert told["fresh"]["status"] == "Created alert"
    assert told["unknown"]["status"] == "Alert does not exist"
    assert told["closed"]["alias"] == "queue"


def test_a_request_that_waits_for_its_turn_is_asked_for_again(sender: Sender) -> None:
    number = create(sender, message="Fresh")

    answered = Client().get(f"/v2/alerts/requests/{number}", headers={"authorization": f"GenieKey {sender.key}"})

    assert answered.status_code == 404
    assert answered.headers["X-Opsgenie-ErrorType"] == "RequestNotProcessed"


def test_nothing_is_shown_to_an_integration_that_is_switched_off(sender: Sender) -> None:
    Integration.objects.filter(pk=sender.integration.pk).update(is_active=False)

    get(sender, "/v2/alerts", 403)


def test_a_key_shows_the_alerts_of_its_own_integration_only(sender: Sender) -> None:
    other = a_sender(sender.doorstep, "opsgenie", service=a_service(), name="other")
    number = opsgenie.alert_id(sender.alerts()[0].pk)

    assert messages(other, "") == []
    get(other, f"/v2/alerts/{number}", 404)
    get(other, f"/v2/alerts/requests/{opsgenie.request_id(sender.events()[0].pk)}", 404)


@pytest.mark.parametrize(
    ("word", "body", "statements"),
    [("tags", {"tags": ["a"]}, 8), ("notes", {"note": "On it"}, 12), ("acknowledge", {}, 16)],
)
def test_an_action_costs_few_statements(
    doorstep: Doorstep, engine: MovedEngine, word: str, body: Json, statements: int
) -> None:
    sender = a_sender(doorstep, "opsgenie", service=a_service(), name="nagios")
    create(sender, message="Disk full", alias="disk")
    engine.run()
    act(sender, "disk", word, **body)

    with CaptureQueriesContext(connection) as asked:
        handled = turns.run()

    assert handled == 1
    # Without what says that a transaction begins and ends.
    sent = [each["sql"] for each in asked if each["sql"] not in {"BEGIN", "COMMIT"}]
    assert len(sent) == statements, sent
