"""E-mail over the SMTP server of EMAIL_URL. Gives no receipts: what the server took counts as sent."""

import smtplib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend

from core.outgoing import READ, TOTAL
from notifications import email_message
from notifications.channel import Accepted, Limit, OutcomeUnknown, Outgoing, PermanentFailure, TemporaryFailure


class EmailChannel:
    """One connection per mail: it is not the channel that wakes people."""

    slug = "email"
    label = "E-mail"
    receipt_within: timedelta | None = None
    updates_in_place = False
    limits = (Limit(10, timedelta(minutes=1)), Limit(60, timedelta(hours=1)))

    def is_configured(self) -> bool:
        return bool(settings.EMAIL_IS_CONFIGURED)

    def send(self, outgoing: Outgoing) -> Accepted:
        """Hand the mail to the server. The same delivery has the same Message-ID at every attempt."""
        mail = _mail(outgoing)
        backend = EmailBackend(timeout=READ)
        try:
            with _ended_after(TOTAL, backend):
                _connect(backend)
                _hand_over(backend, mail)
        finally:
            with suppress(smtplib.SMTPException, OSError):
                backend.close()
        return Accepted(ref=str(mail.extra_headers["Message-ID"]))

    def find(self, outgoing: Outgoing) -> Accepted | None:
        """Nobody to ask: the reader's mail program drops the second of two mails with one Message-ID."""
        return None

    def mask(self, address: str) -> str:
        name, _, host = address.rpartition("@")
        return f"{name[:1]}***@{host}"


CHANNEL = EmailChannel()


def _mail(outgoing: Outgoing) -> EmailMultiAlternatives:
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "tocsin"
    mail = EmailMultiAlternatives(
        subject=email_message.subject(outgoing.message),
        body=email_message.text(outgoing.message),
        to=[outgoing.address],
        headers={
            "Message-ID": f"<delivery-{outgoing.delivery_id}@{host}>",
            "Auto-Submitted": "auto-generated",
            **email_message.thread_headers(outgoing.message, host),
        },
    )
    mail.attach_alternative(email_message.html(outgoing.message), "text/html")
    return mail


def _connect(backend: EmailBackend) -> None:
    try:
        backend.open()
    except smtplib.SMTPAuthenticationError as refusal:
        raise _failure(refusal.smtp_code, is_ours=True) from refusal
    except smtplib.SMTPNotSupportedError as refusal:
        raise PermanentFailure("smtp_not_supported", is_ours=True) from refusal
    except smtplib.SMTPResponseException as refusal:
        raise _failure(refusal.smtp_code) from refusal
    except TimeoutError as trouble:
        raise TemporaryFailure("timeout") from trouble
    except (smtplib.SMTPException, OSError, ValueError) as trouble:
        raise TemporaryFailure("not_connected") from trouble


def _hand_over(backend: EmailBackend, mail: EmailMultiAlternatives) -> None:
    try:
        backend.send_messages([mail])
    except smtplib.SMTPRecipientsRefused as refusal:
        codes = [code for code, _ in refusal.recipients.values()]
        raise _failure(codes[0] if codes else 0) from refusal
    except smtplib.SMTPResponseException as refusal:
        raise _failure(refusal.smtp_code) from refusal
    except TimeoutError as trouble:
        raise OutcomeUnknown("timeout") from trouble
    except (smtplib.SMTPException, OSError, ValueError) as trouble:
        raise OutcomeUnknown("connection_lost") from trouble


def _failure(code: int, *, is_ours: bool = False) -> TemporaryFailure | PermanentFailure:
    """4xx may succeed later (greylisting among them), 5xx never will: RFC 5321, 4.2.1."""
    if 500 <= code < 600:
        return PermanentFailure(f"smtp_{code}", is_ours=is_ours)
    return TemporaryFailure(f"smtp_{code}")


@contextmanager
def _ended_after(seconds: float, backend: EmailBackend) -> Iterator[None]:
    """Cut the line after so long: smtplib's timeout starts anew with every byte."""

    def cut() -> None:
        server = backend.connection or getattr(backend, "_partial_connection", None)
        if server is not None and server.sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(server.sock, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
