"""Durations as people write them: `30s`, `5m`, `2h`, `1d`, `1w`, also `1h 30m`. Pure."""

import re
from datetime import timedelta

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PART = re.compile(r"(\d{1,9})\s*([wdhms])", re.ASCII)
_WHOLE = re.compile(r"(?:\d{1,9}\s*[wdhms]\s*)+", re.ASCII)
# Whatever is added to a moment of today stays far from the last one a datetime can hold.
LONGEST = timedelta(days=366)


class TooLong(ValueError):
    """Longer than anybody can mean."""


def read(text: str) -> timedelta:
    """The duration that is written, `LONGEST` at most. Raises ValueError with a sentence that says how to write one."""
    text = text.strip().lower()
    if text == "0":
        return timedelta()
    if not _WHOLE.fullmatch(text):
        raise ValueError("Write a whole number and its unit, for example 30s, 5m, 2h, 1d or 1h 30m.")
    seconds = sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(text))
    if seconds > LONGEST.total_seconds():
        raise TooLong(f"A duration is at most {LONGEST.days} days.")
    return timedelta(seconds=seconds)


def write(duration: timedelta) -> str:
    """As `read` takes it, largest unit first; what is less than a second is left out."""
    left = max(0, int(duration.total_seconds()))
    parts = []
    for unit, size in _UNITS.items():
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0s"
