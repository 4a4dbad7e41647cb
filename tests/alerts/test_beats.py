"""What a look at a heartbeat decides."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alerts.heartbeats.beats import Beat, Look, look
from alerts.heartbeats.models import HeartbeatState

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ALIVE = Beat(
    state=HeartbeatState.ALIVE,
    state_since=NOON,
    reason="pinged",
    period=5 * MINUTE,
    grace=2 * MINUTE,
    last_ping_at=NOON,
    due_at=NOON + 7 * MINUTE,
)


def test_a_ping_in_time_is_looked_for_again_after_period_and_grace() -> None:
    pinged = replace(ALIVE, last_ping_at=NOON + 6 * MINUTE)

    assert look(pinged, now=NOON + 7 * MINUTE) == Look(HeartbeatState.ALIVE, "pinged", NOON + 13 * MINUTE)


def test_no_ping_within_period_and_grace_is_a_miss() -> None:
    seen = look(ALIVE, now=NOON + 7 * MINUTE)

    assert seen == Look(HeartbeatState.MISSED, "heartbeat_missed", None, "heartbeat_missed")


def test_one_that_was_never_pinged_is_waited_for() -> None:
    new = replace(ALIVE, state=HeartbeatState.WAITING, last_ping_at=None)

    assert look(new, now=NOON + timedelta(days=9)) == Look(HeartbeatState.WAITING, "never_pinged", None)


def test_what_was_overdue_while_nobody_looked_gets_one_grace() -> None:
    late = NOON + 60 * MINUTE

    first = look(ALIVE, now=late)
    then = look(replace(ALIVE, reason=first.reason, due_at=first.due_at), now=late + 2 * MINUTE)

    assert first == Look(HeartbeatState.ALIVE, "grace_after_absence", late + 2 * MINUTE)
    assert then.state is HeartbeatState.MISSED


def test_even_one_without_grace_gets_a_minute_then() -> None:
    late = NOON + 60 * MINUTE

    assert look(replace(ALIVE, grace=timedelta()), now=late).due_at == late + MINUTE


def test_grace_is_not_given_twice_for_one_ping() -> None:
    waited_for = replace(ALIVE, reason="grace_after_absence", due_at=NOON + 20 * MINUTE)

    assert look(waited_for, now=NOON + 90 * MINUTE).state is HeartbeatState.MISSED


def test_a_ping_after_a_miss_brings_it_back() -> None:
    missed = replace(ALIVE, state=HeartbeatState.MISSED, state_since=NOON + 7 * MINUTE)
    back = replace(missed, last_ping_at=NOON + 9 * MINUTE)

    assert look(missed, now=NOON + 8 * MINUTE).state is HeartbeatState.MISSED
    assert look(back, now=NOON + 9 * MINUTE) == Look(
        HeartbeatState.ALIVE, "pinged", NOON + 16 * MINUTE, "heartbeat_back"
    )


def test_a_paused_one_is_left_alone() -> None:
    paused = replace(ALIVE, state=HeartbeatState.PAUSED, reason="paused")

    assert look(paused, now=NOON + timedelta(days=9)) == Look(HeartbeatState.PAUSED, "paused", None)
