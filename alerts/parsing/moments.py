"""Reads points in time as monitoring systems write them. Pure.

RFC 3339 with any number of digits, offsets with and without a colon, seconds to nanoseconds since 1970, `2016-08-12
15:23:28 UTC`, mail dates, and local text without a zone, which is taken for UTC. What lies before 2000 or more than
ten years ahead is not a point in time but a way to say "not set".
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_FARTHEST = timedelta(days=3652)
_ZERO = ("0001-01-01", "0000-00-00", "1970-01-01T00:00:00")
_LONGEST = 100  # characters
_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)


def moment(value: Any, *, now: datetime) -> datetime | None:
    """The point in time in UTC; None where there is none, or none that makes sense."""
    if isinstance(value, str):
        found = _of_text(value) if len(value) <= _LONGEST else None
    else:
        found = _of_number(value) if isinstance(value, int | float) else None
    if found is None or found < _EARLIEST or found - now > _FARTHEST:
        return None
    return found


def is_unset(value: Any) -> bool:
    """Whether it is one of the usual ways to say "not set"."""
    return value in (None, "", 0) or (isinstance(value, str) and value.startswith(_ZERO))


@lru_cache(maxsize=5000)  # alerts of a group often begin at one moment
def _of_text(value: str) -> datetime | None:
    text = value.strip()
    if text.replace(".", "", 1).isdecimal() and not (len(text) == 8 and text.isdecimal()):
        return _of_number(float(text)) if len(text) < 25 else None
    for reader in _READERS:
        try:
            found = reader(text)
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
    return None


def _without_zone_name(text: str) -> datetime:
    for name in (" UTC", " GMT", " Z"):
        text = text.removesuffix(name)
    return datetime.fromisoformat(text)


_READERS: tuple[Callable[[str], datetime], ...] = (
    datetime.fromisoformat,
    _without_zone_name,
    parsedate_to_datetime,
)


def _of_number(value: float) -> datetime | None:
    if isinstance(value, bool) or not abs(value) < 1e20:  # also of what is not a number
        return None
    for unit in _UNITS:
        try:
            found = datetime.fromtimestamp(value / unit, UTC)
        except (ValueError, OverflowError, OSError):
            continue
        if found.year < 2200:
            return found
    return None
