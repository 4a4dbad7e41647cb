"""How moments, spans and foreign text are written in a Markdown document. Pure: no Django, no clock, no database."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
# One underscore between letters or digits means nothing in Markdown; everything else here could.
_MEANING = re.compile(r"[\\`*\[\]<>|~&]|(?<![^\W_])_|_(?![^\W_])")


def zone_named(name: str) -> ZoneInfo:
    """The time zone of this IANA name; UTC where there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Local time with UTC behind it: `2026-07-25 03:14:07 CEST (01:14:07 UTC)`."""
    local = at.astimezone(zone)
    utc = at.astimezone(UTC)
    if local.utcoffset() == timedelta():
        return f"{utc:%Y-%m-%d %H:%M:%S} UTC"
    day = "" if local.date() == utc.date() else f"{utc:%Y-%m-%d} "
    return f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()} ({day}{utc:%H:%M:%S} UTC)"


def span(duration: timedelta) -> str:
    """A duration by its two largest units: `1 h 4 min`, `42 s`. Never negative."""
    left = max(0, round(duration.total_seconds()))
    parts: list[str] = []
    for unit, seconds in _UNITS:
        count, left = divmod(left, seconds)
        if count or parts:
            parts.append(f"{count} {unit}" if count else "")
    return " ".join(part for part in parts[:2] if part) or "0 s"


def plain(text: str) -> str:
    """Foreign text as it reads, on one line: nothing in it is taken for Markdown."""
    return _MEANING.sub(lambda found: f"\\{found[0]}", " ".join(text.split()))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table of cells that are Markdown already."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
