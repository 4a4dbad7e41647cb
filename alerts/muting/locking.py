"""The lock between those who decide by what mutes now and those who change it.

Whoever decides by it holds the lock shared until its transaction ends (`alerts.muting.mutes_now`). Whoever carries out
a change waits for them or locks them out: nobody is paged or left muted by what is out of date.
"""

from django.db import connection, transaction

LOCK = 0x6D757465  # any number that nothing else uses on the same database


def wait_for_others() -> None:
    """Until all transactions have ended that may have decided by what held before."""
    with transaction.atomic():
        lock_out_others()


def lock_out_others() -> None:
    """Until this transaction ends nobody else decides by what holds now.

    To be called before it locks any row: those it waits for may want that one.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [LOCK])
