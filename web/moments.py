"""Moments and spans in words. Pure: `now` is an argument, times are aware."""

from datetime import datetime, timedelta

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def relative(moment: datetime, *, now: datetime) -> str:
    """`just now`, `4 min ago`, `in 3 h`, `2 days ago`; tocsin.js says the same words as time passes."""
    seconds = (moment - now).total_seconds()
    amount = _amount(abs(seconds))
    if not amount:
        return "just now" if seconds <= 0 else "in a moment"
    return f"in {amount}" if seconds > 0 else f"{amount} ago"


def _amount(seconds: float) -> str:
    if seconds < 45:
        return ""
    if seconds < 59.5 * _MINUTE:
        return f"{max(1, round(seconds / _MINUTE))} min"
    if seconds < 23.5 * _HOUR:
        return f"{round(seconds / _HOUR)} h"
    days = round(seconds / _DAY)
    return f"{days} day{'' if days == 1 else 's'}"


def span(length: timedelta) -> str:
    """A length of time with its two largest units: `26 min`, `1 h 5 min`, `2 days`."""
    seconds = max(0, round(length.total_seconds()))
    units = (("day", _DAY), ("h", _HOUR), ("min", _MINUTE), ("s", 1))
    parts: list[str] = []
    for name, size in units:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}{'s' if name == 'day' and count > 1 else ''}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts) or "0 s"
