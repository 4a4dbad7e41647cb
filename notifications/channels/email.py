"""E-mail over the SMTP server of EMAIL_URL. Gives no receipts: what the server took counts as sent."""

import smtplib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from email.utils import parseaddr
from functools import partial
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend

from core.outgoing import CONNECT, READ, TOTAL
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
        backend = _Backend(timeout=READ)
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


class _Timed:
    """Connects within CONNECT seconds, and shows its line at once: smtplib keeps it to itself until it was greeted."""

    def __init__(self, *args: Any, lines: list[socket.socket], **more: Any) -> None:
        self._lines = lines
        super().__init__(*args, **more)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        line: socket.socket = super()._get_socket(host, port, CONNECT)  # type: ignore[misc]  # not in the stubs
        line.settimeout(timeout)
        self._lines.append(line)
        return line


class _Plain(_Timed, smtplib.SMTP):
    pass


class _Tls(_Timed, smtplib.SMTP_SSL):
    pass


class _Backend(EmailBackend):
    """Django's, which shows its line."""

    def __init__(self, **more: Any) -> None:
        self.lines: list[socket.socket] = []
        super().__init__(**more)

    @property
    def connection_class(self) -> Callable[..., smtplib.SMTP]:
        return partial(_Tls if self.use_ssl else _Plain, lines=self.lines)


@contextmanager
def _ended_after(seconds: float, backend: _Backend) -> Iterator[None]:
    """Cut the line after so long: smtplib's timeout starts anew with every byte."""

    def cut() -> None:
        server = backend.connection
        # STARTTLS takes the plain line's place.
        for line in [*backend.lines, server.sock if server is not None else None]:
            if line is None:
                continue
            with suppress(OSError):
                socket.socket.shutdown(line, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
