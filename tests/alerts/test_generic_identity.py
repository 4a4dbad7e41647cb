"""What the generic source takes for the same alert where its message names no identity, and what for another."""

from typing import Any

import pytest

from alerts.parsing.source import Json
from incidents.states import Status
from tests.alerts.doorstep import Doorstep, a_sender
from tests.alerts.parsing import the_one_parsed
from tests.factories import a_service
from tests.world import MovedEngine


def _key(body: Json, **more: Any) -> str:
    return the_one_parsed("generic", body, **more).dedup_key


ANOTHER = {
    "told by an object within": ({"check": {"name": "A"}}, {"check": {"name": "B"}}),
    "told by a list within": ({"checks": [{"name": "A"}]}, {"checks": [{"name": "B"}]}),
    "told by a long text only": ({"log": "A" * 300}, {"log": "B" * 300}),
    "told by its reason only": ({"reason": "A", "host": "db1"}, {"reason": "B", "host": "db1"}),
    "of another name, both measured": ({"temperature": 31.5}, {"humidity": 80.5}),
    "a macro as title": ({"title": "{TRIGGER.NAME}", "host": "a"}, {"title": "{TRIGGER.NAME}", "host": "b"}),
    "a macro as title and a message": ({"title": "$NAME", "message": "a"}, {"title": "$NAME", "message": "b"}),
    "a float among labels": (
        {"title": "Slow", "labels": {"quantile": 0.5}},
        {"title": "Slow", "labels": {"quantile": 0.99}},
    ),
    "a status among labels": (
        {"title": "Errors", "labels": {"status": "404"}},
        {"title": "Errors", "labels": {"status": "500"}},
    ),
    "a state among tags": ({"title": "Slow", "tags": {"state": "CA"}}, {"title": "Slow", "tags": {"state": "NY"}}),
    "a threshold": ({"title": "CPU", "threshold": 0.8}, {"title": "CPU", "threshold": 0.95}),
    "the value of a threshold": ({"title": "CPU", "threshold_value": 90}, {"title": "CPU", "threshold_value": 95}),
    "a value that is a name": ({"title": "Failed", "value": "nginx"}, {"title": "Failed", "value": "redis"}),
    "a number that is no measure": ({"title": "Failed", "account": 7}, {"title": "Failed", "account": 8}),
    "a version in text": ({"title": "Failed", "version": "4.2"}, {"title": "Failed", "version": "4.3"}),
}


@pytest.mark.parametrize(("one", "other"), ANOTHER.values(), ids=ANOTHER)
def test_different_problems_are_different_alerts(one: Json, other: Json) -> None:
    assert _key(one) != _key(other)


THE_SAME = {
    "its state": ({"host": "db1", "state": "down"}, {"host": "db1", "state": "up"}),
    "nothing but its state": ({"state": "down"}, {"state": "up"}),
    "state of an object within": ({"check": {"name": "A"}, "state": "down"}, {"check": {"name": "A"}, "state": "up"}),
    "a float within": ({"check": {"name": "A", "load": 9.5}}, {"check": {"name": "A", "load": 0.5}}),
    "its severity": ({"host": "db1", "severity": "warning"}, {"host": "db1", "severity": "critical"}),
    "its time": ({"host": "db1", "time": 1772000000}, {"host": "db1", "time": 1772000060}),
    "the order of its fields": ({"host": "db1", "disk": "sda"}, {"disk": "sda", "host": "db1"}),
    "a measured value": (
        {"title": "CPU high", "host": "db1", "value": 97.2, "status": "firing"},
        {"title": "CPU high", "host": "db1", "value": 51, "status": "resolved"},
    ),
    "a measured value in text": ({"title": "Disk", "value": "97 %"}, {"title": "Disk", "value": "61 %"}),
    "a measured value among labels": (
        {"title": "Disk", "labels": {"host": "db1", "value": "97"}},
        {"title": "Disk", "labels": {"host": "db1", "value": "61"}},
    ),
    "a float of any name": ({"title": "Load", "load": 9.5}, {"title": "Load", "load": 0.5}),
    "a count": ({"title": "Errors", "error_count": 17}, {"title": "Errors", "error_count": 18}),
    "a duration at its end": ({"title": "Down"}, {"title": "Down", "duration": "3m", "duration_seconds": 180}),
    "a flag that it is over": ({"title": "Down"}, {"title": "Down", "resolved": True}),
    "a flag that it fires": ({"title": "Down", "firing": True}, {"title": "Down", "firing": False}),
    "what state it was in": ({"title": "Down"}, {"title": "Down", "previous_state": "down"}),
}


@pytest.mark.parametrize(("one", "other"), THE_SAME.values(), ids=THE_SAME)
def test_what_changes_while_a_problem_lasts_does_not_make_two_alerts_of_it(one: Json, other: Json) -> None:
    assert _key(one) == _key(other)


@pytest.mark.parametrize("body", [{"title": "{TRIGGER.NAME}"}, {"labels": {"alertname": "{{ name }}"}}, b"$SUBJECT$"])
def test_a_macro_is_no_identity(body: Json) -> None:
    key = _key(body, content_type="text/plain" if isinstance(body, bytes) else "application/json")

    assert key
    assert not set(key) & set("{$")


def test_what_names_its_problem_in_words_keeps_the_identity_it_had() -> None:
    body = {"title": "Disk full", "severity": "critical", "host": "db-1", "port": 5432, "tags": ["team:shop", "night"]}

    assert _key(body) == "Disk full\nhost=db-1\nport=5432\ntags=team:shop, night\nteam=shop"


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ({"host": "db1", "state": "down", "load": 9.5}, "host=db1"),
        ({"state": "down"}, "state=down"),
        ({"check": {"name": "A"}}, "Alert"),
        ({"title": "{TRIGGER.NAME}", "message": "CPU on db1"}, "CPU on db1"),
        ({"title": "{TRIGGER.NAME}"}, "{TRIGGER.NAME}"),
    ],
)
def test_people_are_shown_the_best_title_there_is(body: Json, title: str) -> None:
    assert the_one_parsed("generic", body).title == title


def test_a_host_that_is_down_and_up_again_is_one_incident_and_resolved(doorstep: Doorstep, engine: MovedEngine) -> None:
    sender = a_sender(doorstep, "generic", service=a_service())

    for host, state in (("db1", "down"), ("db2", "down"), ("db1", "up")):
        sender.post({"host": host, "state": state, "load": 1.5})
    engine.run()

    assert [incident.status for incident in sender.incidents()] == [Status.RESOLVED, Status.TRIGGERED]
