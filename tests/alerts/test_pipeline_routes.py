"""From the webhook to the incident: which route, which group, how urgent."""

from datetime import timedelta

import pytest

from catalog.models import UrgencyRule
from incidents import lifecycle
from incidents.actor import Via, person
from incidents.models import Urgency
from incidents.states import Status
from tests.alerts.doorstep import Doorstep, a_sender, from_alertmanager, pagerduty_payload, prometheus_alert
from tests.factories import a_service, a_user
from tests.world import MovedEngine


def test_routes_are_asked_in_order_and_a_missing_label_is_empty(doorstep: Doorstep, engine: MovedEngine) -> None:
    shop, data = a_service("shop"), a_service("data")
    sender = a_sender(
        doorstep,
        "generic",
        service=a_service("other"),
        routes=[('labels.service == "shop"', shop), ('labels.team == "" && severity == "error"', data)],
    )
    for title, labels, severity in (
        ("one", {"service": "shop"}, "error"),
        ("two", {}, "error"),
        ("three", {"team": "x"}, "error"),
    ):
        sender.post({"title": title, "labels": labels, "severity": severity})

    engine.run()

    assert {(incident.title, incident.service.name) for incident in sender.incidents()} == {
        ("one", "shop"),
        ("two", "data"),
        ("three", "other"),
    }


def test_a_condition_that_fails_is_passed_over_and_shown(doorstep: Doorstep, engine: MovedEngine) -> None:
    shop = a_service("shop")
    sender = a_sender(
        doorstep, "generic", service=a_service("other"), routes=[("int(labels.n) > 3", shop), ("true", shop)]
    )
    sender.post({"title": "x", "labels": {"n": "many"}})

    engine.run()

    (alert,) = sender.alerts()
    (incident,) = sender.incidents()
    assert (incident.service.name, alert.reasons["route"]["position"]) == ("shop", 2)
    assert alert.reasons["route"]["failures"][0]["position"] == 1
    assert "Route 1 could not be asked" in incident.timeline.get(kind="routed").text


def test_alerts_of_a_group_share_an_incident_per_service(doorstep: Doorstep, engine: MovedEngine) -> None:
    shop = a_service("shop")
    sender = a_sender(
        doorstep,
        "alertmanager",
        service=a_service("other"),
        routes=[('labels.team == "shop"', shop)],
        group_by=["alertname", "region"],
    )
    sender.post(
        from_alertmanager(
            prometheus_alert(team="shop", region="eu", instance="1"),
            prometheus_alert(team="shop", region="eu", instance="2"),
            prometheus_alert(region="eu", instance="3"),
            prometheus_alert(team="shop", region="us", instance="4"),
        )
    )

    engine.run()

    assert [(each.service.name, each.group_key, each.alert_count) for each in sender.incidents()] == [
        ("shop", "alertname=ReplicaLag, region=eu", 2),
        ("other", "alertname=ReplicaLag, region=eu", 1),
        ("shop", "alertname=ReplicaLag, region=us", 1),
    ]


@pytest.mark.parametrize(("group_by", "expected"), [(["nope"], 3), (["..."], 3), ([], 1), (["alertname"], 2)])
def test_grouping_by_what_is_missing_by_nothing_and_not_at_all(
    doorstep: Doorstep, engine: MovedEngine, group_by: list[str], expected: int
) -> None:
    sender = a_sender(doorstep, "alertmanager", service=a_service(), group_by=group_by)
    sender.post(from_alertmanager(prometheus_alert("A", i="1"), prometheus_alert("A", i="2"), prometheus_alert("B")))

    engine.run()

    assert len(sender.incidents()) == expected


@pytest.mark.parametrize(
    ("severity", "urgency"),
    [
        ("critical", Urgency.HIGH),
        ("error", Urgency.HIGH),
        ("", Urgency.HIGH),
        ("warning", Urgency.LOW),
        ("info", "low"),
    ],
)
def test_urgency_follows_severity_where_the_service_says_so(
    doorstep: Doorstep, engine: MovedEngine, severity: str, urgency: str
) -> None:
    sender = a_sender(doorstep, service=a_service(urgency=UrgencyRule.BY_SEVERITY))
    sender.post(from_alertmanager(prometheus_alert(severity=severity)))

    engine.run()

    assert sender.incidents()[0].urgency == urgency


def test_what_resolves_within_the_hold_time_pages_nobody(doorstep: Doorstep, engine: MovedEngine) -> None:
    sender = a_sender(doorstep, service=a_service(), hold=timedelta(minutes=2))
    sender.post(from_alertmanager(prometheus_alert(instance="a"), group="a"))
    sender.post(from_alertmanager(prometheus_alert(instance="b"), group="b"))
    engine.run()
    assert [incident.status for incident in sender.incidents()] == [Status.HELD, Status.HELD]
    sender.post(from_alertmanager(prometheus_alert(instance="a", status="resolved"), group="a"))
    engine.fast_forward(minutes=3)

    short, long = sender.incidents()

    assert (short.status, short.triggered_at, long.status) == (Status.RESOLVED, None, Status.TRIGGERED)


def test_a_severity_that_rises_on_the_same_service_escalates_anew(doorstep: Doorstep, engine: MovedEngine) -> None:
    sender = a_sender(doorstep, service=a_service(urgency=UrgencyRule.BY_SEVERITY), group_by=["alertname"])
    sender.post(from_alertmanager(prometheus_alert(severity="warning")))
    engine.run()
    lifecycle.acknowledge(sender.incidents()[0].pk, by=person(a_user("ada"), Via.WEB))
    sender.post(from_alertmanager(prometheus_alert(severity="critical")))

    engine.run()

    (incident,) = sender.incidents()
    assert (incident.status, incident.severity, incident.urgency) == (Status.TRIGGERED, "critical", Urgency.HIGH)
    assert incident.timeline.filter(kind="triggered", reason="severity_rose").exists()
    assert incident.timeline.filter(kind="urgency_changed").exists()


def test_a_severity_that_rises_to_another_service_opens_its_incident_too_linked_to_the_first(
    doorstep: Doorstep, engine: MovedEngine
) -> None:
    database = a_service("database")
    sender = a_sender(doorstep, "pagerduty", service=a_service("office"), routes=[('severity == "critical"', database)])
    sender.enqueue("trigger", dedup_key="disk", payload=pagerduty_payload(severity="warning"))
    engine.run()
    sender.enqueue("trigger", dedup_key="disk", payload=pagerduty_payload(severity="critical"))
    engine.run()

    first, second = sender.incidents()
    assert (first.service.name, second.service.name) == ("office", "database")
    assert (first.status, second.status) == (Status.TRIGGERED, Status.TRIGGERED)
    assert first.timeline.get(kind="linked").details["other"] == second.pk
    assert second.timeline.get(kind="linked").details["other"] == first.pk

    sender.enqueue("resolve", dedup_key="disk")
    engine.run()

    assert [incident.status for incident in sender.incidents()] == [Status.RESOLVED, Status.RESOLVED]
