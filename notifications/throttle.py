"""Keeps one telephone from drowning: repeated pages to an address are limited, and wait visibly instead of vanishing.

The first page of an incident to an address always goes out at once. A page that waits is bundled with nothing and
dropped never: it is `queued` with reason `throttled` until its turn, unless somebody answers before.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings

from notifications.channel import Channel, Limit
from notifications.models import Delivery, Kind

REASON = "throttled"
_LONGEST_SENDING = timedelta(minutes=30)  # from the first attempt to the last


def turn(limits: Sequence[Limit], sent: Sequence[datetime], *, now: datetime) -> datetime:
    """When the next message may go out, `sent` being the moments of the earlier ones, newest first. Pure."""
    allowed = now
    for limit in limits:
        if len(sent) >= limit.count:
            allowed = max(allowed, sent[limit.count - 1] + limit.window)
    return allowed


def waits(deliveries: Sequence[Delivery], channel: Channel | None, *, now: datetime) -> dict[int, datetime]:
    """Which of these deliveries of one channel must wait, and until when."""
    pages = [each for each in deliveries if each.kind == Kind.PAGE and not each.attempts]
    if not settings.THROTTLE or channel is None or not channel.limits or not pages:
        return {}
    since = now - max(limit.window for limit in channel.limits)
    # What was sent since then was tried since then, but for pages that were hard to send: the index is by `tried_at`.
    earlier = Delivery.objects.filter(
        kind=Kind.PAGE,
        channel=channel.slug,
        address__in={each.address for each in pages},
        tried_at__gt=since - _LONGEST_SENDING,
        sent_at__gt=since,
    )
    sent: dict[str, list[tuple[datetime, int | None]]] = defaultdict(list)
    for address, at, incident_id in earlier.order_by("-sent_at").values_list("address", "sent_at", "incident_id"):
        if at is not None:
            sent[address].append((at, incident_id))
    found = {}
    for page in pages:
        if page.incident_id not in {incident_id for _, incident_id in sent[page.address]}:
            continue
        allowed = turn(channel.limits, [at for at, _ in sent[page.address]], now=now)
        if allowed > now:
            found[page.pk] = allowed
    return found
