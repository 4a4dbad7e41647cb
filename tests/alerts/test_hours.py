"""Active hours of routes are local wall time, across daylight saving and midnight."""

from datetime import UTC, datetime

import pytest

from alerts.decisions.hours import check, read
from alerts.decisions.routing import Facts, Router, RouteRule

FACTS = Facts({}, {}, "critical", "x", "generic", "all")


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "at", "holds"),
    [
        # Berlin is one hour ahead of UTC in winter and two in summer.
        ("mon-fri 09:00-17:00 Europe/Berlin", "2026-03-27T08:00", True),
        ("mon-fri 09:00-17:00 Europe/Berlin", "2026-03-27T07:59", False),
        ("mon-fri 09:00-17:00 Europe/Berlin", "2026-03-30T07:00", True),
        ("mon-fri 09:00-17:00 Europe/Berlin", "2026-03-30T15:00", False),
        ("mon-fri 09:00-17:00 Europe/Berlin", "2026-03-28T10:00", False),  # a Saturday
        # What begins on Friday evening goes on into Saturday morning.
        ("fri 22:00-06:00 America/New_York", "2026-06-06T03:00", True),
        ("fri 22:00-06:00 America/New_York", "2026-06-06T10:00", False),
        ("fri 22:00-06:00 America/New_York", "2026-06-05T09:00", False),
        # The night in which an hour comes twice, and the one that lacks an hour.
        ("sun 01:00-03:00 America/New_York", "2026-11-01T05:30", True),
        ("sun 01:00-03:00 America/New_York", "2026-11-01T06:30", True),
        ("sun 01:00-03:00 America/New_York", "2026-11-01T08:00", False),
        ("sun 02:00-03:00 America/New_York", "2026-03-08T06:59", False),
        ("sun 02:00-03:00 America/New_York", "2026-03-08T07:00", False),
        ("09:00-24:00 UTC", "2026-01-01T23:59", True),
        ("sat-mon 10:00-11:00, wed 12:00-13:00 UTC", "2026-03-04T12:30", True),
        ("sat-mon 10:00-11:00, wed 12:00-13:00 UTC", "2026-03-08T10:30", True),
    ],
)
def test_a_moment_lies_within_or_outside(written: str, at: str, holds: bool) -> None:
    assert read(written).hold(_utc(at)) is holds


@pytest.mark.parametrize(
    "written", ["", "09:00-17:00", "mon-fri 09:00-17:00 Berlin", "someday 09:00-17:00 UTC", "mon 9-17 UTC",
                "mon 25:00-26:00 UTC"]
)  # fmt: skip
def test_what_nobody_can_mean_is_refused_with_a_sentence(written: str) -> None:
    assert check(written).endswith(".")


def test_a_route_outside_its_hours_is_not_asked() -> None:
    office = read("mon-fri 09:00-17:00 UTC")
    router = Router([RouteRule(1, 'severity == "critical"', 10, office), RouteRule(2, "", 20)])

    within, outside = (router.decide(FACTS, at=_utc(at)) for at in ("2026-03-02T10:00", "2026-03-02T18:00"))

    assert (within.service_id, within.reason, within.outside) == (10, "condition_matched", ())
    assert (outside.service_id, outside.reason, outside.outside) == (20, "default_route", (1,))


def test_a_route_may_have_hours_and_no_condition() -> None:
    router = Router([RouteRule(1, "", 10, read("daily 22:00-06:00 UTC")), RouteRule(2, "", 20)])

    night, day = (router.decide(FACTS, at=_utc(at)) for at in ("2026-03-02T02:00", "2026-03-02T12:00"))

    assert (night.service_id, night.reason) == (10, "within_hours")
    assert (day.service_id, day.reason) == (20, "default_route")
