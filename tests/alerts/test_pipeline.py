"""From the webhook to the incident: dedup, routes, groups, and what a source may say about its alerts."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction

from alerts import turns
from alerts.models import AlertStatus, EventStatus
from alerts.source import MOST_ALERTS
from catalog.models import UrgencyRule
from core import clock
from incidents import lifecycle, merging
from incidents.actor import Via, person
from incidents.models import Incident, Severity, TimelineEntry, Urgency
from incidents.states import Status
from tests.alerts.doorstep import Doorstep, Sender, a_sender, from_alertmanager, prometheus_alert
from tests.factories import a_service, a_user
from tests.fakes.waiting import wait_for
from tests.world import MovedEngine


@pytest.fixture
def prometheus(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "alertmanager", service=a_service("checkout"), name="prometheus")


@pytest.fixture
def pagerduty(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "pagerduty", service=a_service("checkout"), name="night check")


def _trigger(summary: str = "Disk full", severity: str = "critical") -> dict[str, str]:
    return {"summary": summary, "severity": severity, "source": "db-1"}


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
    pagerduty.enqueue("trigger", dedup_key="disk", payload=_trigger())
    engine.run()
    pagerduty.enqueue("resolve", dedup_key="disk")
    engine.run()
    engine.fast_forward(minutes=9)
    pagerduty.enqueue("trigger", dedup_key="disk", payload=_trigger())
    engine.run()

    (incident,) = pagerduty.incidents()
    assert (incident.status, incident.alert_count, incident.firing_count) == (Status.TRIGGERED, 1, 1)
    assert incident.timeline.filter(kind="reopened", reason="fired_again").exists()

    pagerduty.enqueue("resolve", dedup_key="disk")
    engine.run()
    engine.fast_forward(minutes=11)
    pagerduty.enqueue("trigger", dedup_key="disk", payload=_trigger())
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
    sender.enqueue("trigger", dedup_key="disk", payload=_trigger(severity="warning"))
    engine.run()
    sender.enqueue("trigger", dedup_key="disk", payload=_trigger(severity="critical"))
    engine.run()

    first, second = sender.incidents()
    assert (first.service.name, second.service.name) == ("office", "database")
    assert (first.status, second.status) == (Status.TRIGGERED, Status.TRIGGERED)
    assert first.timeline.get(kind="linked").details["other"] == second.pk
    assert second.timeline.get(kind="linked").details["other"] == first.pk

    sender.enqueue("resolve", dedup_key="disk")
    engine.run()

    assert [incident.status for incident in sender.incidents()] == [Status.RESOLVED, Status.RESOLVED]


def test_resolved_by_a_person_and_told_of_again_is_another_incident(prometheus: Sender, engine: MovedEngine) -> None:
    prometheus.post(from_alertmanager(prometheus_alert()))
    engine.run()
    lifecycle.resolve(prometheus.incidents()[0].pk, by=person(a_user("ada"), Via.WEB))

    prometheus.post(from_alertmanager(prometheus_alert()))
    engine.run()

    first, second = prometheus.incidents()
    assert (first.firing_count, second.firing_count, second.previous) == (0, 1, first)
    assert [alert.reasons["dedup"] for alert in prometheus.alerts()] == ["incident_resolved", "fired_after_resolve"]

    prometheus.post(from_alertmanager(prometheus_alert(status="resolved")))
    engine.run()

    assert [incident.status for incident in prometheus.incidents()] == [Status.RESOLVED, Status.RESOLVED]


@pytest.mark.parametrize("reopen_within", [timedelta(), timedelta(minutes=5)])
def test_of_a_group_the_incident_that_was_reopened_by_hand_takes_what_comes(
    doorstep: Doorstep, engine: MovedEngine, reopen_within: timedelta
) -> None:
    prometheus = a_sender(doorstep, "alertmanager", service=a_service("checkout"), reopen_within=reopen_within)
    for starts, ends in (("10:00", "10:30"), ("11:00", "11:30")):
        engine.fast_forward(minutes=6)
        alert = {"starts": f"2026-03-01T{starts}:00Z", "ends": f"2026-03-01T{ends}:00Z"}
        prometheus.post(from_alertmanager(prometheus_alert(**alert)))
        prometheus.post(from_alertmanager(prometheus_alert(status="resolved", **alert)))
        engine.run()
    first, second = prometheus.incidents()
    lifecycle.reopen(first.pk, by=person(a_user("ada"), Via.WEB))

    prometheus.post(from_alertmanager(prometheus_alert(instance="b", severity="warning")))
    prometheus.post(from_alertmanager(prometheus_alert(starts="2026-03-01T12:00:00Z", severity="warning")))
    engine.run()

    first, second = prometheus.incidents()
    assert (first.status, first.severity) == (Status.TRIGGERED, Severity.CRITICAL)
    assert (first.alert_count, first.firing_count) == (3, 2)
    assert (second.status, second.firing_count) == (Status.RESOLVED, 0)


def test_alerts_find_their_incident_through_any_number_of_merges(prometheus: Sender, engine: MovedEngine) -> None:
    ada = person(a_user("ada"), Via.WEB)
    names = [f"group {number}" for number in range(14)]
    for name in names:
        prometheus.post(from_alertmanager(prometheus_alert(name), group=name))
    engine.run()
    incidents = prometheus.incidents()
    for child, parent in itertools.pairwise(incidents):
        merging.merge(child.pk, into=parent.pk, by=ada)

    prometheus.post(from_alertmanager(prometheus_alert(names[0], instance="another"), group=names[0]))
    engine.run()

    last = prometheus.incidents()[-1]
    assert (len(prometheus.incidents()), last.alert_count, last.firing_count) == (14, 15, 15)


def test_an_alert_whose_incident_is_merged_while_it_is_read_is_counted_where_it_belongs(
    prometheus: Sender, engine: MovedEngine
) -> None:
    for name in ("child", "parent"):
        prometheus.post(from_alertmanager(prometheus_alert(name), group=name))
    engine.run()
    child, parent = prometheus.incidents()
    ada = person(a_user("ada"), Via.WEB)
    prometheus.post(from_alertmanager(prometheus_alert("child", status="resolved"), group="child"))
    prometheus.post(from_alertmanager(prometheus_alert("parent"), group="parent"))

    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            lifecycle.locked(child.pk)
            reading = pool.submit(_run_in_a_thread)
            _wait_until_somebody_waits_for_a_lock()
            merging.merge(child.pk, into=parent.pk, by=ada)
        reading.result(timeout=30)
    engine.run()
    prometheus.post(from_alertmanager(prometheus_alert("parent", status="resolved"), group="parent"))
    engine.run()

    assert [(each.status, each.firing_count) for each in prometheus.incidents()] == [(Status.RESOLVED, 0)] * 2


def _run_in_a_thread() -> None:
    try:
        turns.run()
    finally:
        connection.close()


def _wait_until_somebody_waits_for_a_lock() -> None:
    def waits() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("select exists(select 1 from pg_locks where not granted)")
            return bool(cursor.fetchone() == (True,))

    wait_for(waits)


def test_alerts_go_with_an_incident_that_is_merged_into_another(prometheus: Sender, engine: MovedEngine) -> None:
    prometheus.post(from_alertmanager(prometheus_alert(instance="a"), group="a"))
    prometheus.post(from_alertmanager(prometheus_alert(instance="b"), group="b"))
    engine.run()
    child, parent = prometheus.incidents()
    merging.merge(child.pk, into=parent.pk, by=person(a_user("ada"), Via.WEB))
    prometheus.post(from_alertmanager(prometheus_alert(instance="a2"), group="a"))
    prometheus.post(from_alertmanager(prometheus_alert(instance="b", status="resolved"), group="b"))
    engine.run()

    child, parent = prometheus.incidents()
    assert (child.firing_count, parent.alert_count, parent.firing_count) == (0, 3, 2)
    assert parent.status == Status.TRIGGERED

    prometheus.post(from_alertmanager(prometheus_alert(instance="a", status="resolved"), group="a"))
    prometheus.post(from_alertmanager(prometheus_alert(instance="a2", status="resolved"), group="a"))
    engine.run()

    assert [incident.status for incident in prometheus.incidents()] == [Status.RESOLVED, Status.RESOLVED]


def test_pagerduty_acknowledges_and_resolves_by_dedup_key(pagerduty: Sender, engine: MovedEngine) -> None:
    answered = pagerduty.enqueue("trigger", payload=_trigger())
    dedup_key = answered.json["dedup_key"]
    engine.run()
    pagerduty.enqueue("acknowledge", dedup_key=dedup_key)
    engine.run()
    (incident,) = pagerduty.incidents()
    assert (incident.status, incident.title) == (Status.ACKNOWLEDGED, "Disk full")
    assert incident.timeline.get(kind="acknowledged").actor_name == "night check"

    pagerduty.enqueue("trigger", dedup_key=dedup_key, payload=_trigger())
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
