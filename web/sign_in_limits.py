"""How often a sign-in may fail. Counted in PostgreSQL: the limit holds with Redis down and across processes.

It fails closed: an attempt is written down before the password is looked at, and nobody is let in where that
cannot be done. Unknown accounts are counted like known ones, so the limit tells nothing about who exists.
"""

from datetime import timedelta

from django.db import connection, transaction

from accounts.models import SignInAttempt
from core import clock
from core.errors import DomainError

WINDOW = timedelta(minutes=15)
# By the account from one address, so that a stranger elsewhere cannot lock out the person on call ...
PER_ACCOUNT_AND_ADDRESS = 5
# ... by the account from everywhere, against many machines that share the guessing, and by the address.
PER_ACCOUNT = 30
PER_ADDRESS = 30


class TooManyAttempts(DomainError):
    """Signing in failed too often."""

    code = "too_many_attempts"

    def __init__(self) -> None:
        super().__init__(f"Too many attempts. Wait {int(WINDOW.total_seconds() // 60)} minutes, then try again.")


@transaction.atomic
def begin(account: str, address: str | None) -> int:
    """Write down an attempt before it is made, and give its id. Raises TooManyAttempts."""
    account = account.strip().lower()[:150]
    # Attempts at one account, and from one address, are taken one after the other: a burst cannot slip past the count.
    with connection.cursor() as cursor:
        for key in sorted({f"account {account}", f"address {address}"}):
            cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
    recent = SignInAttempt.objects.filter(at__gt=clock.now() - WINDOW)
    of_account = recent.filter(account=account)
    if (
        of_account.filter(address=address).count() >= PER_ACCOUNT_AND_ADDRESS
        or of_account.count() >= PER_ACCOUNT
        or (address is not None and recent.filter(address=address).count() >= PER_ADDRESS)
    ):
        raise TooManyAttempts
    return SignInAttempt.objects.create(account=account, address=address).pk


def succeeded(attempt: int) -> None:
    """It was she: this attempt does not count."""
    SignInAttempt.objects.filter(pk=attempt).delete()


def forget_old() -> int:
    """Delete what no limit counts any more. Returns how many."""
    return SignInAttempt.objects.filter(at__lt=clock.now() - 4 * WINDOW).delete()[0]
