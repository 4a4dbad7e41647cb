"""The memory against replays: what was let in once is not let in again. Rows, so that it holds in every process."""

from datetime import timedelta
from hashlib import sha256

from core import clock
from notifications.models import SeenRequest

# Twilio signs no time: a text that somebody kept a copy of stays valid, and "1" would answer whatever came last.
# People answer pages seldom enough for all of them to be remembered.
_KEPT = timedelta(days=366)


def is_new(kind: str, identity: str) -> bool:
    """Whether this is the first time. Remembered with the surrounding transaction: what failed may be repeated."""
    digest = sha256(f"{kind}:{identity}".encode()).digest()
    _, is_first = SeenRequest.objects.get_or_create(digest=digest, defaults={"at": clock.now()})
    return is_first


def forget_old() -> int:
    """Drop what could not be accepted any more anyway. Returns how many."""
    count, _ = SeenRequest.objects.filter(at__lt=clock.now() - _KEPT).delete()
    return count
