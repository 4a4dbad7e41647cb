"""The database is emptied after each test that commits. A plugin (`-p tests.emptying`).

Django truncates every table and lets every application fill in its rows anew, which takes longer than most tests. Here
only tables with rows are emptied, and the rows that each application brings (content types, permissions) stay.
"""

from collections.abc import Sequence
from functools import cache

import pytest
from django.db import connection, transaction
from django.test import TransactionTestCase

_STAYING = ("django_migrations", "django_content_type", "auth_permission")
# Deleted rows lie about until PostgreSQL clears them away; above this all tables are truncated.
_LARGE = 4 * 1024 * 1024  # bytes
_TABLES = """
select relname::text from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition and relname <> all(%s)
order by relname
"""
_SIZE = """
select coalesce(sum(pg_relation_size(oid)), 0) from pg_class
where relnamespace = 'public'::regnamespace and relkind = 'r'
"""


def pytest_configure(config: pytest.Config) -> None:
    """Django's own way is replaced for the whole run."""
    TransactionTestCase._fixture_teardown = lambda _: empty()  # type: ignore[attr-defined]


def empty() -> None:
    """No row is left but those that applications bring."""
    # Foreign keys are checked at the end of the transaction, so the order of the tables means nothing.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_which_have_rows())
        filled = [name for (name,) in cursor.fetchall()]
        if not filled:
            return
        cursor.execute(_SIZE)
        if cursor.fetchone()[0] > _LARGE:
            cursor.execute(f"truncate {_listed(_tables())}")
        else:
            cursor.execute("; ".join(f"delete from {_listed([name])}" for name in filled))  # noqa: S608 - our own tables


@cache
def _which_have_rows() -> str:
    return " union all ".join(
        f"select '{name}' where exists (select from {_listed([name])})"  # noqa: S608 - our own tables
        for name in _tables()
    )


@cache
def _tables() -> Sequence[str]:
    with connection.cursor() as cursor:
        cursor.execute(_TABLES, [list(_STAYING)])
        return [name for (name,) in cursor.fetchall()]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(connection.ops.quote_name(name) for name in names)
