"""When windows are on: by the wall's clock, whatever is done to it."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.muting.recurrence import Occurrence, Plan, check_rule, upcoming


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


def spans(found: list[Occurrence]) -> list[tuple[str, str]]:
    return [(f"{each.start:%m-%dT%H:%M}", f"{each.end:%m-%dT%H:%M}") for each in found]


def test_a_window_that_comes_once_is_over_when_it_is_over() -> None:
    plan = Plan(local("2026-03-01T22:00"), timedelta(hours=2), "Europe/Berlin")

    assert spans(upcoming(plan, at("2026-02-01T00:00"))) == [("03-01T21:00", "03-01T23:00")]
    assert len(upcoming(plan, at("2026-03-01T22:59"))) == 1
    assert upcoming(plan, at("2026-03-01T23:00")) == []


@pytest.mark.parametrize(
    ("zone", "now", "expected"),
    [
        # The night is an hour shorter in spring, and an hour longer in autumn.
        ("Europe/Berlin", "2026-03-27T12:00", ["03-27T21:00 8", "03-28T21:00 7", "03-29T20:00 8"]),
        ("Europe/Berlin", "2026-10-23T12:00", ["10-23T20:00 8", "10-24T20:00 9", "10-25T21:00 8"]),
        ("America/New_York", "2026-03-06T12:00", ["03-07T03:00 8", "03-08T03:00 7", "03-09T02:00 8"]),
        ("Australia/Lord_Howe", "2026-04-03T12:00", ["04-03T11:00 8", "04-04T11:00 8.5", "04-05T11:30 8"]),
        ("UTC", "2026-03-27T12:00", ["03-27T22:00 8", "03-28T22:00 8", "03-29T22:00 8"]),
    ],
)
def test_from_ten_to_six_is_that_every_night(zone: str, now: str, expected: list[str]) -> None:
    plan = Plan(local("2026-01-01T22:00"), timedelta(hours=8), zone, "FREQ=DAILY")

    found = upcoming(plan, at(now))

    assert [f"{x.start:%m-%dT%H:%M} {(x.end - x.start) / timedelta(hours=1):g}" for x in found] == expected


def test_a_start_that_the_clock_skips_is_an_hour_later() -> None:
    plan = Plan(local("2026-03-28T02:30"), timedelta(minutes=20), "Europe/Berlin", "FREQ=DAILY")

    assert spans(upcoming(plan, at("2026-03-28T12:00"), most=2)) == [
        ("03-29T01:30", "03-29T01:50"),
        ("03-30T00:30", "03-30T00:50"),
    ]


def test_of_a_start_that_comes_twice_the_first_is_meant() -> None:
    plan = Plan(local("2026-10-25T02:30"), timedelta(hours=2), "Europe/Berlin")

    assert spans(upcoming(plan, at("2026-10-24T12:00"))) == [("10-25T00:30", "10-25T03:30")]


def test_what_is_on_counts_although_it_began_before() -> None:
    plan = Plan(local("2026-01-03T20:00"), timedelta(hours=30), "UTC", "FREQ=WEEKLY;BYDAY=SA")

    found = upcoming(plan, at("2026-03-01T12:00"), most=1)

    assert spans(found) == [("02-28T20:00", "03-02T02:00")]


def test_an_occurrence_that_was_ended_is_over_and_the_next_one_comes() -> None:
    plan = Plan(local("2026-03-01T10:00"), timedelta(hours=2), "UTC", "FREQ=DAILY;COUNT=2")
    now = at("2026-03-01T11:00")

    assert spans(upcoming(plan, now, ended_at=now)) == [("03-02T10:00", "03-02T12:00")]
    assert upcoming(plan, at("2026-03-02T11:00"), ended_at=at("2026-03-02T10:30")) == []


def test_an_end_of_the_rule_in_utc_is_taken_for_local() -> None:
    plan = Plan(local("2026-03-01T10:00"), timedelta(hours=2), "Asia/Tokyo", "RRULE:FREQ=DAILY;UNTIL=20260302T235959Z")

    assert len(upcoming(plan, at("2026-02-01T00:00"), most=9)) == 2


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("FREQ=WEEKLY;BYDAY=SA,SU", ""),
        ("RRULE:FREQ=MONTHLY;BYDAY=1SU", ""),
        ("freq=daily", ""),
        ("FREQ=HOURLY", "FREQ must be"),
        ("BYDAY=SA", "FREQ must be"),
        ("FREQ=DAILY;BYHOUR=3", "BYHOUR cannot"),
        ("FREQ=DAILY;INTERVAL=0", "1 or more"),
        ("FREQ=DAILY;COUNT=-1", "1 or more"),
        ("FREQ=WEEKLY;BYDAY=XX", "not a recurrence rule"),
        ("FREQ=DAILY;UNTIL=never", "not a recurrence rule"),
        ("every sunday", "cannot stand here"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never comes true"),
        ("FREQ=DAILY;" + "X" * 300, "longer than"),
    ],
)
def test_rules_that_mean_nothing_are_refused(rule: str, problem: str) -> None:
    told = check_rule(rule, local("2026-03-01T10:00"))

    assert problem in told
    assert bool(problem) == bool(told)
