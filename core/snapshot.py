"""Several reads of one moment: what moves between two queries is seen once, as it was or as it is."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

_OF_ONE_MOMENT = "set transaction isolation level repeatable read, read only"


@contextmanager
def snapshot() -> Iterator[None]:
    """Everything read within is of the moment of the first read, and nothing can be written.

    Within a transaction of the caller's it is that one's business what is seen.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_OF_ONE_MOMENT)
        yield
