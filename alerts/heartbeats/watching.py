"""Looks at the heartbeats that are due and tells of those that were missed or are back.

Whoever looks must have been there: when no engine ran for a while, or no door was open to pings, everything that is
overdue gets one grace before it counts as missed. Attendance is written by the clock that tests do not move.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction

from alerts.heartbeats import beats
from alerts.heartbeats import verbs as heartbeats
from alerts.heartbeats.models import Attendance, Heartbeat, HeartbeatState
from alerts.models import AlertStatus
from alerts.pipeline import own_messages
from alerts.pipeline.own_messages import Word
from core import claims, clock

log = structlog.get_logger(__name__)

AWAY_AFTER = timedelta(minutes=1)  # without a sign of life
# A door that never comes back does not keep heartbeats from being missed.
NO_LONGER_WAITED_FOR = timedelta(minutes=15)
ENGINE, DOOR = "engine", "door"
_SIGN_EVERY = 10.0  # seconds
_AT_MOST = 500
_AWAY = "Tocsin itself was away when it was due, gave it one more grace, and no ping came."

_WAIT_FOR = """
update alerts_heartbeat
set due_at = %(now)s + greatest(grace, %(shortest)s::interval), reason = 'grace_after_absence'
where state = 'alive' and due_at < %(now)s + greatest(grace, %(shortest)s::interval)
"""

_signed = 0.0


def next_due() -> datetime | None:
    """When the next heartbeat is to be looked at."""
    due = Heartbeat.objects.filter(due_at__isnull=False).order_by("due_at")
    return due.values_list("due_at", flat=True).first()


def run() -> int:
    """Look at what is due. Returns how many heartbeats were looked at."""
    global _signed  # noqa: PLW0603  one memory per process
    if time.monotonic() - _signed >= _SIGN_EVERY:
        if not sign_in():
            return 0
        _signed = time.monotonic()
    now = clock.now()
    if not claims.is_any_due(Heartbeat, now):
        return 0
    with transaction.atomic():
        due = claims.lock_due(Heartbeat.objects.filter(due_at__lte=now).order_by("due_at", "id"), at_most=_AT_MOST)
        if due:
            _look_at(due, now)
    return len(due)


@transaction.atomic
def sign_in() -> bool:
    """Note that an engine is here. False while no door is open to pings: then nothing counts as missed."""
    real = clock.now() - clock.moved()
    Attendance.objects.get_or_create(who=ENGINE, defaults={"at": real})
    signs = {each.who: each for each in Attendance.objects.select_for_update(no_key=True).order_by("who")}
    door = signs.get(DOOR)
    if door is not None and AWAY_AFTER < real - door.at <= NO_LONGER_WAITED_FOR:
        return False
    mine = signs[ENGINE]
    if real - mine.at > AWAY_AFTER:
        waited_for = _wait_for_all(clock.now())
        log.warning("heartbeats.away", since=mine.at.isoformat(), waited_for=waited_for)
    mine.at = real
    mine.save(update_fields=["at"])
    return True


def _wait_for_all(now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_WAIT_FOR, {"now": now, "shortest": f"{beats.SHORTEST_GRACE.total_seconds()} seconds"})
        return int(cursor.rowcount)


def _look_at(due: Sequence[Heartbeat], now: datetime) -> None:
    words: list[tuple[int, Word]] = []
    carrier = None
    for heartbeat in due:
        was = heartbeat.reason
        look = beats.look(heartbeats.as_beat(heartbeat), now=now)
        if look.state != heartbeat.state:
            heartbeat.state_since = now
        heartbeat.state, heartbeat.reason, heartbeat.due_at = look.state, look.reason, look.due_at
        if look.news:
            if heartbeat.integration_id is None:
                carrier = carrier or heartbeats.carrier()
            words.append((heartbeat.integration_id or carrier or 0, _word(heartbeat, look, was, now)))
    Heartbeat.objects.bulk_update(due, ["state", "state_since", "reason", "due_at"])
    own_messages.put(words)


def _word(heartbeat: Heartbeat, look: beats.Look, was: str, now: datetime) -> Word:
    is_missed = look.state is HeartbeatState.MISSED
    return heartbeats.word(
        heartbeat,
        AlertStatus.FIRING if is_missed else AlertStatus.RESOLVED,
        reason=look.news,
        at=now if is_missed else heartbeat.last_ping_at or now,
        note=_AWAY if is_missed and was == "grace_after_absence" else "",
    )
