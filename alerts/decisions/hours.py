"""Active hours of a route, as people write them: `mon-fri 09:00-17:00, sat 10:00-14:00 Europe/Berlin`. Pure.

Local wall time in an IANA zone, so that they are right across daylight saving. A window that ends before it begins goes
on into the next day and belongs to the day on which it begins.
"""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

LONGEST = 200  # characters
HOW = "Write days, times and a time zone, for example: mon-fri 09:00-17:00, sat 10:00-14:00 Europe/Berlin"
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(r"(?:(?P<first>[a-z]{3,5})(?:-(?P<last>[a-z]{3}))?\s+)?(?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d)")
_MIDNIGHT = time()


@dataclass(frozen=True, slots=True)
class Window:
    """Times of day on some weekdays (Monday is 0); an `end` of midnight is that at the end of the day."""

    days: frozenset[int]
    start: time
    end: time

    def holds(self, local: datetime) -> bool:
        """Whether this wall time lies within it."""
        at, today = local.time(), local.weekday()
        if self.start < self.end or self.end == _MIDNIGHT:
            return today in self.days and self.start <= at and (at < self.end or self.end == _MIDNIGHT)
        yesterday = (local - timedelta(days=1)).weekday()
        return (today in self.days and at >= self.start) or (yesterday in self.days and at < self.end)


@dataclass(frozen=True, slots=True)
class Hours:
    """Windows in one time zone."""

    windows: tuple[Window, ...]
    time_zone: str

    def hold(self, at: datetime) -> bool:
        """Whether this moment (aware) lies within one of them."""
        local = at.astimezone(ZoneInfo(self.time_zone))
        return any(window.holds(local) for window in self.windows)


@lru_cache(maxsize=1000)
def read(text: str) -> Hours:
    """The hours that are written. Raises ValueError with a sentence that says how to write them."""
    written, _, zone = text.strip().rpartition(" ")
    if not written or len(text) > LONGEST:
        raise ValueError(f"{HOW}.")
    if zone not in available_timezones():
        raise ValueError(f"“{zone}” is not an IANA time zone. {HOW}.")
    return Hours(tuple(_window(each.strip().lower()) for each in written.split(",")), zone)


def check(text: str) -> str:
    """What is wrong with hours as written, as a sentence; empty where nothing is."""
    try:
        read(text)
    except ValueError as trouble:
        return str(trouble)
    return ""


def _window(text: str) -> Window:
    found = _WINDOW.fullmatch(text)
    if found is None:
        raise ValueError(f"“{text}” is neither days nor times. {HOW}.")
    return Window(_days(found["first"] or "daily", found["last"]), _time(found["start"]), _time(found["end"]))


def _days(first: str, last: str | None) -> frozenset[int]:
    if first == "daily" and last is None:
        return frozenset(range(7))
    for each in (first, last or first):
        if each not in _DAYS:
            raise ValueError(f"“{each}” is no day: write {', '.join(_DAYS)} or daily.")
    start, end = _DAYS.index(first), _DAYS.index(last or first)
    return frozenset((start + ahead) % 7 for ahead in range((end - start) % 7 + 1))


def _time(text: str) -> time:
    try:
        return _MIDNIGHT if text == "24:00" else time.fromisoformat(text)
    except ValueError:
        raise ValueError(f"“{text}” is no time of day: write it from 00:00 to 24:00.") from None
