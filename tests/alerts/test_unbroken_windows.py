"""Maintenance windows whose occurrences follow one another without a gap: nothing pages between two of them."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.muting import windows
from alerts.muting.models import MaintenanceWindow
from alerts.muting.recurrence import MOST_JOINED, Plan, unbroken
from alerts.muting.windows import WindowWish
from alerts.pipeline import turns
from core import clock
from incidents.states import Status
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service
from tests.world import MovedEngine

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "hours", "ends"),
    [
        ("", 24, "03-02T00:00"),
        ("FREQ=DAILY", 23, "03-01T23:00"),
        ("FREQ=DAILY;COUNT=3", 24, "03-04T00:00"),
        ("FREQ=DAILY;COUNT=3", 30, "03-04T06:00"),
        ("FREQ=DAILY;BYDAY=SU,MO,WE", 24, "03-03T00:00"),
    ],
)
def test_occurrences_that_touch_or_overlap_are_one(rule: str, hours: int, ends: str) -> None:
    plan = Plan(datetime.fromisoformat("2026-03-01T00:00"), timedelta(hours=hours), "UTC", rule)

    found = unbroken(plan, NOON)

    assert (f"{found[0].start:%m-%dT%H:%M}", f"{found[-1].end:%m-%dT%H:%M}") == ("03-01T00:00", ends)


@pytest.mark.parametrize("starts", ["2026-03-01T00:00", "2026-03-01T02:30"])
def test_the_nights_the_clock_is_changed_break_nothing(starts: str) -> None:
    plan = Plan(datetime.fromisoformat(starts), timedelta(days=1), "Europe/Berlin", "FREQ=DAILY")

    assert len(unbroken(plan, NOON)) == MOST_JOINED
    assert len(unbroken(plan, datetime(2026, 10, 1, 12, tzinfo=UTC))) == MOST_JOINED


@pytest.fixture
def sender(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "generic", service=a_service("checkout"))


@pytest.fixture
def rebuilding(sender: Sender) -> MaintenanceWindow:
    """From midnight to midnight, each day."""
    midnight = windows.local_now("UTC").replace(hour=0, minute=0)
    scope = [sender.integration]
    wish = WindowWish("rebuilding", midnight, timedelta(days=1), recurrence="FREQ=DAILY", integrations=scope)
    return windows.create(wish, owner="ada")


def test_what_is_new_before_anybody_has_looked_at_the_next_day_is_muted(
    sender: Sender, rebuilding: MaintenanceWindow, engine: MovedEngine
) -> None:
    engine.fast_forward(hours=48)
    midnight = clock.now().replace(hour=0, minute=0, second=1) + timedelta(days=1)
    clock.move(midnight - clock.now())
    sender.post({"title": "Disk full"})

    turns.run()

    assert [each.status for each in sender.incidents()] == [Status.HELD]


def test_one_that_is_ended_by_hand_comes_again_as_planned(
    sender: Sender, rebuilding: MaintenanceWindow, engine: MovedEngine
) -> None:
    sender.post({"title": "Disk full"})
    engine.run()

    windows.end(rebuilding.pk, by="ada")
    engine.run()

    assert [each.status for each in sender.incidents()] == [Status.TRIGGERED]

    engine.fast_forward(hours=24)

    assert [each.status for each in sender.incidents()] == [Status.HELD]
