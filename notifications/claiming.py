"""Takes due deliveries for this process: from the commit on they are `sending`, under a lease and a token.

A cancelled row is not due, and cancelling sees every row as it is then: what was not claimed before an
acknowledgement's commit never goes out after it.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When

from core import claims, clock
from incidents.states import Status as IncidentStatus
from notifications import composing, metrics, states, throttle
from notifications.channel import CHANNELS, Channel, Outgoing
from notifications.models import Delivery, Kind
from notifications.states import Move, Status

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=15)  # a send ends after ten
_SKEW = timedelta(seconds=5)  # by how much the provider's clock may be behind ours
_DUE = (Status.QUEUED, Status.UNKNOWN)


@dataclass(frozen=True)
class Claimed:
    """A delivery that is this process's to send once. `is_unsure`: an earlier attempt may have gone out."""

    delivery_id: int
    token: uuid.UUID
    attempt: int
    channel: str
    outgoing: Outgoing | None  # None where our own code raised on it
    is_unsure: bool


def channels_with_work() -> list[str]:
    """Slugs of the channels that have something due."""
    return list(_due(clock.now()).order_by().values_list("channel", flat=True).distinct())


def lapse() -> int:
    """Give up what a dead worker had under way: whether it went out is not known, so it is due again at once."""
    now = clock.now()
    lapsed = Delivery.objects.filter(status=Status.SENDING, lease_until__lt=now)
    wanted = Q(unwanted_reason="")
    return lapsed.update(
        status=Case(When(wanted, then=Value(Status.UNKNOWN)), default=Value(Status.CANCELLED)),
        reason=Case(When(wanted, then=Value("worker_died")), default=F("unwanted_reason")),
        due_at=now,
        ended_at=Case(When(wanted, then=Value(None)), default=Value(now)),
        lease_token=None,
        lease_until=None,
    )


@transaction.atomic
def claim(slug: str, *, at_most: int, only: Sequence[int] | None = None) -> tuple[list[Claimed], int]:
    """Claim due deliveries of one channel (or of these). Returns them, and how many rows were handled in all.

    Pages before updates, high urgency before low, then by due time.
    """
    now = clock.now()
    due = _due(now).filter(channel=slug)
    if only is not None:
        due = due.filter(pk__in=only)
    rows = due.order_by(F("updates").asc(nulls_first=True), "urgency", "due_at", "id")
    related = rows.select_related(
        "user", "incident__service", "incident__acknowledged_by", "incident__resolved_by", "updates"
    )
    found = claims.lock_due(related, at_most=at_most)
    taken = [row for row in found if not _is_held_back(row, CHANNELS.get(slug), now)]
    token = claims.new_token()
    _mark(taken, token, now)
    return [_claimed(row, token) for row in taken], len(found)


def _due(now: datetime) -> QuerySet[Delivery]:
    # Two updates of one message must not overtake each other.
    another_under_way = Delivery.objects.filter(updates=OuterRef("updates"), status=Status.SENDING)
    return Delivery.objects.filter(Q(updates=None) | ~Exists(another_under_way), status__in=_DUE, due_at__lte=now)


def _is_held_back(row: Delivery, channel: Channel | None, now: datetime) -> bool:
    """Whether it need not go out any more, or only later; then the row says so from here on."""
    if row.kind == Kind.PAGE and row.incident is not None and row.incident.status == IncidentStatus.RESOLVED:
        row.status = states.after(Status(row.status), Move.CANCEL) or row.status
        row.reason, row.ended_at = "incident_resolved", now
        row.save(update_fields=["status", "reason", "ended_at"])
        return True
    later = throttle.waits_until(row, channel, now=now) if channel is not None else None
    if later is None:
        return False
    row.due_at, row.reason = later, throttle.REASON
    row.save(update_fields=["due_at", "reason"])
    return True


def _mark(rows: list[Delivery], token: uuid.UUID, now: datetime) -> None:
    for row in rows:
        states.after(Status(row.status), Move.CLAIM)
        metrics.lateness.labels(row.channel).observe((now - row.due_at).total_seconds())
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        # The moment from which an open outcome counts is that of the first attempt that left one.
        tried_at=Case(When(status=Status.UNKNOWN, then=F("tried_at")), default=Value(now)),
        status=Status.SENDING,
        attempts=F("attempts") + 1,
        lease_until=now + LEASE,
        lease_token=token,
    )


def _claimed(row: Delivery, token: uuid.UUID) -> Claimed:
    return Claimed(
        delivery_id=row.pk,
        token=token,
        attempt=row.attempts + 1,
        channel=row.channel,
        outgoing=_outgoing(row),
        is_unsure=row.status == Status.UNKNOWN,
    )


def _outgoing(row: Delivery) -> Outgoing | None:
    try:
        with transaction.atomic():
            message = composing.message_for(row)
    except Exception:  # whatever one row has, the others of its batch go out; this one counts as an attempt that failed
        log.exception("delivery.not_composed", delivery=row.pk)
        Delivery.objects.filter(pk=row.pk).update(failures=F("failures") + 1)
        return None
    return Outgoing(
        delivery_id=row.pk,
        address=row.address,
        attempt=row.attempts + 1,
        message=message,
        replaces=row.updates.provider_ref if row.updates else "",
        tried_at=row.tried_at - _SKEW if row.tried_at else None,
    )
