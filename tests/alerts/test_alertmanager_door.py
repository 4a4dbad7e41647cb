"""Alerts given to Tocsin as to an Alertmanager: they fire until their end, unless they are told of again."""

import json
from datetime import timedelta
from typing import Any

import pytest

from alerts.models import AlertStatus
from core import clock
from incidents.states import Status
from tests.alerts.doorstep import Answered, Sender
from tests.world import MovedEngine

LABELS = {"alertname": "DiskFull", "instance": "db-1", "severity": "critical"}


def give(sender: Sender, *alerts: dict[str, Any]) -> Answered:
    return sender.doorstep.post(f"/alertmanager/{sender.key}/api/v2/alerts", list(alerts))


def test_what_does_not_say_when_it_ends_ends_after_five_minutes(prometheus: Sender, engine: MovedEngine) -> None:
    assert give(prometheus, {"labels": LABELS}).status == 200
    engine.fast_forward(minutes=4)
    give(prometheus, {"labels": LABELS})
    engine.fast_forward(minutes=4)
    assert prometheus.incidents()[0].status == Status.TRIGGERED

    engine.fast_forward(minutes=2)

    (alert,) = prometheus.alerts()
    assert (alert.status, alert.count >= 2) == (AlertStatus.RESOLVED, True)
    assert [each.status for each in prometheus.incidents()] == [Status.RESOLVED]


def test_an_end_ahead_keeps_it_alive_and_one_that_has_passed_resolves_it(
    prometheus: Sender, engine: MovedEngine
) -> None:
    now = clock.now()
    give(prometheus, {"labels": LABELS, "endsAt": (now + timedelta(minutes=30)).isoformat()})
    engine.fast_forward(minutes=20)
    assert prometheus.incidents()[0].status == Status.TRIGGERED

    give(prometheus, {"labels": LABELS, "startsAt": now.isoformat(), "endsAt": clock.now().isoformat()})
    engine.run()

    assert [each.status for each in prometheus.incidents()] == [Status.RESOLVED]


def test_of_a_call_that_is_partly_valid_the_valid_part_is_taken(prometheus: Sender, engine: MovedEngine) -> None:
    answer = give(prometheus, {"labels": LABELS}, {"labels": {}}, {"annotations": {"summary": "whose?"}})
    engine.run()

    assert (answer.status, answer.json) == (400, "invalid alerts, which need labels with values: 2, 3")
    assert [alert.labels for alert in prometheus.alerts()] == [LABELS]


def test_the_same_alert_by_webhook_and_by_the_api_is_one(prometheus: Sender, engine: MovedEngine) -> None:
    give(prometheus, {"labels": LABELS})
    give(prometheus, {"labels": dict(reversed(LABELS.items()))})
    engine.run()

    assert [alert.count for alert in prometheus.alerts()] == [2]


def test_a_wrong_key_is_told_of(prometheus: Sender) -> None:
    answer = prometheus.doorstep.post(f"/alertmanager/{'x' * 32}/api/v2/alerts", [{"labels": LABELS}])

    assert (answer.status, "key" in answer.json) == (403, True)


@pytest.mark.parametrize("dear", ["NaN" + " " * 9_000, '"\xff' + "x" * 9_000 + '"', '"\\ud800' + "x" * 9_000 + '"'])
def test_a_large_list_that_has_to_be_mended_is_taken(prometheus: Sender, engine: MovedEngine, dear: str) -> None:
    body = json.dumps([{"labels": LABELS, "annotations": {"log": "DEAR"}}]).replace('"DEAR"', dear)

    answer = prometheus.doorstep.post(f"/alertmanager/{prometheus.key}/api/v2/alerts", body.encode("latin-1"))
    engine.run()

    assert answer.status == 200
    assert [alert.labels for alert in prometheus.alerts()] == [LABELS]


@pytest.mark.parametrize("body", [b"{", b"", b"alerts", b'{"alerts": NaN' + b" " * 9_000 + b"}"])
def test_what_is_no_list_is_refused(prometheus: Sender, body: bytes) -> None:
    answer = prometheus.doorstep.post(f"/alertmanager/{prometheus.key}/api/v2/alerts", body)

    assert answer.status == 400
    assert not prometheus.events()
