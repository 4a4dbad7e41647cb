"""A test page to one person, sent at once by this process, and what became of it in plain words."""

from dataclasses import dataclass

from accounts.models import User
from notifications import channel, claiming, delivery, outbox, outcomes
from notifications.models import Delivery
from notifications.states import Status


@dataclass(frozen=True)
class Outcome:
    """What became of one test page."""

    label: str
    address: str
    told: str
    is_good: bool


def page(user: User) -> list[Outcome]:
    """Send to every contact method and wait for the providers' answers, not for receipts.

    A running engine may take some of them first; those are shown as they stand.
    """
    rows = outbox.try_out(user)
    wanted = [row.pk for row in rows if row.status == Status.QUEUED]
    for slug in sorted({row.channel for row in rows}):
        claimed, _ = claiming.claim(slug, at_most=len(wanted), only=wanted)
        for each in claimed:
            outcomes.record(*delivery.attempt(each))
    return [_outcome(row) for row in Delivery.objects.filter(pk__in=[row.pk for row in rows]).order_by("id")]


def _outcome(row: Delivery) -> Outcome:
    return Outcome(
        label=channel.label_of(row.channel),
        address=channel.masked(row.channel, row.address),
        told=" ".join(filter(None, [row.status, f"({row.reason.replace('_', ' ')})" if row.reason else ""])),
        is_good=row.status in {Status.SENT, Status.DELIVERED, Status.SENDING},
    )
