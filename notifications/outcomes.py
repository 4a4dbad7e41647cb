"""Writes down what became of an attempt, and what follows from it. One transaction each: incident, then delivery."""

from __future__ import annotations

import random
from functools import partial

import structlog
from django.db import transaction
from django.db.models import F

from accounts.models import User
from core import claims, clock, jobs
from incidents import timeline
from incidents.actor import system
from incidents.models import Incident
from notifications import chain, methods, metrics, outbox, retrying, states, updates
from notifications.channel import (
    CHANNELS,
    Accepted,
    OutcomeUnknown,
    PermanentFailure,
    TemporaryFailure,
    label_of,
)
from notifications.claiming import WORKER_DIED, Claimed
from notifications.models import Delivery, Kind
from notifications.states import Move, Status

log = structlog.get_logger(__name__)

Result = Accepted | TemporaryFailure | PermanentFailure | OutcomeUnknown

WITHOUT_RECEIPT = "accepted_without_receipt"
AWAITS_RECEIPT = "awaits_receipt"
UNCONFIRMED = "unconfirmed"

_PATIENCE = 1000  # milliseconds for what else is locked on the way; the lane has others to look after


class Busy(Exception):
    """Somebody holds the incident or the delivery at this moment. Nothing was written."""


@transaction.atomic
def record(claimed: Claimed, result: Result) -> None:
    """Record the result of this claim. Raises Busy.

    Where the lease had lapsed meanwhile, only what the provider took counts: then no further attempt is wanted.
    """
    incident, delivery = locked_at_once(claimed.delivery_id)
    transaction.on_commit(partial(metrics.attempted, claimed.channel, result))
    if delivery.lease_token != claimed.token or delivery.attempts != claimed.attempt:
        log.warning("delivery.late_result", delivery=delivery.pk, result=type(result).__name__)
        if isinstance(result, Accepted):
            _accept_late(delivery, incident, result, claimed)
        return
    delivery.lease_token, delivery.lease_until = None, None
    match result:
        case Accepted():
            _accept(delivery, incident, result, claimed)
        case TemporaryFailure():
            # What an earlier attempt left open stays open: it is looked for again before the next.
            _try_again(delivery, incident, result, Move.LOSE if claimed.is_unsure else Move.RETRY)
        case OutcomeUnknown():
            delivery.open_outcomes += 1
            _try_again(delivery, incident, result, Move.LOSE)
        case PermanentFailure():
            fail(delivery, incident, reason=result.reason)
            if result.disables_method:
                methods.disable(delivery.channel, delivery.address, reason=result.reason, incident=incident)
            if result.is_ours:
                _tell_admins(delivery, result.reason)


@transaction.atomic
def give_up(delivery_id: int) -> None:
    """End a delivery whose every attempt was lost, its worker's or its record's. Raises Busy."""
    incident, delivery = locked_at_once(delivery_id)
    if delivery.status != Status.SENDING or delivery.lease_until is None or delivery.lease_until >= clock.now():
        return
    delivery.lease_token, delivery.lease_until = None, None
    fail(delivery, incident, reason=UNCONFIRMED if delivery.open_outcomes else WORKER_DIED)


def count_fault(claimed: Claimed, result: Result) -> None:
    """Our own code raised when it wrote down what became of an attempt. Its lease lapses."""
    may_have_gone = isinstance(result, Accepted | OutcomeUnknown)
    Delivery.objects.filter(pk=claimed.delivery_id, lease_token=claimed.token).update(
        failures=F("failures") + 1, open_outcomes=F("open_outcomes") + int(may_have_gone)
    )


def locked(delivery_id: int) -> tuple[Incident | None, Delivery]:
    """The delivery and its incident, locked in the order in which everybody locks them."""
    incident_id = Delivery.objects.values_list("incident_id", flat=True).get(pk=delivery_id)
    incident = None
    if incident_id is not None:
        incident = Incident.objects.select_for_update(no_key=True).get(pk=incident_id)
    delivery = Delivery.objects.select_for_update(no_key=True, of=("self",)).select_related("user").get(pk=delivery_id)
    return incident, delivery


def locked_at_once(delivery_id: int) -> tuple[Incident | None, Delivery]:
    """The same for lanes: raises Busy instead of waiting for an incident while all other pages wait behind it."""
    claims.wait_at_most(_PATIENCE)
    incident_id = Delivery.objects.values_list("incident_id", flat=True).get(pk=delivery_id)
    incident = None
    if incident_id is not None:
        incident = Incident.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=incident_id).first()
        if incident is None:
            raise Busy
    free = Delivery.objects.select_for_update(no_key=True, skip_locked=True, of=("self",)).select_related("user")
    delivery = free.filter(pk=delivery_id).first()
    if delivery is None:
        raise Busy
    return incident, delivery


def fail(delivery: Delivery, incident: Incident | None, *, reason: str) -> None:
    """It will never arrive this way: the person's next rule is started at once."""
    new = states.after(Status(delivery.status), Move.FAIL)
    if new is None:
        _save(delivery)
        return
    delivery.status, delivery.reason = new, reason
    delivery.ended_at, delivery.receipt_due_at = clock.now(), None
    _save(delivery)
    said = "tried twice, and nobody said whether it went out" if reason == UNCONFIRMED else _words(reason)
    note(delivery, incident, kind="page_failed", text=f"{what(delivery)} failed: {said}.")
    log.info("delivery.failed", delivery=delivery.pk, channel=delivery.channel, reason=reason)
    if incident is not None:
        chain.go_on_without(delivery, incident)


def is_over(delivery: Delivery) -> bool:
    """Whether nothing more is tried."""
    channel = CHANNELS.get(delivery.channel)
    can_find = channel is not None and channel.can_find
    return retrying.is_over(delivery.attempts, open_outcomes=delivery.open_outcomes, can_find=can_find)


def note(delivery: Delivery, incident: Incident | None, *, kind: str, text: str) -> None:
    """An entry in the incident's timeline about one of its pages."""
    if incident is not None and delivery.kind == Kind.PAGE:
        timeline.record(
            incident,
            kind=kind,
            by=system("notifications"),
            reason=delivery.reason,
            text=text,
            delivery=delivery.pk,
            channel=delivery.channel,
            user=str(delivery.user),
        )


def _accept(delivery: Delivery, incident: Incident | None, result: Accepted, claimed: Claimed) -> None:
    now = clock.now()
    channel = CHANNELS.get(delivery.channel)
    within = channel.receipt_within if channel else None
    new = states.after(Status(delivery.status), Move.ACCEPT)
    delivery.provider_ref = delivery.provider_ref or result.ref
    delivery.sent_at = delivery.sent_at or now
    # A receipt may have come before this answer: then the status stays where it brought it.
    if new is not None:
        delivery.status = new
        delivery.reason = AWAITS_RECEIPT if within else WITHOUT_RECEIPT
        delivery.ended_at = None if within else now
        is_wanted = delivery.kind == Kind.PAGE and not delivery.unwanted_reason
        delivery.receipt_due_at = now + within if within and is_wanted else None
    _save(delivery)
    note(delivery, incident, kind="page_sent", text=f"{what(delivery)} sent.")
    log.info("delivery.sent", delivery=delivery.pk, channel=delivery.channel, attempt=delivery.attempts)
    told = claimed.outgoing.message.facts if claimed.outgoing else None
    if incident is not None and told is not None and told.status != incident.status:
        updates.queue(incident, of=[delivery.pk])


def _accept_late(delivery: Delivery, incident: Incident | None, result: Accepted, claimed: Claimed) -> None:
    if delivery.status in (Status.SENDING, Status.UNKNOWN):
        delivery.lease_token, delivery.lease_until = None, None
        _accept(delivery, incident, result, claimed)
    elif delivery.attempts > claimed.attempt or delivery.status not in (Status.SENT, Status.DELIVERED):
        # Otherwise it is this very attempt, which is on record already.
        note(delivery, incident, kind="page_sent_late", text=f"{what(delivery)} went out once more than recorded.")


def _try_again(
    delivery: Delivery, incident: Incident | None, result: TemporaryFailure | OutcomeUnknown, move: Move
) -> None:
    now = clock.now()
    new = states.after(Status(delivery.status), move)
    if new is None:  # a receipt was faster than the answer: it decides
        _save(delivery)
        return
    if delivery.unwanted_reason:
        delivery.status = states.after(Status.UNKNOWN, Move.CANCEL) or delivery.status
        delivery.reason, delivery.ended_at = delivery.unwanted_reason, now
        _save(delivery)
        return
    if is_over(delivery):
        is_open = isinstance(result, OutcomeUnknown) and delivery.attempts < retrying.GIVE_UP_AFTER
        fail(delivery, incident, reason=UNCONFIRMED if is_open else result.reason)
        return
    delivery.status, delivery.reason = new, result.reason
    delivery.due_at = now + retrying.wait(
        delivery.attempts,
        jitter=random.random(),  # noqa: S311  spreads load, guards nothing
        retry_after=result.retry_after if isinstance(result, TemporaryFailure) else None,
    )
    _save(delivery)
    jobs.ring(outbox.LANE)
    log.info("delivery.postponed", delivery=delivery.pk, channel=delivery.channel, reason=result.reason)
    if delivery.attempts == 1:
        note(delivery, incident, kind="page_delayed", text=f"{what(delivery)} delayed: {_words(result.reason)}.")
    if incident is not None:
        chain.go_on_without(delivery, incident)


def _tell_admins(delivery: Delivery, reason: str) -> None:
    label, day = label_of(delivery.channel), clock.now().date()
    for admin in User.objects.admins():
        outbox.notice(
            admin,
            subject=f"{label} refuses Tocsin",
            text=(
                f"{label} refuses what Tocsin sends ({_words(reason)}). Nobody can be paged there until the account "
                "is mended; pages go to each person's next rule instead. Look at the settings of this channel and run "
                "“manage.py doctor”."
            ),
            once=f"refused:{delivery.channel}:{reason}:{day}",
        )


def what(delivery: Delivery) -> str:
    """How people call a delivery: `SMS to ada`."""
    return f"{label_of(delivery.channel)} to {delivery.user}"


def _words(reason: str) -> str:
    return reason.replace("_", " ")


def _save(delivery: Delivery) -> None:
    delivery.save(
        update_fields=[
            "status",
            "reason",
            "open_outcomes",
            "due_at",
            "lease_token",
            "lease_until",
            "provider_ref",
            "sent_at",
            "delivered_at",
            "receipt_due_at",
            "ended_at",
        ]
    )
