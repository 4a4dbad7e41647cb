"""What time it is: the database's clock, read through its offset to this machine's. Nothing else asks for the time.

Every process measures the offset once a minute (`measure`; an engine in its lanes, a web process in
`config.clockwork`), so that due times and leases agree between machines whose own clocks differ. Pure rules never call
this module; they take `now` as an argument.
"""

import threading
from datetime import UTC, datetime, timedelta

from django.db import connection

_lock = threading.Lock()
_offset = timedelta()
_moved = timedelta()


def now() -> datetime:
    """This moment in UTC, by the database's clock."""
    return datetime.now(UTC) + _offset + _moved


def offset() -> timedelta:
    """Database's clock minus this machine's, as last measured."""
    return _offset


def measure() -> timedelta:
    """Ask the database for its time and remember the difference. Returns the new offset."""
    global _offset  # noqa: PLW0603  one clock per process is the point
    before = datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        (theirs,) = cursor.fetchone() or (before,)
    after = datetime.now(UTC)
    with _lock:
        # Half the round trip is the best guess of when the database looked.
        _offset = theirs.astimezone(UTC) - (before + (after - before) / 2)
    return _offset


def move(by: timedelta) -> None:
    """Tests move the clock of this process forward."""
    global _moved  # noqa: PLW0603
    with _lock:
        _moved += by


def moved() -> timedelta:
    """How far tests have moved the clock of this process; nothing otherwise. For moments that the database stamps."""
    return _moved


def unmove() -> None:
    """Tests put the clock of this process back, as if it had never been moved or measured."""
    global _moved, _offset  # noqa: PLW0603
    with _lock:
        _moved = _offset = timedelta()
