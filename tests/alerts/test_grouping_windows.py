"""Grouping by expression, and only for a time."""

from datetime import timedelta

import pytest

from accounts.models import Role
from alerts.decisions import group_expressions
from alerts.decisions.group_expressions import group_of
from alerts.decisions.grouping import Group
from alerts.decisions.routing import Facts
from catalog.models import Service
from incidents.states import Status
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service, a_user, an_api
from tests.world import MovedEngine

HOUR = timedelta(hours=1)


@pytest.fixture
def service(transactional_db: None) -> Service:
    return a_service("checkout")


def _said(key: str, status: str = "firing", **labels: str) -> dict[str, object]:
    return {"title": f"Disk full on {key}", "status": status, "dedup_key": key, "labels": labels}


def _counts(sender: Sender) -> list[int]:
    return [incident.alert_count for incident in sender.incidents()]


def test_what_has_the_same_text_becomes_one_incident(doorstep: Doorstep, engine: MovedEngine, service: Service) -> None:
    expression = 'labels.cluster + "/" + severity'
    sender = a_sender(doorstep, "generic", service=service, group_expression=expression)

    for key, cluster in (("a", "east"), ("b", "east"), ("c", "west")):
        sender.post({**_said(key, cluster=cluster), "severity": "error"})
    engine.run()

    assert _counts(sender) == [2, 1]
    assert [incident.group_key for incident in sender.incidents()] == ["east/error", "west/error"]
    assert sender.alerts()[0].reasons["group"]["reason"] == "expression"


@pytest.mark.parametrize("expression", ["labels.missing", "string(1 / int(labels.n))", "labels.a =="])
def test_an_expression_that_gives_no_text_groups_nothing(expression: str) -> None:
    facts = Facts({"n": "0"}, {}, "", "", "", "")

    assert group_of(expression, facts, dedup_key="db-1") == Group("db-1", "expression_failed")


@pytest.mark.parametrize("expression", ["severity == 'x'", "label.a", "labels.a +"])
def test_an_expression_that_can_give_no_text_is_refused(expression: str) -> None:
    assert "expression" in group_expressions.check(expression).lower()


def test_after_the_window_another_incident_opens_and_the_first_goes_on(
    doorstep: Doorstep, engine: MovedEngine, service: Service
) -> None:
    sender = a_sender(doorstep, "generic", service=service, group_by=[], group_window=HOUR)
    sender.post(_said("a"))
    engine.fast_forward(minutes=50)
    sender.post(_said("b"))
    engine.fast_forward(minutes=20)
    sender.post(_said("c"))
    sender.post(_said("a"))
    engine.run()

    first, second = sender.incidents()
    closed = first.timeline.get(kind="group_closed")
    assert _counts(sender) == [2, 1]
    assert (first.status, second.status, second.previous) == (Status.TRIGGERED, Status.TRIGGERED, first)
    assert closed.reason == second.timeline.get(kind="opened").reason == "group_window_over"
    sender.post(_said("a", "resolved"))
    sender.post(_said("b", "resolved"))
    engine.run()
    assert [incident.status for incident in sender.incidents()] == [Status.RESOLVED, Status.TRIGGERED]


def test_a_window_that_rolls_begins_anew_with_each_alert_that_joins(
    doorstep: Doorstep, engine: MovedEngine, service: Service
) -> None:
    sender = a_sender(doorstep, "generic", service=service, group_by=[], group_window=HOUR, group_window_rolls=True)
    for key in "abcd":
        sender.post(_said(key))
        engine.fast_forward(minutes=50)
    engine.fast_forward(minutes=20)
    sender.post(_said("e"))
    engine.run()

    assert _counts(sender) == [4, 1]


def test_windows_that_pass_within_one_batch_open_one_incident_each(
    doorstep: Doorstep, engine: MovedEngine, service: Service
) -> None:
    sender = a_sender(doorstep, "generic", service=service, group_by=[], group_window=timedelta(minutes=10))
    for key in "abc":
        sender.post(_said(key))
        engine._move_to(sender.events()[-1].received_at + timedelta(minutes=15))

    engine.run()

    assert _counts(sender) == [1, 1, 1]


def test_grouping_is_set_through_the_api(service: Service) -> None:
    api = an_api(a_user(role=Role.ADMIN))
    wish = {"name": "app", "source": "generic", "routes": [{"service": "checkout"}]}
    made = api.post(
        "/api/v1/integrations/", {**wish, "group_expression": "labels.team", "group_window": "1h"}, "json"
    ).json()
    refused = api.patch(f"/api/v1/integrations/{made['id']}/", {"group_expression": "labels.team =="}, "json")

    assert (made["group_expression"], made["group_window"], made["group_window_rolls"]) == ("labels.team", "1h", False)
    assert list(refused.json()["error"]["fields"]) == ["group_expression"]
