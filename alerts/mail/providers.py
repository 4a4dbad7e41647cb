"""Mail providers that post what they receive: how each proves itself, and for whom a mail of its is.

Formats and proofs are django-anymail's, corrected where a mail could be lost by them. Providers whose message has to be
fetched from them (Resend, Mailtrap, Amazon SES with S3) are not among them.
"""

import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from anymail.inbound import AnymailInboundMessage
from anymail.signals import AnymailInboundEvent, EventType
from anymail.webhooks.base import AnymailBaseWebhookView
from anymail.webhooks.brevo import BrevoInboundWebhookView
from anymail.webhooks.mailersend import MailerSendInboundWebhookView
from anymail.webhooks.mailgun import MailgunInboundWebhookView
from anymail.webhooks.mailjet import MailjetInboundWebhookView
from anymail.webhooks.mandrill import MandrillCombinedWebhookView
from anymail.webhooks.postal import PostalInboundWebhookView
from anymail.webhooks.postmark import PostmarkInboundWebhookView
from anymail.webhooks.sendgrid import SendGridInboundWebhookView
from anymail.webhooks.sparkpost import SparkPostInboundWebhookView
from django.conf import settings
from django.http import HttpRequest

Proof = dict[str, Any]
Event = Any  # django-anymail's events and messages carry no types
Mail = Any


def _password(secret: str, _request: HttpRequest) -> Proof:
    return {"webhook_secret": [secret]}


def _signing(name: str) -> Callable[[str, HttpRequest], Proof]:
    return lambda secret, _request: {name: secret, "webhook_secret": []}


def _mandrill(secret: str, request: HttpRequest) -> Proof:
    # It signs the address it was given; a proxy in front may have changed how that looks to us.
    address = f"{settings.PUBLIC_URL}{request.get_full_path()}"
    return {"webhook_key": secret, "webhook_url": address, "webhook_secret": []}


def _one_recipient(event: Event) -> list[str]:
    return [event.message.envelope_recipient or ""]


@dataclass(frozen=True)
class Provider:
    """Who posts mail. `recipients` are those of the envelope, all that the provider names."""

    view: type[AnymailBaseWebhookView]
    proof: Callable[[str, HttpRequest], Proof] = _password
    recipients: Callable[[Event], list[str]] = _one_recipient

    def receiver(self, secret: str, request: HttpRequest) -> Any:
        """What checks and reads this request, given EMAIL_INBOUND_SECRET."""
        return self.view(**self.proof(secret, request))


class _SendGrid(SendGridInboundWebhookView):  # type: ignore[misc]  # django-anymail has no types, here and below
    """Without the warning of its constructor, that nobody there can try it: here it is tested."""

    def __init__(self, **kwargs: Any) -> None:
        AnymailBaseWebhookView.__init__(self, **kwargs)


class _Brevo(BrevoInboundWebhookView):  # type: ignore[misc]
    """Without attachments, which would have to be fetched with a key of the account's: no alert is read from one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(api_key="", **kwargs)

    def esp_to_anymail_event(self, esp_event: Event) -> Event:
        return super().esp_to_anymail_event({**esp_event, "Attachments": []})


class _SparkPost(SparkPostInboundWebhookView):  # type: ignore[misc]
    """What is given in base64 need not be UTF-8."""

    def esp_to_anymail_event(self, event_class: str, event: Event, raw_event: Event) -> Event:
        content = event.get("content", {})
        if event_class != "relay_message" or not content.get("email_rfc822_is_base64"):
            return super().esp_to_anymail_event(event_class, event, raw_event)
        without = {**event, "content": {"email_rfc822": "", "email_rfc822_is_base64": False}}
        read = super().esp_to_anymail_event(event_class, without, raw_event)
        read.message = _mail(content["email_rfc822"], event.get("msg_from"), event.get("rcpt_to"))
        return read


class _Postal(PostalInboundWebhookView):  # type: ignore[misc]
    """What is given in base64 need not be UTF-8."""

    def parse_events(self, request: Any) -> list[Event]:
        body = json.loads(request.body)
        if "status" in body or body.get("base64") is not True:
            return list(super().parse_events(request))
        message = _mail(body["message"], body.get("mail_from"), body.get("rcpt_to"))
        return [AnymailInboundEvent(event_type=EventType.INBOUND, esp_event=body, message=message)]


def _mail(encoded: str, sender: str | None, recipient: str | None) -> Mail:
    mail = AnymailInboundMessage.parse_raw_mime_bytes(b64decode(encoded))
    mail.envelope_sender, mail.envelope_recipient = sender, recipient
    return mail


def _of_sendgrid(event: Event) -> list[str]:
    try:
        return [str(each) for each in json.loads(event.esp_event.POST["envelope"])["to"]]
    except (KeyError, ValueError, TypeError):
        return []


def _of_mailersend(event: Event) -> list[str]:
    return [str(each["email"]) for each in event.esp_event["data"].get("recipients", {}).get("rcptTo", ())]


def _of_brevo(event: Event) -> list[str]:
    return [event.message.envelope_recipient or "", *map(str, event.esp_event.get("Recipients") or ())]


PROVIDERS = {
    "brevo": Provider(_Brevo, recipients=_of_brevo),
    "mailersend": Provider(MailerSendInboundWebhookView, _signing("inbound_secret"), _of_mailersend),
    "mailgun": Provider(MailgunInboundWebhookView, _signing("webhook_signing_key")),
    "mailjet": Provider(MailjetInboundWebhookView),
    "mandrill": Provider(MandrillCombinedWebhookView, _mandrill),
    "postal": Provider(_Postal, _signing("webhook_key")),
    "postmark": Provider(PostmarkInboundWebhookView),
    "sendgrid": Provider(_SendGrid, recipients=_of_sendgrid),
    "sparkpost": Provider(_SparkPost),
}
