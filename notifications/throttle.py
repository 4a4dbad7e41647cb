"""Keeps one telephone from drowning: repeated pages to an address are limited, and wait visibly instead of vanishing.

The first page of an incident to an address goes out at once, or within seconds where another incident's has just gone
there: by then it is known whether both belong to a storm, which pages once. A page that waits is bundled with nothing
and dropped never: it is `queued` with the reason until its turn, unless somebody answers before.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from notifications.channel import Channel, Limit
from notifications.models import Delivery, Kind

REASON = "throttled"
GATHERING = "gathering"
GATHER = timedelta(seconds=3)  # the phone rings already; what follows so soon may turn out to be the same storm
_LONGEST_SENDING = timedelta(minutes=30)  # from the first attempt to the last


def turn(limits: Sequence[Limit], sent: Sequence[datetime], *, now: datetime) -> datetime:
    """When the next message may go out, `sent` being the moments of the earlier ones, newest first. Pure."""
    allowed = now
    for limit in limits:
        if len(sent) >= limit.count:
            allowed = max(allowed, sent[limit.count - 1] + limit.window)
    return allowed


@dataclass(frozen=True)
class Wait:
    """Until when a page waits, and the named reason."""

    until: datetime
    reason: str


def waits(deliveries: Sequence[Delivery], channel: Channel | None, *, now: datetime) -> dict[int, Wait]:
    """Which of these deliveries of one channel must wait, and until when."""
    pages = [each for each in deliveries if each.kind == Kind.PAGE and not each.attempts]
    if not settings.THROTTLE or channel is None or not pages:
        return {}
    found = _gathering(pages, now)
    if channel.limits:
        found |= _limited([each for each in pages if each.pk not in found], channel, now)
    return found


def _gathering(pages: Sequence[Delivery], now: datetime) -> dict[int, Wait]:
    """Pages of further incidents to addresses where one has just gone, or goes now. Each waits so at most once."""
    first: dict[str, tuple[datetime, int | None]] = {}
    new = [each for each in pages if each.reason != GATHERING]
    recent = Delivery.objects.filter(
        kind=Kind.PAGE,
        channel=pages[0].channel,
        address__in={each.address for each in new},
        tried_at__gt=now - GATHER,
    )
    for address, at, incident_id in recent.order_by("tried_at").values_list("address", "tried_at", "incident_id"):
        if at is not None:
            first.setdefault(address, (at, incident_id))
    found = {}
    for page in new:
        since, of = first.setdefault(page.address, (now, page.incident_id))
        if of != page.incident_id:
            found[page.pk] = Wait(since + GATHER, GATHERING)
    return found


def _limited(pages: Sequence[Delivery], channel: Channel, now: datetime) -> dict[int, Wait]:
    """Pages that come again to an address that has had as many as the channel allows."""
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
            found[page.pk] = Wait(allowed, REASON)
    return found
