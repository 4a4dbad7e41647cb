"""What cannot be read is kept, told to somebody once an hour, and harms no neighbour."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import EventStatus
from alerts.parsing.source import Received, sources
from catalog.models import UrgencyRule
from incidents import lifecycle
from incidents.actor import system
from incidents.models import Incident
from tests.alerts.doorstep import Doorstep, Sender, a_sender, from_alertmanager, prometheus_alert
from tests.factories import a_service
from tests.world import MovedEngine


@pytest.fixture
def prometheus(doorstep: Doorstep) -> Sender:
    service = a_service("checkout", urgency=UrgencyRule.BY_SEVERITY)
    return a_sender(doorstep, "alertmanager", service=service, name="prometheus")


def test_what_cannot_be_read_is_kept_and_opens_an_incident_on_the_default_service(
    prometheus: Sender, engine: MovedEngine
) -> None:
    prometheus.post(b"{not json")

    engine.run()

    (event,) = prometheus.events()
    (incident,) = prometheus.incidents()
    assert (event.status, event.reason, bytes(event.body)) == (EventStatus.QUARANTINED, "not_json", b"{not json")
    assert "not valid JSON" in event.problem
    assert incident.service.name == "checkout"
    assert incident.title == "prometheus sent something that could not be read"
    assert incident.timeline.get(kind="quarantined").reason == "not_json"


def test_at_most_one_incident_an_hour_tells_of_it(prometheus: Sender, engine: MovedEngine) -> None:
    def post_and_resolve() -> int:
        prometheus.post(b"{not json")
        engine.run()
        for incident in Incident.objects.open():
            lifecycle.resolve(incident.pk, by=system("test"))
        return len(prometheus.incidents())

    counts = [post_and_resolve()]
    engine.fast_forward(minutes=50)
    counts.append(post_and_resolve())
    engine.fast_forward(minutes=11)
    counts.append(post_and_resolve())

    assert counts == [1, 1, 2]


def test_an_incident_that_stays_open_is_noted_on_once_an_hour(prometheus: Sender, engine: MovedEngine) -> None:
    for _ in range(3):
        prometheus.post(b"{not json")
        prometheus.post(from_alertmanager(prometheus_alert()))
        engine.run()
        engine.fast_forward(minutes=40)

    told = [incident for incident in prometheus.incidents() if "could not be read" in incident.title]
    assert [incident.timeline.filter(kind="quarantined").count() for incident in told] == [2]


def test_the_incident_that_tells_of_it_is_locked_before_newer_ones(prometheus: Sender, engine: MovedEngine) -> None:
    prometheus.post(b"{not json")
    engine.run()
    prometheus.post(from_alertmanager(prometheus_alert()))
    engine.run()
    prometheus.post(b"{not json")
    prometheus.post(from_alertmanager(prometheus_alert(status="resolved")))

    with CaptureQueriesContext(connection) as queries:
        engine.run()

    asked = [each["sql"] for each in queries if 'FROM "incidents_incident"' in each["sql"]]
    first = next(sql for sql in asked if "FOR NO KEY UPDATE" in sql)
    locked = re.search(r"IN \(([\d, ]+)\) ORDER BY \S+ ASC FOR NO KEY UPDATE", first)
    assert locked is not None, first
    assert set(map(int, locked[1].split(", "))) == {incident.pk for incident in prometheus.incidents()}


def test_neighbours_of_what_cannot_be_read_are_read(prometheus: Sender, engine: MovedEngine) -> None:
    prometheus.post(from_alertmanager(prometheus_alert(instance="a")))
    prometheus.post(b'["not an object"]')
    prometheus.post({"no": "alerts"})
    prometheus.post({"alerts": []})
    prometheus.post(from_alertmanager(prometheus_alert(instance="b")))

    engine.run()

    assert [(event.status, event.reason) for event in prometheus.events()] == [
        (EventStatus.PROCESSED, ""),
        (EventStatus.QUARANTINED, "unexpected_shape"),
        (EventStatus.QUARANTINED, "unexpected_shape"),
        (EventStatus.IGNORED, "no_alerts"),
        (EventStatus.PROCESSED, ""),
    ]
    assert len(prometheus.alerts()) == 2


def test_an_integration_without_routes_loses_nothing(prometheus: Sender, engine: MovedEngine) -> None:
    prometheus.integration.routes.all().delete()
    prometheus.post(from_alertmanager(prometheus_alert()))

    engine.run()

    assert [(event.status, event.reason) for event in prometheus.events()] == [(EventStatus.QUARANTINED, "no_route")]
    assert len(prometheus.incidents()) == 1


def test_a_source_that_fails_on_a_message_is_tried_again_and_then_gives_way(
    prometheus: Sender, engine: MovedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = sources.get("alertmanager")
    assert source is not None
    parse = source.parse

    def fail_on_poison(received: Received) -> Any:
        if b"poison" in received.body:
            raise ZeroDivisionError
        return parse(received)

    # There is no way to make our own sources fail so from outside: that is what this guards against.
    monkeypatch.setattr(source, "parse", fail_on_poison)
    prometheus.post(from_alertmanager(prometheus_alert("poison")))
    prometheus.post(from_alertmanager(prometheus_alert("fine")))

    engine.run()
    assert [event.status for event in prometheus.events()] == [EventStatus.RECEIVED, EventStatus.PROCESSED]
    engine.fast_forward(minutes=2)

    poison, _ = prometheus.events()
    assert (poison.status, poison.reason, poison.failures) == (EventStatus.QUARANTINED, "failed", 5)
    assert {incident.title for incident in prometheus.incidents()} == {
        "fine",
        "prometheus sent something that could not be read",
    }


def test_a_message_the_database_refuses_is_found_among_its_neighbours(prometheus: Sender, engine: MovedEngine) -> None:
    with connection.cursor() as cursor:
        cursor.execute("alter table alerts_alert add constraint no_poison check (title <> 'poison')")
    try:
        for name in ("one", "poison", "two"):
            prometheus.post(from_alertmanager(prometheus_alert(name), group=name))
        engine.run()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("alter table alerts_alert drop constraint no_poison")

    first, poison, last = prometheus.events()
    assert (first.status, last.status) == (EventStatus.PROCESSED, EventStatus.PROCESSED)
    assert poison.status == EventStatus.RECEIVED
    assert poison.failures >= 1
    assert poison.due_at > poison.received_at
    assert [incident.title for incident in prometheus.incidents()] == ["one", "two"]
