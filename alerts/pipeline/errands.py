"""What a message asks to be fetched before it can be believed, or answered: certificates, confirmations of Amazon SNS.

Never at the door and never in the pipeline: an errand is a row with a due time, run between transactions and tried
again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction

from alerts.models import Errand, ErrandKind, Event, EventStatus, Integration, SigningCertificate
from alerts.parsing import sns
from alerts.parsing.source import Received
from alerts.pipeline import quarantine
from alerts.pipeline.understanding import Understood
from core import claims, clock, jobs, outgoing

log = structlog.get_logger(__name__)

LANE = "errands"
CONFIRMATION_ASKED = "subscription_confirmation"
CONFIRMED = "subscription_confirmed"
CERTIFICATE_MISSING = "certificate_missing"
UNCHECKED = "signature_unchecked"  # a mark: a signature was there, and no certificate to check it with
SIGNATURE_WRONG = "signature_wrong"  # a mark: and when there was one, it was seen to be wrong
_AT_ONCE = 5  # errands of one look
_LEASE = timedelta(seconds=60)
_MOST_TRIES = 30  # two hours
_TOLD_AFTER = 4  # tries in vain, while messages wait: seven seconds


class _NotNow(Exception):
    """It may go well another time. The text says why it did not."""


def note(integration: Integration, understood: Sequence[Understood]) -> None:
    """Write down what these messages ask for."""
    wanted = [
        each
        for each in understood
        if each.reason in (CONFIRMATION_ASKED, CERTIFICATE_MISSING) or (each.alerts and UNCHECKED in each.event.marks)
    ]
    if not wanted:
        return
    now = clock.now()
    errands = []
    for each in wanted:
        is_confirmation = each.reason == CONFIRMATION_ASKED
        found = None if is_confirmation else sns.envelope(Received(each.event.body, now, headers=each.event.headers))
        errands.append(
            Errand(
                integration=integration,
                kind=ErrandKind.CONFIRM if is_confirmation else ErrandKind.CERTIFICATE,
                target=str(each.event.id) if found is None else found.certificate_url,
                event_id=each.event.id,
                received_at=each.event.received_at,
                due_at=now,
            )
        )
    Errand.objects.bulk_create(errands, ignore_conflicts=True)
    jobs.ring(LANE)


def next_due() -> datetime | None:
    """When the next errand is to be run."""
    return Errand.objects.order_by("due_at").values_list("due_at", flat=True).first()


def run() -> int:
    """Run what is due. Returns how many they were."""
    now = clock.now()
    if not claims.is_any_due(Errand, now):
        return 0
    with transaction.atomic():
        due = claims.lock_due(
            Errand.objects.filter(due_at__lte=now).select_related("integration").order_by("due_at"), at_most=_AT_ONCE
        )
        for errand in due:
            errand.tries, errand.due_at = errand.tries + 1, now + _LEASE
            errand.save(update_fields=["tries", "due_at"])
    for errand in due:
        _run(errand)
    return len(due)


def _run(errand: Errand) -> None:
    event = Event.objects.filter(pk=errand.event_id, received_at=errand.received_at).first()
    message = (
        None if event is None else sns.envelope(Received(bytes(event.body), clock.now(), headers=event.headers or {}))
    )
    if event is None or message is None:
        if event is not None:
            _refuse(errand, event, "It is not signed.")
        errand.delete()
        return
    try:
        if errand.kind == ErrandKind.CONFIRM:
            _confirm(errand, event, message)
        else:
            pem = _certificate(message.certificate_url)
            quarantine.replay_waiting(errand.integration, reason=CERTIFICATE_MISSING)
            _check_what_was_read(errand.integration, event, message, pem)
    except sns.NotAmazons as trouble:
        _refuse(errand, event, str(trouble))
    except _NotNow as trouble:
        _postpone(errand, event, str(trouble))
        return
    errand.delete()


def _confirm(errand: Errand, event: Event, message: sns.Envelope) -> None:
    """Have the subscription confirmed, if Amazon asks for it. Raises NotAmazons and _NotNow."""
    sns.check_certificate_url(message.certificate_url, base=settings.SNS_API_URL)
    sns.check_subscribe_url(message.subscribe_url, base=settings.SNS_API_URL)
    sns.check_signature(message, _certificate(message.certificate_url), at=event.received_at)
    answer = _get(message.subscribe_url)
    if not 200 <= answer.status < 300:
        raise _NotNow(f"Amazon answered {answer.status}")
    log.info("sns.confirmed", integration=errand.integration.name, topic=message.topic)
    _note_on(event, CONFIRMED, f"Confirmed: the topic {message.topic} sends here from now on.")


def _check_what_was_read(integration: Integration, event: Event, message: sns.Envelope, pem: str) -> None:
    """Who names no topic is told of a message at once, and later where it turns out that Amazon did not sign it."""
    if UNCHECKED not in event.marks:
        return
    try:
        sns.check_signature(message, pem, at=event.received_at)
    except sns.NotAmazons as trouble:
        marks = [*event.marks, SIGNATURE_WRONG]
        problem = f"{trouble} It was read all the same, as its certificate was not at hand and no topic is asked for."
        with transaction.atomic():
            Event.objects.filter(pk=event.pk, received_at=event.received_at).update(marks=marks, problem=problem)
            quarantine.tell(integration, reason="proof_wrong", problem=problem, messages=1, is_doubted=True)


def _certificate(url: str) -> str:
    """The certificate that lies there, fetched once; empty where there is none. Raises NotAmazons and _NotNow."""
    sns.check_certificate_url(url, base=settings.SNS_API_URL)
    known = SigningCertificate.objects.known().filter(url=url).first()
    if known is None:
        answer = _get(url)
        if answer.status >= 500 or answer.status == 429:
            raise _NotNow(f"Amazon answered {answer.status}")
        pem = answer.text if answer.status == 200 and "\x00" not in answer.text else ""
        known, _ = SigningCertificate.objects.update_or_create(
            url=url, defaults={"pem": pem[:20_000], "fetched_at": clock.now()}
        )
    return known.pem


def _get(url: str) -> outgoing.Answer:
    try:
        if settings.SNS_API_URL and url.startswith(settings.SNS_API_URL):
            return outgoing.exchange(outgoing.provider_client("sns"), "GET", url)
        return outgoing.fetch(url)
    except (outgoing.NotSent, outgoing.NoAnswer, outgoing.Refused) as trouble:
        raise _NotNow(str(trouble)) from None


def _refuse(errand: Errand, event: Event, problem: str) -> None:
    with transaction.atomic():
        if errand.kind == ErrandKind.CERTIFICATE:
            quarantine.replay_waiting(
                errand.integration, reason=CERTIFICATE_MISSING
            )  # the guard knows the same by now, and puts them away for good
            return
        quarantine.put_away(
            errand.integration,
            event.pk,
            reason="proof_wrong",
            problem=f"{problem} It was not confirmed.",
            is_doubted=True,
        )


def _postpone(errand: Errand, event: Event, trouble: str) -> None:
    now = clock.now()
    if errand.kind == ErrandKind.CONFIRM:
        problem = f"Amazon SNS was not reached to confirm the subscription ({trouble})."
        _note_on(event, event.reason, f"{problem} It is tried again.")
    else:
        problem = f"Amazon's certificate could not be fetched ({trouble}), so messages wait to be checked."
    with transaction.atomic():
        if errand.tries >= _MOST_TRIES:
            if errand.kind == ErrandKind.CONFIRM:
                put_away = f"{problem} Open the address that this message gives as “SubscribeURL” by hand."
                quarantine.put_away(errand.integration, event.pk, reason="not_confirmed", problem=put_away)
            errand.delete()
            return
        if errand.kind == ErrandKind.CERTIFICATE and errand.tries >= _TOLD_AFTER and _is_waited_for(errand):
            quarantine.tell(errand.integration, reason=CERTIFICATE_MISSING, problem=problem, messages=1)
        errand.due_at = claims.postpone(errand.tries, now=now)
        errand.save(update_fields=["due_at"])


def _note_on(event: Event, reason: str, problem: str) -> None:
    Event.objects.filter(pk=event.pk, received_at=event.received_at).update(reason=reason, problem=problem)


def _is_waited_for(errand: Errand) -> bool:
    waiting = Event.objects.filter(integration=errand.integration, status=EventStatus.QUARANTINED)
    return waiting.filter(reason=CERTIFICATE_MISSING).exists()
