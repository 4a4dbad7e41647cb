"""Taking due rows so that no other worker takes them too, and leases on those that need a call to the outside."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection
from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)

# What PostgreSQL says of rows and not of itself: a lock or a statement took too long, a deadlock, a conflict.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_ABOUT_ROWS = frozenset({"55P03", "57014", "40P01", "40001"})


def is_any_due(model: type[Model], now: datetime, *, column: str = "due_at", where: str = "true") -> bool:
    """Whether any row is due: its `column` is not after `now`, and it meets a condition in SQL of our own.

    Lanes ask so several times a second, before they lock anything: plain text costs a tenth of what it takes to make
    the same statement from a queryset. In order of the column, as then PostgreSQL takes that index even where it knows
    nothing yet of the table's contents; of an EXISTS it would read the table.
    """
    table = model._meta.db_table  # noqa: SLF001
    question = f"select 1 from {table} where {where} and {column} <= %s order by {column} limit 1"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(question, [now])
        return cursor.fetchone() is not None


def lock_due(rows: QuerySet[Row], *, at_most: int, of: Sequence[str] = ("self",)) -> list[Row]:
    """Lock up to `at_most` of the given due rows until the transaction ends.

    Rows another worker holds are skipped, not waited for: the next tick sees them again. The queryset must be
    ordered.
    """
    if not rows.ordered:
        raise ValueError("Due rows are claimed in order: give the queryset an order_by.")
    return list(rows.select_for_update(skip_locked=True, no_key=True, of=tuple(of))[:at_most])


def wait_at_most(milliseconds: int) -> None:
    """Until this transaction ends, give up on a row that somebody else holds for longer."""
    with connection.cursor() as cursor:
        cursor.execute("select set_config('lock_timeout', %s, true)", [f"{milliseconds}ms"])


def is_database_lost(trouble: Exception) -> bool:
    """Whether nothing can be done at all until the database is back."""
    return isinstance(trouble, OperationalError | InterfaceError) and not is_about_rows(trouble)


def is_about_rows(trouble: Exception) -> bool:
    """Whether only these rows could not be had at this moment."""
    return isinstance(trouble, OperationalError) and getattr(trouble.__cause__, "sqlstate", None) in _ABOUT_ROWS


def new_token() -> uuid.UUID:
    """Names one claim, so that a result is recorded only by the claim that produced it."""
    return uuid.uuid4()


def postpone(failures: int, *, now: datetime) -> datetime:
    """When to try a row again that raised `failures` times: 1, 2, 4 ... at most 300 seconds from now."""
    return now + timedelta(seconds=min(300, 2 ** max(0, failures - 1)))
