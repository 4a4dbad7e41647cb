"""Taking due rows so that no other worker takes them too, and leases on those that need a call to the outside."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


def lock_due(rows: QuerySet[Row], *, at_most: int, of: Sequence[str] = ("self",)) -> list[Row]:
    """Lock up to `at_most` of the given due rows until the transaction ends.

    Rows another worker holds are skipped, not waited for: the next tick sees them again. The queryset must be
    ordered.
    """
    if not rows.ordered:
        raise ValueError("Due rows are claimed in order: give the queryset an order_by.")
    return list(rows.select_for_update(skip_locked=True, no_key=True, of=tuple(of))[:at_most])


def new_token() -> uuid.UUID:
    """Names one claim, so that a result is recorded only by the claim that produced it."""
    return uuid.uuid4()


def postpone(failures: int, *, now: datetime) -> datetime:
    """When to try a row again that raised `failures` times: 1, 2, 4 ... at most 300 seconds from now."""
    return now + timedelta(seconds=min(300, 2 ** max(0, failures - 1)))
