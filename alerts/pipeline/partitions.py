"""The days of the raw inbox: partitions are made seven days ahead and dropped when they are old and done with.

A DEFAULT partition takes what no day fits, so that a late housekeeper costs nothing but a move of rows; what is left in
it grows old row by row. A day that still holds received or quarantined events is never dropped.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from core import clock

log = structlog.get_logger(__name__)

DAYS_AHEAD = 7
_LOCK_WAIT = "2s"  # the door writes to the same table: better to try again in an hour than to hold it up
_PREFIX = "alerts_event_"
_MOST_CLEARED = 20_000  # of an hour; a lane that works for long holds up the others
# A row that somebody replays at this moment is passed over: it is open then.
_CLEAR = """
delete from alerts_event_default where (id, received_at) in (
    select id, received_at from alerts_event_default
    where received_at < %s and status not in ('received', 'quarantined')
    order by id limit %s for update skip locked
)
"""


def ensure() -> list[date]:
    """Make what is missing from yesterday until seven days ahead. Returns the days that were made."""
    today = clock.now().date()
    present = _days()
    missing = [today + timedelta(days=ahead) for ahead in range(-1, DAYS_AHEAD + 1)]
    return [day for day in missing if day not in present and _guarded(_make, day)]


def drop_old() -> list[date]:
    """Drop the days that are older than the retention and hold nothing open. Returns them."""
    oldest = _oldest_kept()
    return [day for day in _days() if day < oldest and not _holds_open(day) and _guarded(_drop, day)]


def clear_default() -> int:
    """Delete what lies in no day, is older than the retention and done with. Returns how many messages that were.

    For days on which no housekeeper ran nothing else makes a partition that they would move into.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CLEAR, [datetime.combine(_oldest_kept(), time(), UTC), _MOST_CLEARED])
        return int(cursor.rowcount)


def _oldest_kept() -> date:
    return clock.now().date() - timedelta(days=settings.KEEP_EVENTS_DAYS)


def _days() -> list[date]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select child.relname from pg_inherits join pg_class child on child.oid = inhrelid"
            " where inhparent = 'alerts_event'::regclass order by 1"
        )
        names = [name.removeprefix(_PREFIX) for (name,) in cursor.fetchall()]
    return [datetime.strptime(name, "%Y%m%d").replace(tzinfo=UTC).date() for name in names if name.isdigit()]


def _guarded(change: Callable[[str, date], bool], day: date) -> bool:
    """Whether it was done; False where the table is too busy, or another process was first."""
    try:
        with transaction.atomic():
            return change(f"{_PREFIX}{day:%Y%m%d}", day)
    except DatabaseError as trouble:
        log.warning("partition.postponed", day=f"{day}", reason=type(trouble).__name__)
        return False


def _make(name: str, day: date) -> bool:
    bounds = [f"{day}T00:00:00Z", f"{day + timedelta(days=1)}T00:00:00Z"]
    with connection.cursor() as cursor:
        cursor.execute(f"set local lock_timeout = '{_LOCK_WAIT}'")
        cursor.execute(
            f"create table {name} (like alerts_event including defaults including constraints including storage)"
            # Rows are written once and changed once: what the change leaves behind is cleared soon.
            " with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000)"
        )
        cursor.execute("lock table alerts_event_default in access exclusive mode")
        cursor.execute(
            "with moved as (delete from alerts_event_default where received_at >= %s and received_at < %s returning *)"  # noqa: S608
            f" insert into {name} select * from moved",
            bounds,
        )
        cursor.execute(
            f"alter table alerts_event attach partition {name} for values from ('{bounds[0]}') to ('{bounds[1]}')"
        )
    return True


def _holds_open(day: date) -> bool:
    name = f"{_PREFIX}{day:%Y%m%d}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"select exists(select 1 from {name} where status = 'received')"  # noqa: S608  the name is made of a date
            f" or exists(select 1 from {name} where status = 'quarantined')"
        )
        (found,) = cursor.fetchone() or (True,)
    return bool(found)


def _drop(name: str, day: date) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"set local lock_timeout = '{_LOCK_WAIT}'")
        cursor.execute(f"lock table {name} in access exclusive mode")
        if _holds_open(day):  # asked again under the lock: a replay puts events back
            return False
        cursor.execute(f"alter table alerts_event detach partition {name}")
        cursor.execute(f"drop table {name}")
    return True
