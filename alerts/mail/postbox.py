"""The SMTP listener: takes mail for integrations and answers 250 when it is committed, by the same inbox as the door.

The key stands in the local part of the address. One recipient per conversation, so that each gets an answer of its own;
senders come again for the others by themselves.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session, TLSSetupException

from alerts.mail.certificates import Certificate, Tls
from alerts.receiving.door import LARGEST_KEPT, connection_parameters
from alerts.receiving.inbox import Inbox, NotStored
from alerts.receiving.letters import Letter

log = structlog.get_logger(__name__)

SOURCE = "email"
LONGEST_SILENCE = 60.0  # seconds between two commands
LONGEST_MAIL = 300.0  # seconds from DATA to its end
_LONGEST_HANDSHAKE = 10.0  # seconds
MOST_AT_ONCE = 50  # conversations
_KEY = re.compile(r"[A-Za-z0-9_-]{32,64}")
_STORED = "250 2.0.0 Stored."
_LATER = "451 4.3.0 This could not be stored just now. Send it again."
_NOBODY = "550 5.1.1 No integration has this address."
_SWITCHED_OFF = "550 5.7.1 This integration is switched off."
_ONE_BY_ONE = "452 4.5.3 One recipient at a time."


def key_in(address: str) -> str:
    """The key that an address holds, behind the last plus sign of its local part; empty where there is none.

    In small letters: mail servers may change the case of an address on its way.
    """
    key = address.rpartition("@")[0].rpartition("+")[2].lower()
    return key if _KEY.fullmatch(key) else ""


class Postbox:
    """Listens from `open` until `close`. With a certificate it speaks TLS, as `tls` says."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        certificate: Certificate | None = None,
        tls: Tls = Tls.OFFERED,
        patience: float = LONGEST_SILENCE,
    ) -> None:
        self._host, self._port = host, port
        self._certificate, self._tls, self._patience = certificate, tls, patience
        self._server: asyncio.Server | None = None
        self._inbox = Inbox(connection_parameters)
        self._conversations = 0

    async def open(self) -> int:
        """Begin to listen. Returns the port."""
        self._inbox.start()
        loop = asyncio.get_running_loop()
        implicit = self._certificate.context if self._certificate and self._tls is Tls.IMPLICIT else None
        self._server = await loop.create_server(
            self._conversation,
            self._host,
            self._port,
            ssl=implicit,
            ssl_handshake_timeout=_LONGEST_HANDSHAKE if implicit else None,
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Take no more, and commit what waits."""
        if self._server is not None:
            self._server.close()
        await self._inbox.stop()

    # From here on as aiosmtpd calls it.

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Whether the address may be an integration's; whether it is one is known when the mail is stored."""
        if envelope.rcpt_tos:
            return _ONE_BY_ONE
        if not key_in(address):
            return _NOBODY
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Commit it, then say so."""
        raw = envelope.original_content or b""
        try:
            outcome = await self._inbox.put(letter(envelope.rcpt_tos[0], envelope.mail_from or "", raw))
        except NotStored:
            return _LATER
        if outcome.event_id is not None:
            return _STORED
        return _SWITCHED_OFF if outcome.is_known else _NOBODY

    async def handle_exception(self, trouble: Exception) -> str:
        """Whatever it was, the mail is not stored."""
        log.error("postbox.failed", reason=type(trouble).__name__)
        return _LATER

    def _conversation(self) -> asyncio.BaseProtocol:
        if self._conversations >= MOST_AT_ONCE:
            return _Busy()
        starts_tls = self._certificate is not None and self._tls is not Tls.IMPLICIT
        return _Conversation(
            self,
            self._count,
            data_size_limit=LARGEST_KEPT,
            enable_SMTPUTF8=True,
            timeout=self._patience,
            tls_context=self._certificate.context if self._certificate and starts_tls else None,
            require_starttls=starts_tls and self._tls is Tls.REQUIRED,
            hostname="tocsin",
            ident="Tocsin",
            loop=asyncio.get_running_loop(),
        )

    def _count(self, step: int) -> None:
        self._conversations += step


def letter(recipient: str, envelope_from: str, raw: bytes) -> Letter:
    """A mail as the inbox takes it."""
    return Letter(
        key=key_in(recipient),
        body=raw,
        body_size=len(raw),
        source=SOURCE,
        content_type="message/rfc822",
        headers={":envelope_from": envelope_from.replace("\x00", "")[:320]},
    )


class _Conversation(SMTP):
    """aiosmtpd's own, counted, and with an ear for the long lines that scripts write."""

    line_length_limit = 1_000_000

    def __init__(self, postbox: Postbox, count: Callable[[int], None], **options: Any) -> None:
        super().__init__(postbox, **options)
        self._count = count
        self._is_counted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # It is made once more when TLS begins.
        if not self._is_counted:
            self._is_counted = True
            self._count(1)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._is_counted:
            self._is_counted = False
            self._count(-1)
        super().connection_lost(error)

    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802  as aiosmtpd calls it
        """Who never finishes the handshake gives up the place."""
        self._reset_timeout(min(_LONGEST_HANDSHAKE, self._timeout_duration))
        await super().smtp_STARTTLS(arg)
        assert self.session is not None
        if self._tls_protocol is not None and self.session.ssl is None:
            # The time was over. asyncio calls `connection_lost` only of what was connected by TLS: aiosmtpd does so
            # when it hears this.
            raise TLSSetupException

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  as aiosmtpd calls it
        """A large mail over a slow line may take longer than a command."""
        self._reset_timeout(LONGEST_MAIL)
        await super().smtp_DATA(arg)


class _Busy(asyncio.Protocol):
    """Asks to come again."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"421 4.3.2 Too many at once. Come again.\r\n")
        transport.close()
