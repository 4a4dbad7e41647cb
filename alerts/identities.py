"""How alerts are found by their identity: what fires by itself, and what is over by the four weeks in which it ended.

New identities fall all over an index of them. In one of all alerts ever that is another page each time, and a page
that was touched goes to the disk whole: among five million, that cost half as much again as everything else. This way
they fall all over what four weeks have brought.
"""

from datetime import UTC, datetime, timedelta

from django.db import models
from django.db.models import Func, Value
from django.db.models.functions import Coalesce

REMEMBERED = timedelta(weeks=1)  # at least so long what is over is known by its identity
_PERIOD = timedelta(weeks=4)
_MOST_PERIODS = 13
_A_BEGINNING = datetime(2001, 1, 1, tzinfo=UTC)


def period_of_end() -> Func:
    """The period, by its first moment, in which an alert was over; of one that fires, in which it began."""
    end = Coalesce("resolved_at", "first_seen_at")
    return Func(Value(_PERIOD), end, Value(_A_BEGINNING), function="date_bin", output_field=models.DateTimeField())


def short(fingerprint: str | Value) -> Func:
    """A fingerprint as a number, which is a quarter of its size."""
    return Func(fingerprint, Value(0), function="hashtextextended", output_field=models.BigIntegerField())


def periods(until: datetime, *, since: datetime | None = None) -> list[datetime]:
    """Those in which an alert was over that is remembered at these moments, as `period_of_end` has them; newest first.

    `since` is the oldest of what is read now, which may have been put away for weeks; beyond a year nobody remembers.
    """
    first = until - (until - _A_BEGINNING) % _PERIOD
    oldest = min(since or until, until) - REMEMBERED
    return [first - _PERIOD * back for back in range(_MOST_PERIODS) if first - _PERIOD * (back - 1) > oldest]
