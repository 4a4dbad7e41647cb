"""The index by which incidents are searched: three letters in a row, by PostgreSQL's extension pg_trgm.

It is made at each start where it is not there yet, and not by a migration: who may not make the extension has a slower
search and nothing else.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.db import DatabaseError, connection, transaction

log = structlog.get_logger(__name__)

_NAME = "incident_search"
_LOCK = 0x73656172  # any number that nothing else uses on the same database
_LIMITS = {"statement_timeout": "60min", "lock_timeout": "60s"}
_STATE = f"""
select exists (select 1 from pg_extension where extname = 'pg_trgm'),
    (select indisvalid from pg_index where indexrelid = to_regclass('{_NAME}'))
"""  # noqa: S608  a name of ours
# As Django asks where it ignores the case: upper(title) like upper('%words%'). Only of what is over: an open incident
# changes again and again, and each time the index would be written anew; and there are few of those.
_MAKE = f"""
create index {{how}} if not exists {_NAME} on incidents_incident
using gin (upper(title::text) gin_trgm_ops, upper(group_key) gin_trgm_ops, upper(description) gin_trgm_ops)
with (gin_pending_list_limit = 1024) where status = 'resolved'
"""


def problem() -> str:
    """Why incidents are searched without the index, as a sentence; empty where it is there."""
    has_extension, is_valid = _state()
    if is_valid:
        return ""
    return (
        "The index to search incidents by is missing." if has_extension else "PostgreSQL lacks the extension pg_trgm."
    )


def ensure() -> None:
    """Make extension and index where they are not there and may be made; nothing where somebody else does so now."""
    has_extension, is_valid = _state()
    if is_valid:
        return
    with connection.cursor() as cursor:
        # Not waited for: who builds an index without locking waits for everybody who waits.
        cursor.execute("select pg_try_advisory_lock(%s)", [_LOCK])
        if cursor.fetchone() != (True,):
            return
    try:
        _make(has_extension=has_extension, is_broken=is_valid is not None)
    except DatabaseError as trouble:
        log.warning("search_index.not_made", reason=str(trouble).strip().partition("\n")[0])
    finally:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(%s)", [_LOCK])


def _make(*, has_extension: bool, is_broken: bool) -> None:
    # Within a transaction, as in tests, PostgreSQL builds none beside those who write.
    how = "" if connection.in_atomic_block else "concurrently"
    with transaction.atomic() if connection.in_atomic_block else _patience(), connection.cursor() as cursor:
        if not has_extension:
            cursor.execute("create extension if not exists pg_trgm")
        if is_broken:  # its making was interrupted
            cursor.execute(f"drop index {how} if exists {_NAME}")
        cursor.execute(_MAKE.format(how=how))


@contextmanager
def _patience() -> Iterator[None]:
    with connection.cursor() as cursor:
        for name, value in _LIMITS.items():
            cursor.execute(f"set {name} = '{value}'")
        try:
            yield
        finally:
            for name in _LIMITS:
                cursor.execute(f"reset {name}")


def _state() -> tuple[bool, bool | None]:
    with connection.cursor() as cursor:
        cursor.execute(_STATE)
        row = cursor.fetchone()
    assert row is not None
    return bool(row[0]), row[1]
