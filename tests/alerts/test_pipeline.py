"""From the webhook to the incident: dedup, routes, groups, and what a source may say about its alerts."""

from datetime import timedelta

import pytest

from alerts.models import AlertStatus, EventStatus
from alerts.parsing.source import MOST_ALERTS
from core import clock
from incidents.models import Incident, Severity, TimelineEntry, Urgency
from incidents.states import Status
from tests.alerts.doorstep import Doorstep, Sender, a_sender, from_alertmanager, pagerduty_payload, prometheus_alert
from tests.factories import a_service
from tests.world import MovedEngine


def test_a_firing_alert_opens_an_incident_and_says_why(prometheus: Sender, engine: MovedEngine) -> None:
    prometheus.post(from_alertmanager(prometheus_alert(instance="db-1")))

    engine.run()

    (incident,) = prometheus.incidents()
    assert (incident.title, incident.status, incident.severity) == ("ReplicaLag", Status.TRIGGERED, Severity.CRITICAL)
    assert (incident.service.name, incident.urgency) == ("checkout", Urgency.HIGH)
    assert (incident.alert_count, incident.firing_count) == (1, 1)
    assert incident.group_key == '{}:{alertname="ReplicaLag"}'
    opened, routed = incident.timeline.filter(kind__in=["opened", "routed"]).order_by("id")
    assert (opened.actor_kind, opened.actor_name, opened.reason) == ("source", "prometheus", "alert_fired")
    assert routed.reason == "default_route"
    assert "default route; grouped as its source groups" in routed.text
    (alert,) = prometheus.alerts()
    assert alert.reasons == {
        "dedup": "new",
        "route": {"reason": "default_route", "position": 1},
        "group": {"reason": "source_default", "key": '{}:{alertname="ReplicaLag"}'},
    }


def test_the_event_tells_what_it_was_understood_to_say(prometheus: Sender, engine: MovedEngine) -> None:
    prometheus.post(from_alertmanager(prometheus_alert(instance="db-1"), prometheus_alert(status="resolved")))

    engine.run()

    (event,) = prometheus.events()
    assert event.status == EventStatus.PROCESSED
    assert [(each["status"], each["severity"], each["title"]) for each in event.understood] == [
        ("firing", "critical", "ReplicaLag"),
        ("resolved", "critical", "ReplicaLag"),
    ]


def test_of_a_message_with_very_many_alerts_the_first_are_read_and_that_is_said(
    prometheus: Sender, engine: MovedEngine
) -> None:
    prometheus.post({"alerts": [{}] * (MOST_ALERTS + 1)})

    engine.run()

    (event,) = prometheus.events()
    (alert,) = prometheus.alerts()
    assert (event.status, event.marks, alert.count) == (EventStatus.PROCESSED, ["too_many_alerts"], MOST_ALERTS)
    assert "first 10,000" in event.problem
    assert bytes(event.body).count(b"{}") == MOST_ALERTS + 1


def test_the_same_alert_again_is_counted_and_pages_nobody(prometheus: Sender, engine: MovedEngine) -> None:
    for _ in range(3):
        prometheus.post(from_alertmanager(prometheus_alert()))
    engine.run()
    engine.fast_forward(minutes=5)
    prometheus.post(from_alertmanager(prometheus_alert()))
    engine.run()

    (alert,) = prometheus.alerts()
    assert alert.count == 4
    assert alert.last_seen_at - alert.first_seen_at >= timedelta(minutes=5)
    assert len(prometheus.incidents()) == 1


def test_the_incident_is_over_when_all_its_alerts_are(prometheus: Sender, engine: MovedEngine) -> None:
    prometheus.post(from_alertmanager(prometheus_alert(instance="a"), prometheus_alert(instance="b")))
    engine.run()
    prometheus.post(
        from_alertmanager(prometheus_alert(instance="a", status="resolved"), prometheus_alert(instance="b"))
    )
    engine.run()

    (incident,) = prometheus.incidents()
    assert (incident.status, incident.alert_count, incident.firing_count) == (Status.TRIGGERED, 2, 1)

    prometheus.post(from_alertmanager(prometheus_alert(instance="b", status="resolved")))
    engine.run()

    (incident,) = prometheus.incidents()
    assert (incident.status, incident.firing_count) == (Status.RESOLVED, 0)
    entry = incident.timeline.get(kind="resolved")
    assert (entry.actor_kind, entry.actor_name, entry.reason) == ("source", "prometheus", "all_alerts_resolved")


def test_an_alert_that_is_missing_from_a_message_still_fires(prometheus: Sender, engine: MovedEngine) -> None:
    prometheus.post(from_alertmanager(prometheus_alert(instance="a"), prometheus_alert(instance="b")))
    prometheus.post({**from_alertmanager(prometheus_alert(instance="a", status="resolved")), "truncatedAlerts": 1})

    engine.run()

    (incident,) = prometheus.incidents()
    assert (incident.status, incident.firing_count) == (Status.TRIGGERED, 1)


@pytest.mark.parametrize("in_one_batch", [True, False])
def test_firing_after_resolve_opens_another_incident_linked_to_the_last(
    prometheus: Sender, engine: MovedEngine, in_one_batch: bool
) -> None:
    messages = [
        prometheus_alert(starts="2026-03-01T10:00:00Z"),
        prometheus_alert(status="resolved", starts="2026-03-01T10:00:00Z", ends="2026-03-01T10:30:00Z"),
        prometheus_alert(starts="2026-03-01T11:00:00Z"),
    ]
    for message in messages:
        prometheus.post(from_alertmanager(message))
        if not in_one_batch:
            engine.run()
    engine.run()

    first, second = prometheus.incidents()
    assert (first.status, second.status) == (Status.RESOLVED, Status.TRIGGERED)
    assert second.previous == first
    assert second.timeline.get(kind="opened").reason == "fired_after_resolve"
    assert [(alert.incident, alert.status) for alert in prometheus.alerts()] == [
        (first, AlertStatus.RESOLVED),
        (second, AlertStatus.FIRING),
    ]


def test_firing_again_within_reopen_within_reopens_the_same(doorstep: Doorstep, engine: MovedEngine) -> None:
    pagerduty = a_sender(doorstep, "pagerduty", service=a_service("checkout"), reopen_within=timedelta(minutes=10))
    pagerduty.enqueue("trigger", dedup_key="disk", payload=pagerduty_payload())
    engine.run()
    pagerduty.enqueue("resolve", dedup_key="disk")
    engine.run()
    engine.fast_forward(minutes=9)
    pagerduty.enqueue("trigger", dedup_key="disk", payload=pagerduty_payload())
    engine.run()

    (incident,) = pagerduty.incidents()
    assert (incident.status, incident.alert_count, incident.firing_count) == (Status.TRIGGERED, 1, 1)
    assert incident.timeline.filter(kind="reopened", reason="fired_again").exists()

    pagerduty.enqueue("resolve", dedup_key="disk")
    engine.run()
    engine.fast_forward(minutes=11)
    pagerduty.enqueue("trigger", dedup_key="disk", payload=pagerduty_payload())
    engine.run()

    assert len(pagerduty.incidents()) == 2


def test_firing_again_while_others_of_the_group_fire_is_the_same_alert(prometheus: Sender, engine: MovedEngine) -> None:
    prometheus.post(from_alertmanager(prometheus_alert(instance="a"), prometheus_alert(instance="b")))
    engine.run()
    prometheus.post(from_alertmanager(prometheus_alert(instance="a", status="resolved")))
    engine.run()
    prometheus.post(from_alertmanager(prometheus_alert(instance="a", starts="2026-03-01T12:00:00Z")))
    engine.run()

    (incident,) = prometheus.incidents()
    assert (incident.alert_count, incident.firing_count, len(prometheus.alerts())) == (2, 2, 2)


def test_a_late_firing_reopens_nothing(prometheus: Sender, engine: MovedEngine) -> None:
    prometheus.post(from_alertmanager(prometheus_alert()))
    prometheus.post(from_alertmanager(prometheus_alert(status="resolved", ends="2026-03-01T10:30:00Z")))
    prometheus.post(from_alertmanager(prometheus_alert(starts="2026-03-01T10:00:00Z")))

    engine.run()

    (incident,) = prometheus.incidents()
    (alert,) = prometheus.alerts()
    assert (incident.status, alert.status, alert.count) == (Status.RESOLVED, AlertStatus.RESOLVED, 3)
    assert alert.reasons["dedup"] == "late_firing"


def test_a_source_that_still_says_so_long_after_is_believed(prometheus: Sender, engine: MovedEngine) -> None:
    prometheus.post(from_alertmanager(prometheus_alert()))
    prometheus.post(from_alertmanager(prometheus_alert(status="resolved", ends="2026-03-01T10:30:00Z")))
    prometheus.post(from_alertmanager(prometheus_alert()))
    engine.run()
    engine.fast_forward(minutes=11)

    prometheus.post(from_alertmanager(prometheus_alert()))
    engine.run()

    assert [incident.status for incident in prometheus.incidents()] == [Status.RESOLVED, Status.TRIGGERED]


def test_resolved_before_firing_opens_nothing_and_the_late_firing_neither(
    prometheus: Sender, engine: MovedEngine
) -> None:
    prometheus.post(from_alertmanager(prometheus_alert(status="resolved", ends="2026-03-01T10:30:00Z")))
    prometheus.post(from_alertmanager(prometheus_alert(starts="2026-03-01T10:00:00Z")))

    engine.run()

    assert prometheus.incidents() == []
    assert [alert.status for alert in prometheus.alerts()] == [AlertStatus.RESOLVED]


def test_a_resolved_older_than_a_newer_firing_closes_nothing(prometheus: Sender, engine: MovedEngine) -> None:
    prometheus.post(from_alertmanager(prometheus_alert(starts="2026-03-01T12:00:00Z")))
    prometheus.post(from_alertmanager(prometheus_alert(status="resolved", ends="2026-03-01T10:30:00Z")))

    engine.run()

    (incident,) = prometheus.incidents()
    assert incident.status == Status.TRIGGERED


def test_an_end_before_its_own_beginning_is_an_end(prometheus: Sender, engine: MovedEngine) -> None:
    began = "2026-03-01T12:00:00Z"
    prometheus.post(from_alertmanager(prometheus_alert(starts=began)))
    prometheus.post(from_alertmanager(prometheus_alert(status="resolved", starts=began, ends="2026-03-01T11:59:58Z")))

    engine.run()

    (incident,) = prometheus.incidents()
    assert incident.status == Status.RESOLVED


def test_pagerduty_acknowledges_and_resolves_by_dedup_key(pagerduty: Sender, engine: MovedEngine) -> None:
    answered = pagerduty.enqueue("trigger", payload=pagerduty_payload())
    dedup_key = answered.json["dedup_key"]
    engine.run()
    pagerduty.enqueue("acknowledge", dedup_key=dedup_key)
    engine.run()
    (incident,) = pagerduty.incidents()
    assert (incident.status, incident.title) == (Status.ACKNOWLEDGED, "Disk full")
    assert incident.timeline.get(kind="acknowledged").actor_name == "night check"

    pagerduty.enqueue("trigger", dedup_key=dedup_key, payload=pagerduty_payload())
    engine.run()
    assert pagerduty.incidents()[0].status == Status.ACKNOWLEDGED

    pagerduty.enqueue("resolve", dedup_key=dedup_key)
    engine.run()
    (alert,) = pagerduty.alerts()
    assert (pagerduty.incidents()[0].status, alert.title, alert.count) == (Status.RESOLVED, "Disk full", 4)


def test_pagerduty_drops_what_is_said_of_unknown_keys_and_change_events(pagerduty: Sender, engine: MovedEngine) -> None:
    assert pagerduty.enqueue("acknowledge", dedup_key="nope").status == 202
    assert pagerduty.enqueue("resolve", dedup_key="nope either").status == 202
    change = {"routing_key": pagerduty.key, "payload": {"summary": "Deployed 1.2.3", "source": "ci"}}
    assert pagerduty.doorstep.post("/v2/change/enqueue", change).status == 202

    engine.run()

    assert pagerduty.incidents() == []
    assert [(event.status, event.reason) for event in pagerduty.events()][2] == (EventStatus.IGNORED, "change_event")


def test_an_acknowledge_that_finds_no_open_alert_says_so_in_its_message(pagerduty: Sender, engine: MovedEngine) -> None:
    for action, dedup_key in (("acknowledge", "nope"), ("trigger", "db"), ("resolve", "db"), ("acknowledge", "db")):
        pagerduty.enqueue(action, dedup_key=dedup_key, payload=pagerduty_payload())

    engine.run()

    told = [(event.status, event.reason, "no such alert is open" in event.problem) for event in pagerduty.events()]
    unknown = (EventStatus.PROCESSED, "acknowledged_unknown", True)
    assert told == [unknown, (EventStatus.PROCESSED, "", False), (EventStatus.PROCESSED, "", False), unknown]


def test_an_acknowledge_that_finds_its_alert_needs_no_reason(pagerduty: Sender, engine: MovedEngine) -> None:
    pagerduty.enqueue("trigger", dedup_key="db", payload=pagerduty_payload())
    pagerduty.enqueue("acknowledge", dedup_key="db")

    engine.run()

    assert [(event.reason, event.problem) for event in pagerduty.events()] == [("", ""), ("", "")]
    assert [alert.reasons["dedup"] for alert in pagerduty.alerts()] == ["acknowledged"]


def test_a_storm_on_one_service_is_one_incident_that_tells_of_it_a_few_times(
    doorstep: Doorstep, engine: MovedEngine
) -> None:
    sender = a_sender(doorstep, service=a_service(), group_by=["alertname"])
    for number in range(40):
        alerts = [prometheus_alert(instance=f"{number}-{each}") for each in range(50)]
        sender.post(from_alertmanager(*alerts))
        if number % 4 == 0:
            engine.run()

    engine.run()

    (incident,) = sender.incidents()
    assert (incident.alert_count, incident.firing_count, len(sender.alerts())) == (2000, 2000, 2000)
    assert TimelineEntry.objects.filter(incident=incident, kind="alerts_joined").count() <= 11


def test_two_integrations_do_not_share_incidents(doorstep: Doorstep, engine: MovedEngine) -> None:
    service = a_service()
    for name in ("eu", "us"):
        a_sender(doorstep, service=service, name=name).post(from_alertmanager(prometheus_alert()))

    engine.run()

    assert Incident.objects.filter(service=service).count() == 2


def test_received_times_follow_the_moved_clock(prometheus: Sender, engine: MovedEngine) -> None:
    engine.fast_forward(hours=5)

    prometheus.post(from_alertmanager(prometheus_alert()))

    assert abs(prometheus.events()[0].received_at - clock.now()) < timedelta(minutes=1)
