"""Alerts and their incidents when people resolve, re-open and merge them meanwhile."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction

from alerts.pipeline import turns
from incidents import lifecycle, merging
from incidents.actor import Via, person
from incidents.models import Severity
from incidents.states import Status
from tests.alerts.doorstep import Doorstep, Sender, a_sender, from_alertmanager, prometheus_alert
from tests.factories import a_service, a_user
from tests.fakes.waiting import wait_for
from tests.world import MovedEngine


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


def test_alerts_find_their_incident_through_any_number_of_merges(doorstep: Doorstep, engine: MovedEngine) -> None:
    prometheus = a_sender(doorstep, "alertmanager", service=a_service(), storm_after=0)
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
