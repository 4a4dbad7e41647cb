"""What becomes of a heartbeat when it is looked at. Pure: no clock, no database.

Pings write their moment into the row and, where that is news, ask for a look at once. Looking decides: alive, missed or
back; and whether Tocsin's own absence may be to blame, for which everything that is overdue gets one grace first.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.heartbeats.models import HeartbeatState

LATE = timedelta(minutes=1)  # looked at so long after it was due, Tocsin was away itself
SHORTEST_GRACE = timedelta(minutes=1)  # after Tocsin's own absence, also for those that have none


@dataclass(frozen=True, slots=True)
class Beat:
    """A heartbeat as it stands."""

    state: HeartbeatState
    state_since: datetime
    reason: str
    period: timedelta
    grace: timedelta
    last_ping_at: datetime | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Look:
    """What it is from now on. `news` is the reason to tell of an alert, empty where nothing is to be told."""

    state: HeartbeatState
    reason: str
    due_at: datetime | None
    news: str = ""


def deadline(beat: Beat) -> datetime | None:
    """When the next ping is missed; None before the first."""
    return beat.last_ping_at + beat.period + beat.grace if beat.last_ping_at is not None else None


def grace_after_absence(grace: timedelta) -> timedelta:
    """How long what is overdue is waited for when Tocsin itself has been away."""
    return max(grace, SHORTEST_GRACE)


def look(beat: Beat, *, now: datetime) -> Look:
    """Decide. `now` is not before `due_at`."""
    end = deadline(beat)
    if beat.state is HeartbeatState.PAUSED:
        return Look(beat.state, beat.reason, None)
    if end is None or beat.last_ping_at is None:
        return Look(HeartbeatState.WAITING, "never_pinged", None)
    if beat.state is HeartbeatState.MISSED:
        if beat.last_ping_at < beat.state_since:
            return Look(beat.state, beat.reason, None)
        return Look(HeartbeatState.ALIVE, "pinged", max(end, now), "heartbeat_back")
    if end > now:
        return Look(HeartbeatState.ALIVE, "pinged", end)
    return _overdue(beat, now)


def _overdue(beat: Beat, now: datetime) -> Look:
    was_due = beat.due_at or now
    if now - was_due > LATE and beat.reason != "grace_after_absence":
        return Look(HeartbeatState.ALIVE, "grace_after_absence", now + grace_after_absence(beat.grace))
    return Look(HeartbeatState.MISSED, "heartbeat_missed", None, "heartbeat_missed")
