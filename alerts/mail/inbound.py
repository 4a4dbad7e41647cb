"""Mail that a provider received and posts to `/email/inbound/`: believed by its proof, stored, then answered.

The providers' formats and proofs are django-anymail's. Who posts to an integration's own address needs none of this.
"""

from typing import Any

import structlog
from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from anymail.webhooks.base import AnymailBaseWebhookView
from anymail.webhooks.mailgun import MailgunInboundWebhookView
from anymail.webhooks.mailjet import MailjetInboundWebhookView
from anymail.webhooks.postmark import PostmarkInboundWebhookView
from anymail.webhooks.sendgrid import SendGridInboundWebhookView
from anymail.webhooks.sparkpost import SparkPostInboundWebhookView
from django.conf import settings
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from alerts.mail.postbox import SOURCE, key_in
from alerts.models import Event, Integration
from alerts.receiving.letters import hashed
from core import clock, jobs

log = structlog.get_logger(__name__)

_SIGNS = "mailgun"  # the one that signs what it posts; the others show a user name and a password
_VIEWS: dict[str, type[AnymailBaseWebhookView]] = {
    _SIGNS: MailgunInboundWebhookView,
    "mailjet": MailjetInboundWebhookView,
    "postmark": PostmarkInboundWebhookView,
    "sendgrid": SendGridInboundWebhookView,
    "sparkpost": SparkPostInboundWebhookView,
}
# What Mailgun takes for "do not come again"; so do the others, by its first digit.
_NOT_AGAIN = 406


@csrf_exempt
def email_inbound(request: HttpRequest) -> HttpResponse:
    """Store what the provider posts. 503 where it is to come again."""
    provider, secret = settings.EMAIL_INBOUND, settings.EMAIL_INBOUND_SECRET
    kind = _VIEWS.get(provider)
    if kind is None or not secret:
        return _said(404, "No mail provider posts here: set EMAIL_INBOUND and EMAIL_INBOUND_SECRET.")
    if request.method == "HEAD":
        return HttpResponse()
    if request.method != "POST":
        return _said(405, "A mail provider posts here.")
    proof = {"webhook_signing_key": secret, "basic_auth": []} if provider == _SIGNS else {"webhook_secret": [secret]}
    view: Any = kind(**proof)
    try:
        view.run_validators(request)
        mails = [event.message for event in view.parse_events(request)]
    except AnymailWebhookValidationFailure:
        log.warning("email_inbound.refused", provider=provider)
        return _said(403, "That is not what EMAIL_INBOUND_SECRET asks for.")
    except (AnymailError, KeyError, ValueError, TypeError, AttributeError):
        return _said(_NOT_AGAIN, "That is no mail as this provider posts it.")
    try:
        with transaction.atomic():
            kept = [_keep(mail) for mail in mails]
    except DatabaseError:
        answer = _said(503, "This could not be stored just now. Send it again.")
        answer["Retry-After"] = "30"
        return answer
    return HttpResponse() if any(kept) else _said(_NOT_AGAIN, "No integration has this address.")


def _keep(mail: Any) -> bool:
    """Put a mail into the inbox of the integration it is for; False where there is none."""
    to = [mail.envelope_recipient or "", *(each.addr_spec for each in (*mail.to, *mail.cc))]
    key = next((key for each in to if (key := key_in(each))), "")
    integration = Integration.objects.filter(key_hash=hashed(key), is_active=True).first() if key else None
    if integration is None:
        return False
    raw, now = mail.as_bytes(), clock.now()
    Event.objects.create(
        integration=integration,
        received_at=now,
        due_at=now,
        source=SOURCE,
        content_type="message/rfc822",
        headers={":envelope_from": (mail.envelope_sender or "").replace("\x00", "")[:320]},
        body=raw,
        body_size=len(raw),
    )
    jobs.ring("ingest")
    return True


def _said(status: int, text: str) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")


urlpatterns = [path("email/inbound/", email_inbound)]
