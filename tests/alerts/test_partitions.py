"""The days of the inbox: made ahead, moved out of the default, kept while something in them is open, then dropped."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from pytest_django import Settings

from alerts import jobs
from alerts.models import Event, EventStatus, Integration
from alerts.pipeline import partitions
from core import clock
from tests.alerts.doorstep import Doorstep, a_sender
from tests.factories import a_service


def _made() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select relname from pg_class join pg_inherits on inhrelid = pg_class.oid"
            " where inhparent = 'alerts_event'::regclass and relname <> 'alerts_event_default' order by 1"
        )
        return [name for (name,) in cursor.fetchall()]


@pytest.fixture(autouse=True)
def _no_days_left_over(transactional_db: None) -> Iterator[None]:
    _drop_all()
    yield
    _drop_all()


def _drop_all() -> None:
    with connection.cursor() as cursor:
        for name in _made():
            cursor.execute(f"drop table {name}")


def _where(event: Event) -> str:
    with connection.cursor() as cursor:
        cursor.execute("select tableoid::regclass::text from alerts_event where id = %s", [event.pk])
        (name,) = cursor.fetchone()
    return str(name)


def _table(day: date) -> str:
    return f"alerts_event_{day:%Y%m%d}"


def _an_event(*, days_ago: int, status: EventStatus) -> Event:
    service = a_service()
    integration = Integration.objects.create(name=f"{service.name}", source="generic", key_hash=service.name.encode())
    return Event.objects.create(
        integration=integration, received_at=clock.now() - timedelta(days=days_ago), status=status, body=b"{}"
    )


def test_days_are_made_from_yesterday_until_a_week_ahead_and_only_once() -> None:
    today = clock.now().date()

    first, second = partitions.ensure(), partitions.ensure()

    assert first == [today + timedelta(days=ahead) for ahead in range(-1, 8)]
    assert second == []
    assert _made() == [_table(day) for day in first]


def test_what_fell_into_the_default_moves_into_its_day(doorstep: Doorstep) -> None:
    sender = a_sender(doorstep, "generic", service=a_service())
    sender.post({"title": "before"})
    (before,) = sender.events()
    assert _where(before) == "alerts_event_default"

    partitions.ensure()
    sender.post({"title": "after"})

    today = _table(clock.now().date())
    assert [_where(event) for event in sender.events()] == [today, today]


def test_old_days_are_dropped_unless_something_in_them_is_open(settings: Settings) -> None:
    settings.KEEP_EVENTS_DAYS = 30
    for days_ago in (40, 41, 42, 10):
        clock.move(-timedelta(days=days_ago))
        partitions.ensure()
        clock.unmove()
    kept = [
        _an_event(days_ago=40, status=EventStatus.QUARANTINED),
        _an_event(days_ago=41, status=EventStatus.RECEIVED),
        _an_event(days_ago=10, status=EventStatus.PROCESSED),
    ]
    gone = _an_event(days_ago=42, status=EventStatus.PROCESSED)

    partitions.drop_old()

    assert set(Event.objects.values_list("pk", flat=True)) == {event.pk for event in kept}
    assert not Event.objects.filter(pk=gone.pk).exists()
    assert _where(kept[0]) in _made()
    assert _table(clock.now().date() - timedelta(days=42)) not in _made()


def test_what_lies_in_no_day_grows_old_too_unless_it_is_open(settings: Settings) -> None:
    settings.KEEP_EVENTS_DAYS = 30
    kept = [
        _an_event(days_ago=40, status=EventStatus.QUARANTINED),
        _an_event(days_ago=40, status=EventStatus.RECEIVED),
        _an_event(days_ago=29, status=EventStatus.PROCESSED),
    ]
    for status in (EventStatus.PROCESSED, EventStatus.IGNORED):
        _an_event(days_ago=31, status=status)

    cleared = partitions.clear_default()

    assert cleared == 2
    assert set(Event.objects.values_list("pk", flat=True)) == {event.pk for event in kept}


def test_a_message_that_somebody_has_read_again_just_now_is_not_cleared(settings: Settings) -> None:
    settings.KEEP_EVENTS_DAYS = 30
    event = _an_event(days_ago=40, status=EventStatus.IGNORED)
    plain = ("dbname", "user", "password", "host", "port")
    parameters: Any = {name: value for name, value in connection.get_connection_params().items() if name in plain}

    with psycopg.connect(**parameters) as other:
        other.execute("update alerts_event set status = 'received' where id = %s", [event.pk])
        cleared = partitions.clear_default()

    assert (cleared, partitions.clear_default()) == (0, 0)
    assert Event.objects.filter(pk=event.pk, status=EventStatus.RECEIVED).exists()


def test_the_engine_clears_what_lies_in_no_day(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.KEEP_EVENTS_DAYS = 30
    monkeypatch.setattr(jobs, "_looked_at", 0.0)
    _an_event(days_ago=31, status=EventStatus.PROCESSED)

    jobs.keep_days()

    assert not Event.objects.exists()


def test_the_engine_makes_them_when_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_looked_at", 0.0)

    jobs.keep_days()

    assert len(_made()) == 9


def test_a_busy_table_postpones_housekeeping_and_the_door_goes_on(
    doorstep: Doorstep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "_LOCK_WAIT", "50ms")
    sender = a_sender(doorstep, "generic", service=a_service())
    plain = ("dbname", "user", "password", "host", "port")
    parameters: Any = {name: value for name, value in connection.get_connection_params().items() if name in plain}

    with psycopg.connect(**parameters) as other:
        other.execute("lock table alerts_event_default in row exclusive mode")
        made = partitions.ensure()
        answered = sender.doorstep.post(sender.path, {"title": "y"})

    assert (made, answered.status) == ([], 202)
    assert len(partitions.ensure()) == 9
