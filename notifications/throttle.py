"""Keeps one telephone from drowning: repeated pages to an address are limited, and wait visibly instead of vanishing.

The first page of an incident to an address always goes out at once. A page that waits is bundled with nothing and
dropped never: it is `queued` with reason `throttled` until its turn, unless somebody answers before.
"""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings

from notifications.channel import Channel, Limit
from notifications.models import Delivery, Kind

REASON = "throttled"


def turn(limits: Sequence[Limit], sent: Sequence[datetime], *, now: datetime) -> datetime:
    """When the next message may go out, `sent` being the moments of the earlier ones, newest first. Pure."""
    allowed = now
    for limit in limits:
        if len(sent) >= limit.count:
            allowed = max(allowed, sent[limit.count - 1] + limit.window)
    return allowed


def waits_until(delivery: Delivery, channel: Channel, *, now: datetime) -> datetime | None:
    """When this page may go out; None where that is now."""
    if not settings.THROTTLE or delivery.kind != Kind.PAGE or delivery.attempts or not channel.limits:
        return None
    pages = Delivery.objects.filter(
        kind=Kind.PAGE, channel=delivery.channel, address=delivery.address, sent_at__isnull=False
    )
    if not pages.filter(incident=delivery.incident).exists():
        return None
    since = now - max(limit.window for limit in channel.limits)
    most = max(limit.count for limit in channel.limits)
    sent = list(pages.filter(sent_at__gt=since).order_by("-sent_at").values_list("sent_at", flat=True)[:most])
    allowed = turn(channel.limits, [each for each in sent if each is not None], now=now)
    return allowed if allowed > now else None
