"""Takes due deliveries for this process: from the commit on they are `sending`, under a lease and a token.

A cancelled row is not due, and cancelling sees every row as it is then: what was not claimed before an
acknowledgement's commit never goes out after it.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When

from core import claims, clock
from incidents.states import Status as IncidentStatus
from notifications import composing, metrics, retrying, rules, states, throttle
from notifications.channel import CHANNELS, Outgoing
from notifications.models import Delivery, Kind
from notifications.states import Move, Status

log = structlog.get_logger(__name__)

_LEASE = timedelta(seconds=15)
_MARGIN = timedelta(seconds=5)  # from the end of an attempt to its record
_SKEW = timedelta(seconds=5)  # by how much the provider's clock may be behind ours
WORKER_DIED = "worker_died"
_DUE = (Status.QUEUED, Status.UNKNOWN)


@dataclass(frozen=True)
class Claimed:
    """A delivery that is this process's to send once. `is_unsure`: an earlier attempt may have gone out."""

    delivery_id: int
    incident_id: int | None
    kind: Kind
    user: str
    token: uuid.UUID
    attempt: int
    channel: str
    outgoing: Outgoing | None  # None where our own code raised on it
    is_unsure: bool
    refused: str  # why it must not go out any more, by name; empty where it may


@dataclass(frozen=True)
class Work:
    """What there is to do: slugs of channels with something due, and whether a lease has lapsed."""

    channels: list[str]
    has_lapsed: bool


def work() -> Work:
    """Asked four times a second: two plain statements where nothing is due, one more where something is."""
    now = clock.now()
    if not (
        claims.is_any_due(Delivery, now, where="status in ('queued', 'unknown')")
        or claims.is_any_due(Delivery, now, column="lease_until", where="status = 'sending'")
    ):
        return Work(channels=[], has_lapsed=False)
    rows = Delivery.objects.filter(_is_due(now) | _is_lapsed(now)).order_by()
    found = list(rows.values_list("channel", Case(When(status=Status.SENDING, then=1), default=0)).distinct())
    return Work(
        channels=sorted({slug for slug, lapsed in found if not lapsed}),
        has_lapsed=any(lapsed for _, lapsed in found),
    )


def exhausted() -> list[int]:
    """Whose lease has lapsed at the last attempt there is: whatever stops the workers at it would stop the next too."""
    rows = Delivery.objects.filter(_is_lapsed(clock.now()) & _is_exhausted())
    return list(rows.order_by("lease_until", "id").values_list("pk", flat=True)[:100])


@transaction.atomic
def lapse() -> int:
    """Give up what a dead worker had under way: whether it went out is not known, so it is due again at once."""
    now = clock.now()
    lapsed = Delivery.objects.filter(_is_lapsed(now) & ~_is_exhausted())
    rows = claims.lock_due(lapsed.order_by("lease_until", "id"), at_most=500)
    wanted = Q(unwanted_reason="")
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        status=Case(When(wanted, then=Value(Status.UNKNOWN)), default=Value(Status.CANCELLED)),
        reason=Case(When(wanted, then=Value(WORKER_DIED)), default=F("unwanted_reason")),
        due_at=now,
        ended_at=Case(When(wanted, then=Value(None)), default=Value(now)),
        lease_token=None,
        lease_until=None,
    )
    return len(rows)


@transaction.atomic
def claim(slug: str, *, at_most: int, only: Sequence[int] | None = None) -> tuple[list[Claimed], int]:
    """Claim due deliveries of one channel (or of these). Returns them, and how many rows were handled in all.

    Pages before updates, high urgency before low, then by due time.
    """
    now = clock.now()
    due = Delivery.objects.filter(_is_due(now), channel=slug)
    if only is not None:
        due = due.filter(pk__in=only)
    rows = due.order_by(F("updates").asc(nulls_first=True), "urgency", "due_at", "id")
    related = rows.select_related(
        "user", "contact_method", "incident__service", "incident__acknowledged_by", "incident__resolved_by", "updates"
    )
    found = claims.lock_due(related, at_most=at_most)
    waits = throttle.waits(found, CHANNELS.get(slug), now=now)
    taken = [row for row in found if not _is_held_back(row, waits.get(row.pk), now)]
    token = claims.new_token()
    _mark(taken, token, now, lease=_lease(slug))
    crowded = composing.crowded(taken)
    return [_claimed(row, token, others_wait=row.pk in crowded) for row in taken], len(found)


@transaction.atomic
def keep(claimed: Sequence[Claimed]) -> None:
    """Extend the leases of these where half of the time is over: their results cannot be written down yet."""
    now = clock.now()
    ours = {each.token for each in claimed}
    rows = Delivery.objects.filter(pk__in=[each.delivery_id for each in claimed], lease_token__in=ours)
    late = claims.lock_due(rows.filter(lease_until__lt=now + _LEASE / 2).order_by("id"), at_most=len(claimed))
    Delivery.objects.filter(pk__in=[row.pk for row in late]).update(lease_until=now + _LEASE)


def _is_due(now: datetime) -> Q:
    # Two updates of one message must not overtake each other.
    another_under_way = Delivery.objects.filter(updates=OuterRef("updates"), status=Status.SENDING)
    return Q(Q(updates=None) | ~Exists(another_under_way), status__in=_DUE, due_at__lte=now)


def _is_lapsed(now: datetime) -> Q:
    return Q(status=Status.SENDING, lease_until__lt=now)


def _is_exhausted() -> Q:
    blind = [slug for slug, channel in CHANNELS.all().items() if not channel.can_find]
    may_have_gone = Q(open_outcomes__gte=retrying.OPEN_OUTCOMES, channel__in=blind)
    return Q(Q(attempts__gte=retrying.GIVE_UP_AFTER) | may_have_gone, unwanted_reason="")


def _is_held_back(row: Delivery, wait: throttle.Wait | None, now: datetime) -> bool:
    """Whether it need not go out any more, or only later; then the row says so from here on."""
    if row.kind == Kind.PAGE and row.incident is not None and row.incident.status == IncidentStatus.RESOLVED:
        row.status = states.after(Status(row.status), Move.CANCEL) or row.status
        row.reason, row.ended_at = "incident_resolved", now
        row.save(update_fields=["status", "reason", "ended_at"])
        return True
    if wait is None:
        return False
    row.due_at, row.reason = wait.until, wait.reason
    row.save(update_fields=["due_at", "reason"])
    return True


def _lease(slug: str) -> timedelta:
    """Longer than the attempt: a row whose lease lapses is sent again."""
    channel = CHANNELS.get(slug)
    return channel.ends_within + _MARGIN if channel else _LEASE


def _mark(rows: list[Delivery], token: uuid.UUID, now: datetime, *, lease: timedelta) -> None:
    for row in rows:
        states.after(Status(row.status), Move.CLAIM)
        late = (now - row.due_at).total_seconds()
        transaction.on_commit(partial(metrics.lateness.labels(row.channel).observe, late))
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        # The moment from which an open outcome counts is that of the first attempt that left one.
        tried_at=Case(When(status=Status.UNKNOWN, then=F("tried_at")), default=Value(now)),
        status=Status.SENDING,
        attempts=F("attempts") + 1,
        lease_until=now + lease,
        lease_token=token,
    )


def _claimed(row: Delivery, token: uuid.UUID, *, others_wait: bool) -> Claimed:
    return Claimed(
        delivery_id=row.pk,
        incident_id=row.incident_id,
        kind=Kind(row.kind),
        user=str(row.user),
        token=token,
        attempt=row.attempts + 1,
        channel=row.channel,
        outgoing=_outgoing(row, others_wait=others_wait),
        is_unsure=row.status == Status.UNKNOWN,
        refused=_refused(row),
    )


def _refused(row: Delivery) -> str:
    """What has changed since it was planned, that keeps it from going out."""
    if row.user is not None and not row.user.is_active:
        return rules.NOT_ACTIVE
    if row.contact_method is not None and row.contact_method.disabled_reason:
        return rules.DISABLED
    return ""


def _outgoing(row: Delivery, *, others_wait: bool) -> Outgoing | None:
    try:
        message = composing.message_for(row, others_wait=others_wait)
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
