"""When a maintenance window is on: local wall time and a rule of RFC 5545 into moments. Pure.

A window from 22:00 to 06:00 is that by the wall's clock on the night it is changed as well. A start that the change
skips is an hour later; of a start that comes twice the first is meant.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import cast
from zoneinfo import ZoneInfo

from dateutil import rrule

LONGEST_RULE = 300
LONGEST = timedelta(days=366)
MOST_JOINED = 100
_FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_PARTS = frozenset(
    "FREQ INTERVAL COUNT UNTIL WKST BYDAY BYMONTH BYMONTHDAY BYYEARDAY BYWEEKNO BYSETPOS".split()  # noqa: SIM905  plainer
)
# The calendar repeats every 400 years, and the library looks for a date until the year 9999: asked in its last 400
# years, a rule that never comes true costs half a second and not ten.
_CYCLE = 400
_LAST_CYCLE = 9600
_COUNTS = ("INTERVAL", "COUNT")
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Plan:
    """When a window begins for the first time (local, without a zone), how long it lasts, how it comes again."""

    starts: datetime
    duration: timedelta
    time_zone: str = "UTC"
    rule: str = ""


@dataclass(frozen=True)
class Occurrence:
    """One of its times, in UTC."""

    start: datetime
    end: datetime


def check_rule(rule: str, starts: datetime) -> str:
    """What is wrong with a recurrence rule that begins then (local), as a sentence; empty where nothing is."""
    if len(rule) > LONGEST_RULE:
        return f"The rule is longer than {LONGEST_RULE} characters."
    parts = [part.partition("=") for part in rule.upper().removeprefix("RRULE:").split(";")]
    named = {name: value for name, _, value in parts}
    unknown = sorted(named.keys() - _PARTS)
    if unknown:
        return f"{', '.join(unknown)[:60]} cannot stand here; known are {', '.join(sorted(_PARTS))}."
    if named.get("FREQ") not in _FREQUENCIES:
        return f"FREQ must be one of {', '.join(sorted(_FREQUENCIES))}."
    if any(named.get(name, "1").lstrip("0") == "" or named.get(name, "").startswith("-") for name in _COUNTS):
        return "INTERVAL and COUNT are 1 or more."
    try:
        _parsed(rule, starts)
        comes = any(True for _ in _parsed(_without_end(rule), starts.replace(year=_late(starts.year))))
    except (ValueError, TypeError, IndexError, KeyError):
        return "This is not a recurrence rule. Write it like FREQ=WEEKLY;BYDAY=SA,SU."
    return "" if comes else "This rule never comes true: there is no such day."


def _without_end(rule: str) -> str:
    return ";".join(part for part in rule.split(";") if not part.upper().startswith(("UNTIL=", "COUNT=")))


def _late(year: int) -> int:
    return _LAST_CYCLE + year % _CYCLE - (_CYCLE if year % _CYCLE == _CYCLE - 1 else 0)


def unbroken(plan: Plan, now: datetime, *, ended_at: datetime | None = None) -> list[Occurrence]:
    """The occurrence that is on, or comes next, with those that follow it without a gap: `MOST_JOINED` at most.

    Empty where none comes. Those begun by `ended_at` are over.
    """
    found: list[Occurrence] = []
    for each in islice(_coming(plan, now, ended_at), MOST_JOINED):
        if found and each.start > found[-1].end:
            break
        found.append(each)
    return found


def upcoming(plan: Plan, now: datetime, *, most: int = 3, ended_at: datetime | None = None) -> list[Occurrence]:
    """The one that is on and those that come next."""
    return list(islice(_coming(plan, now, ended_at), most))


def _coming(plan: Plan, now: datetime, ended_at: datetime | None) -> Iterator[Occurrence]:
    for local in _local_starts(plan, now):
        each = _occurrence(plan, local)
        if each.end > now and (ended_at is None or each.start > ended_at):
            yield each


def _local_starts(plan: Plan, now: datetime) -> Iterator[datetime]:
    if not plan.rule:
        return iter([plan.starts])
    local = now.astimezone(ZoneInfo(plan.time_zone)).replace(tzinfo=None)
    rule = _parsed(plan.rule, plan.starts)
    # A day more: the clocks may have been changed meanwhile.
    return cast("Iterator[datetime]", rule.xafter(local - plan.duration - _DAY, inc=True))


def _parsed(rule: str, starts: datetime) -> rrule.rrule:
    text = ";".join(
        part.rstrip("Zz") if part.upper().startswith("UNTIL=") else part
        for part in rule.upper().removeprefix("RRULE:").split(";")
    )
    return cast("rrule.rrule", rrule.rrulestr(text, dtstart=starts))


def _occurrence(plan: Plan, local: datetime) -> Occurrence:
    zone = ZoneInfo(plan.time_zone)
    start = local.replace(tzinfo=zone).astimezone(UTC)
    end = (local + plan.duration).replace(tzinfo=zone).astimezone(UTC)
    if end <= start:
        end = start + plan.duration
    return Occurrence(start, end)
