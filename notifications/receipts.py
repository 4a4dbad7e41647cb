"""What carriers report after they took a message, and what their silence means."""

import time
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Min

from core import claims, clock, jobs
from incidents.models import Incident
from notifications import chain, methods, outcomes, seen, states, twilio_codes
from notifications.models import Delivery, Receipt
from notifications.states import Move, Status

log = structlog.get_logger(__name__)

NO_RECEIPT = "no_receipt"
CONFIRMED = "receipt"
_BATCH = 50
_TIDY_EVERY = 3600.0
_tidied = -_TIDY_EVERY

# Statuses that end a text message; the others (queued, sending, sent ...) are only kept.
_MEANS = {
    "delivered": Move.CONFIRM,
    "read": Move.CONFIRM,
    "undelivered": Move.FAIL,
    "failed": Move.FAIL,
    "canceled": Move.FAIL,
}


def next_due() -> datetime | None:
    """When the next receipt is missed (UTC)."""
    found: datetime | None = Delivery.objects.filter(receipt_due_at__isnull=False).aggregate(at=Min("receipt_due_at"))[
        "at"
    ]
    return found


@jobs.lane("receipts", order=50, next_due=next_due)
def run() -> int:
    """Whoever's carrier is silent for too long is reached by the next rule."""
    _tidy_hourly()
    now = clock.now()
    if not claims.is_any_due(Delivery, now, column="receipt_due_at"):
        return 0
    due = Delivery.objects.filter(receipt_due_at__lte=now).order_by("receipt_due_at", "id")
    handled, passed, held = 0, set[int](), set[int]()
    while not handled:
        free = due.exclude(incident__in=held).exclude(pk__in=passed)
        missed = list(free.values_list("pk", "incident_id")[:_BATCH])
        if not missed:
            break
        for pk, incident_id in missed:
            if incident_id in held:
                continue
            if _is_dealt_with(pk):
                handled += 1
            else:
                passed.add(pk)
                held.update([] if incident_id is None else [incident_id])
    return handled


def _is_dealt_with(pk: int) -> bool:
    """False where somebody holds its incident: the next tick sees it again."""
    try:
        _miss(pk)
    except outcomes.Busy:
        return False
    except Exception as trouble:
        if claims.is_database_lost(trouble):
            raise
        if claims.is_about_rows(trouble):
            return False
        # It may not stop the others; it is asked again in a minute.
        log.exception("receipt.raised", delivery=pk)
        Delivery.objects.filter(pk=pk).update(receipt_due_at=clock.now() + timedelta(minutes=1))
    return True


def _tidy_hourly() -> None:
    global _tidied  # noqa: PLW0603  once per process and hour is enough
    if time.monotonic() - _tidied > _TIDY_EVERY:
        seen.forget_old()
        _tidied = time.monotonic()


@transaction.atomic
def record(*, provider_ref: str, status: str, code: int | None = None, delivery_id: int | None = None) -> bool:
    """Note a carrier's report about a message. False where it was known, or is about none of ours.

    `delivery_id` finds a message whose reference was not recorded: reports overtake answers, and of two attempts
    only one is on record. That any attempt arrived is good news; only the one on record can fail.
    """
    found = _reported(provider_ref, delivery_id)
    if found is None:
        return False
    incident, delivery = outcomes.locked(found)
    fields = {"delivery": delivery, "code": str(code or ""), "at": clock.now()}
    _, is_new = Receipt.objects.get_or_create(provider_ref=provider_ref, status=status[:30], defaults=fields)
    if not is_new:
        return False
    if not delivery.provider_ref:
        delivery.provider_ref = provider_ref
        delivery.save(update_fields=["provider_ref"])
    move = _MEANS.get(status)
    if move is Move.CONFIRM:
        _confirm(delivery, incident)
    elif move is Move.FAIL and delivery.provider_ref == provider_ref:
        outcomes.fail(delivery, incident, reason=twilio_codes.reason(code))
        if code == twilio_codes.STOPPED:
            methods.disable(delivery.channel, delivery.address, reason=methods.STOPPED, incident=incident)
    return True


def _reported(provider_ref: str, delivery_id: int | None) -> int | None:
    by_ref = Delivery.objects.filter(provider_ref=provider_ref).order_by("id").values_list("pk", flat=True).first()
    if by_ref is not None or delivery_id is None:
        return by_ref
    return Delivery.objects.filter(pk=delivery_id, attempts__gt=0).values_list("pk", flat=True).first()


def _confirm(delivery: Delivery, incident: Incident | None) -> None:
    new = states.after(Status(delivery.status), Move.CONFIRM)
    if new is None:
        return
    now = clock.now()
    delivery.status, delivery.reason = new, CONFIRMED
    delivery.sent_at = delivery.sent_at or now
    delivery.delivered_at = delivery.ended_at = now
    delivery.receipt_due_at = None
    delivery.save(update_fields=["status", "reason", "sent_at", "delivered_at", "ended_at", "receipt_due_at"])
    outcomes.note(delivery, incident, kind="page_delivered", text=f"{outcomes.what(delivery)} arrived.")


def _miss(pk: int) -> None:
    """No receipt came in time. It may still come; meanwhile the next rule is asked."""
    with transaction.atomic():
        incident, delivery = outcomes.locked_at_once(pk)
        if delivery.receipt_due_at is None or delivery.receipt_due_at > clock.now():
            return
        delivery.receipt_due_at, delivery.reason = None, NO_RECEIPT
        delivery.save(update_fields=["receipt_due_at", "reason"])
        text = f"{outcomes.what(delivery)}: no receipt in time, going on with the next contact method."
        outcomes.note(delivery, incident, kind="page_unconfirmed", text=text)
        if incident is not None:
            chain.go_on_without(delivery, incident)
