"""Who answers now, schedule by schedule, and when the next hand-off is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from oncall import roster
from oncall.models import Schedule
from oncall.roster import OnCall, Shift

_AHEAD = timedelta(days=45)
_SHOWN = 3


@dataclass(frozen=True)
class Cover:
    """One schedule at one moment: who has it now, and the next shifts of others."""

    schedule: Schedule
    now: list[OnCall]
    coming: list[Shift]


def covers(schedules: Iterable[Schedule], at: datetime) -> list[Cover]:
    """Each schedule's cover. The schedules carry `roster.drawn()`, so this asks the database nothing."""
    return [Cover(each, roster.on_call(each, at), _coming(each, at)) for each in schedules]


def _coming(schedule: Schedule, at: datetime) -> list[Shift]:
    return [shift for shift in roster.shifts(schedule, at, at + _AHEAD) if shift.start > at][:_SHOWN]
