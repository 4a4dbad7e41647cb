"""Searches may take only so long: what people look for, and among how much, is not known beforehand."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import OperationalError, connection, transaction

from core.errors import Invalid

_CANCELED = "57014"  # https://www.postgresql.org/docs/current/errcodes-appendix.html


@contextmanager
def search(words: str) -> Iterator[None]:
    """Where there are words to look for, give up what takes too long in here. Raises Invalid."""
    if not words.strip():
        yield
        return
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("select set_config('statement_timeout', %s, true)", [f"{settings.LONGEST_SEARCH}s"])
            yield
    except OperationalError as trouble:
        if getattr(trouble.__cause__, "sqlstate", None) != _CANCELED:
            raise
        problem = (
            f"There is too much to search for that within {settings.LONGEST_SEARCH:g} seconds."
            " Narrow the list by its other filters, or look for a longer word."
        )
        raise Invalid(problem, {"q": problem}) from None
