"""Mail that a provider received and posts to `/email/inbound/`: believed by its proof, stored, then answered.

Which providers there are says `alerts.mail.providers`. Who posts to an integration's own address needs none of this.
"""

import json
from collections.abc import Sequence
from typing import Any

import structlog
from anymail.exceptions import AnymailConfigurationError, AnymailError, AnymailWebhookValidationFailure
from django.conf import settings
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from alerts.mail.postbox import SOURCE, key_in
from alerts.mail.providers import PROVIDERS
from alerts.models import Event, Integration
from alerts.receiving.letters import hashed
from core import clock, jobs

log = structlog.get_logger(__name__)

# What Mailgun takes for "do not come again"; so do the others, by its first digit.
_NOT_AGAIN = 406
# What the readers of foreign formats raise at what they do not expect; the configuration is none of it.
_NO_MAIL = (
    *(AnymailError, AnymailConfigurationError),
    *(KeyError, IndexError, ValueError, TypeError, AttributeError, RecursionError),
)
_MOST_RECIPIENTS = 50  # integrations that one mail is for


@csrf_exempt
def email_inbound(request: HttpRequest) -> HttpResponse:
    """Store what the provider posts. 503 where it is to come again."""
    provider, secret = settings.EMAIL_INBOUND, settings.EMAIL_INBOUND_SECRET
    kind = PROVIDERS.get(provider)
    if kind is None or not secret:
        return _said(404, "No mail provider posts here: set EMAIL_INBOUND and EMAIL_INBOUND_SECRET.")
    if request.method == "HEAD":
        return HttpResponse()
    if request.method != "POST":
        return _said(405, "A mail provider posts here.")
    receiver = kind.receiver(secret, request)
    try:
        receiver.run_validators(request)
        mails = [(event.message, kind.recipients(event)) for event in _events(receiver, request)]
    except AnymailWebhookValidationFailure:
        log.warning("email_inbound.refused", provider=provider)
        return _said(403, "That is not what EMAIL_INBOUND_SECRET asks for.")
    except _NO_MAIL as trouble:
        log.warning("email_inbound.unreadable", provider=provider, reason=type(trouble).__name__)
        return _said(_NOT_AGAIN, "That is no mail as this provider posts it.")
    try:
        with transaction.atomic():
            kept = sum(_keep(mail, recipients) for mail, recipients in mails)
    except DatabaseError:
        answer = _said(503, "This could not be stored just now. Send it again.")
        answer["Retry-After"] = "30"
        return answer
    # Some try the address with a call that holds no mail.
    return HttpResponse() if kept or not mails else _said(_NOT_AGAIN, "No integration has this address.")


def _events(receiver: Any, request: Any) -> list[Any]:
    """What the provider tells of; where a text in it holds half a character, without that."""
    try:
        return list(receiver.parse_events(request))
    except UnicodeEncodeError:
        whole = json.dumps(json.loads(request.body), ensure_ascii=False)
        request._body = whole.encode("utf-8", "replace")  # noqa: SLF001  what `body` gives, which django-anymail reads
        return list(receiver.parse_events(request))


def _keep(mail: Any, recipients: Sequence[str]) -> int:
    """Put a mail into the inbox of each integration that it is for. How many these are."""
    keys = {key for each in recipients if (key := key_in(each))}
    if not keys:  # forwarded, so that the envelope names somebody else
        keys = {key for each in (*mail.to, *mail.cc) if (key := key_in(each.addr_spec))}
    hashes = [hashed(key) for key in keys]
    found = list(Integration.objects.filter(key_hash__in=hashes, is_active=True).order_by("id")[:_MOST_RECIPIENTS])
    raw, now = _raw(mail), clock.now()
    Event.objects.bulk_create(
        Event(
            integration=integration,
            received_at=now,
            due_at=now,
            source=SOURCE,
            content_type="message/rfc822",
            headers={":envelope_from": (mail.envelope_sender or "").replace("\x00", "")[:320]},
            body=raw,
            body_size=len(raw),
        )
        for integration in found
    )
    if found:
        jobs.ring("ingest")
    return len(found)


def _raw(mail: Any) -> bytes:
    """As it would have travelled."""
    try:
        return bytes(mail.as_bytes())
    except UnicodeError:  # fields of JSON may hold half a character
        return str(mail.as_string()).encode("utf-8", "replace")


def _said(status: int, text: str) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")


# With and without the final slash, as all receiving paths.
urlpatterns = [path("email/inbound/", email_inbound), path("email/inbound", email_inbound)]
