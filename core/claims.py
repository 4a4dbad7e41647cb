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


def is_any(model: type[Model], condition: str, *values: datetime) -> bool:
    """Whether any row meets a condition, which is SQL of our own with `%s` for each of the values.

    Lanes ask so whether anything is due, several times a second: plain text costs a tenth of what it takes to make
    the same statement from a queryset. To be asked outside the transaction that then locks what is due.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"select exists(select from {model._meta.db_table} where {condition})", values)  # noqa: S608, SLF001
        (found,) = cursor.fetchone() or (False,)
    return bool(found)


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
