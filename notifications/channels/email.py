"""E-mail over the SMTP server of EMAIL_URL. Gives no receipts: what the server took counts as sent."""

import smtplib
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
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

# Seconds for the answer to a whole mail. Many servers scan it first, and one we do not wait for would take it twice.
# RFC 5321, 4.5.3.2.6 asks for ten minutes; a page cannot wait so long for its next method.
_ANSWER = 60.0
_FAREWELL = 5.0  # seconds for QUIT
_END = b"\r\n.\r\n"


class EmailChannel:
    """One connection per mail: it is not the channel that wakes people."""

    slug = "email"
    label = "E-mail"
    receipt_within: timedelta | None = None
    updates_in_place = False
    can_find = False
    limits: Sequence[Limit] = (Limit(10, timedelta(minutes=1)), Limit(60, timedelta(hours=1)))

    def __init__(self, answer: float = _ANSWER) -> None:
        self._answer = answer
        self.ends_within = timedelta(seconds=TOTAL + answer + _FAREWELL)

    def is_configured(self) -> bool:
        return bool(settings.EMAIL_IS_CONFIGURED)

    def send(self, outgoing: Outgoing) -> Accepted:
        """Hand the mail to the server. The same delivery has the same Message-ID at every attempt."""
        mail = _mail(outgoing)
        backend = _Backend(timeout=READ)
        with _Deadline(backend, TOTAL, after_data=self._answer) as deadline:
            try:
                _connect(backend)
                _hand_over(backend, mail)
            finally:
                deadline.is_in(_FAREWELL)
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


def _hand_over(backend: "_Backend", mail: EmailMultiAlternatives) -> None:
    try:
        backend.send_messages([mail])
    except smtplib.SMTPRecipientsRefused as refusal:
        codes = [code for code, _ in refusal.recipients.values()]
        raise _failure(codes[0] if codes else 0) from refusal
    except smtplib.SMTPResponseException as refusal:
        raise _failure(refusal.smtp_code) from refusal
    except TimeoutError as trouble:
        raise _open_or_not(backend, "timeout") from trouble
    except (smtplib.SMTPException, OSError, ValueError) as trouble:
        raise _open_or_not(backend, "connection_lost") from trouble


def _open_or_not(backend: "_Backend", reason: str) -> TemporaryFailure | OutcomeUnknown:
    """A mail whose end did not leave was not taken: RFC 5321, 4.1.1.4."""
    return OutcomeUnknown(reason) if backend.whole_mail_left else TemporaryFailure(reason)


def _failure(code: int, *, is_ours: bool = False) -> TemporaryFailure | PermanentFailure:
    """4xx may succeed later (greylisting among them), 5xx never will: RFC 5321, 4.2.1."""
    if 500 <= code < 600:
        return PermanentFailure(f"smtp_{code}", is_ours=is_ours)
    return TemporaryFailure(f"smtp_{code}")


class _Timed:
    """Connects within CONNECT seconds, and tells its backend at once about its line and about the end of the mail."""

    def __init__(self, *args: Any, backend: "_Backend", **more: Any) -> None:
        self._ours = backend
        backend.server = self
        super().__init__(*args, **more)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        # smtplib keeps its line to itself until it was greeted.
        line: socket.socket = super()._get_socket(host, port, CONNECT)  # type: ignore[misc]  # not in the stubs
        line.settimeout(timeout)
        self._ours.lines.append(line)
        return line

    def send(self, s: Any) -> None:
        is_end = isinstance(s, bytes) and s.endswith(_END)
        self._ours.whole_mail_left = self._ours.whole_mail_left or is_end
        super().send(s)  # type: ignore[misc]  # of smtplib.SMTP
        if is_end:
            self._ours.on_end()


class _Plain(_Timed, smtplib.SMTP):
    pass


class _Tls(_Timed, smtplib.SMTP_SSL):
    pass


class _Backend(EmailBackend):
    """Django's, which shows its lines and whether the end of the mail has left."""

    def __init__(self, **more: Any) -> None:
        self.lines: list[socket.socket] = []
        self.server: Any = None
        self.whole_mail_left = False
        self.on_end: Callable[[], None] = lambda: None
        super().__init__(**more)

    @property
    def connection_class(self) -> Callable[..., smtplib.SMTP]:
        return partial(_Tls if self.use_ssl else _Plain, backend=self)

    @property
    def open_lines(self) -> list[socket.socket]:
        # STARTTLS takes the plain line's place.
        secured = self.server.sock if self.server is not None else None
        return [*self.lines, *([secured] if secured is not None else [])]


class _Deadline:
    """Cuts the line when time is up: smtplib's timeout starts anew with every byte.

    `total` seconds until the whole mail has left, and from then on `after_data` for the answer.
    """

    def __init__(self, backend: _Backend, total: float, *, after_data: float) -> None:
        self._backend = backend
        self._total = total
        self._timer: threading.Timer | None = None
        backend.on_end = partial(self.is_in, after_data)

    def __enter__(self) -> "_Deadline":
        self.is_in(self._total)
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def is_in(self, seconds: float) -> None:
        """From now on the line has so long."""
        if self._timer is not None:
            self._timer.cancel()
        for line in self._backend.open_lines:
            with suppress(OSError):
                line.settimeout(seconds)
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def _cut(self) -> None:
        for line in self._backend.open_lines:
            with suppress(OSError):
                socket.socket.shutdown(line, socket.SHUT_RDWR)
