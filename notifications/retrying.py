"""When a failed attempt is made again, and when a person counts as out of reach. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from notifications.states import Status

_WAITS = (2, 4, 8, 15, 30, 60)  # seconds; the last one from then on
GIVE_UP_AFTER = 30  # attempts: about 25 minutes, so that a mail server's greylisting passes
# Attempts that may have gone out, on a channel that cannot look for them: the page, and one duplicate at most.
OPEN_OUTCOMES = 2
_HOPELESS_AFTER = 3  # failed attempts, about 15 seconds, until those who depend on the answer go on without


@dataclass(frozen=True)
class Standing:
    """How one delivery of a page stands. `awaits_receipt`: sent, and a receipt may still come in time."""

    status: Status
    attempts: int
    awaits_receipt: bool
    needs_receipt: bool


def wait(attempts: int, *, jitter: float, retry_after: timedelta | None = None) -> timedelta:
    """How long until the next attempt after so many. `jitter` from 0 to 1 spreads it by a fifth either way.

    A provider's own wish is obeyed where it is longer.
    """
    seconds = _WAITS[min(max(attempts, 1), len(_WAITS)) - 1]
    spread = timedelta(seconds=seconds * (0.8 + 0.4 * jitter))
    return max(spread, retry_after) if retry_after else spread


def is_over(attempts: int, *, open_outcomes: int, can_find: bool) -> bool:
    """Whether it is not tried again after so many attempts, of which so many may have gone out."""
    return attempts >= GIVE_UP_AFTER or (open_outcomes >= OPEN_OUTCOMES and not can_find)


def is_out_of_reach(page: Iterable[Standing]) -> bool:
    """Whether nothing of a page can be hoped for any more: every delivery failed, or fails again and again."""
    return not any(_may_reach(each) for each in page)


def _may_reach(delivery: Standing) -> bool:
    match delivery.status:
        case Status.DELIVERED | Status.SENDING:
            return True
        case Status.SENT:
            return delivery.awaits_receipt or not delivery.needs_receipt
        case Status.QUEUED | Status.UNKNOWN:
            return delivery.attempts < _HOPELESS_AFTER
        case Status.FAILED | Status.CANCELLED:
            return False
