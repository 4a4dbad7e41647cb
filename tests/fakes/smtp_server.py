"""A fake mail exchanger: a real SMTP server that keeps what it took, and readers who follow the links in it."""

import asyncio
import socket
import struct
import threading
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.parser import BytesHeaderParser
from functools import lru_cache

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.fakes import pages
from tests.fakes.faults import (
    CloseBeforeAnswer,
    Fault,
    FaultPlan,
    Hang,
    RateLimited,
    ResetAfterAccepting,
    Rule,
    ServerError,
    SmtpReply,
)
from tests.fakes.ledger import Ledger
from tests.fakes.pages import Link
from tests.fakes.tocsin import Answer, Tocsin

TAKEN = "250 2.0.0 OK"


@dataclass(frozen=True)
class MailMessage:
    """A mail as its reader's program shows it; header names are as sent, the last one of a name counts."""

    to: str
    from_: str
    subject: str
    text: str
    html: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def message_id(self) -> str:
        return self.headers.get("Message-ID", "")

    @property
    def links(self) -> list[Link]:
        return pages.links(self.html, self.text)

    def link(self, label: str) -> Link:
        """The first link whose words contain `label`."""
        found = [link for link in self.links if label.lower() in link.text.lower()]
        if not found:
            raise LookupError(f"{self.subject!r} has no link {label!r}, only {[link.text for link in self.links]}.")
        return found[0]


@lru_cache(maxsize=4096)
def _read(content: bytes, to: str) -> MailMessage:
    """Parsed only when a test looks: it costs ten times what taking the mail does."""
    parsed = message_from_bytes(content, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return MailMessage(
        to=to,
        from_=str(parsed["From"] or ""),
        subject=str(parsed["Subject"] or ""),
        text=_part(parsed, "plain"),
        html=_part(parsed, "html"),
        headers={name: str(value) for name, value in parsed.items()},
    )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    content = part.get_content() if part is not None else ""
    return content if isinstance(content, str) else ""


class FakeMail:
    """Takes mail for every address, with or without AUTH (any password will do)."""

    name = "email"

    def __init__(self, *, ledger: Ledger, tocsin: Tocsin, port: int = 0) -> None:
        self.ledger = ledger
        self.tocsin = tocsin
        self.faults = FaultPlan()
        self._lock = threading.Lock()
        self._boxes: dict[str, list[bytes]] = defaultdict(list)
        self._loop = asyncio.new_event_loop()
        self._released = asyncio.Event()
        self._server = self._loop.run_until_complete(
            self._loop.create_server(lambda: _Exchange(self, self._loop), "127.0.0.1", port, backlog=512)
        )
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"smtp://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    # What a test asks.

    def messages(self, to: str) -> list[MailMessage]:
        with self._lock:
            kept = list(self._boxes[to.lower()])
        return [_read(content, to) for content in kept]

    def follow(self, to: str, number: int, label: str) -> Answer:
        """Opens the link `label` of a mail in a fresh browser and presses the button `label` of the page behind it."""
        browser = self.tocsin.browse()
        link = self.messages(to)[number].link(label)
        page = browser.get(link.url)
        if not page.ok:
            return page
        for form in pages.forms(page.text):
            fields = form.pressed(label)
            if fields is not None and form.method == "post":
                return browser.submit(form.target(page.url or link.url), fields)
        raise LookupError(f"The page behind {label!r} has no form with such a button.")

    def prefetch(self, to: str) -> list[Answer]:
        """GETs every link of every mail, as link scanners do."""
        return [self.tocsin.browse().get(link.url) for mail in self.messages(to) for link in mail.links]

    def script(self, rule: Rule) -> None:
        self.faults.add(rule)

    def heal(self) -> None:
        self.faults.clear()

    def release(self) -> None:
        waiting, self._released = self._released, asyncio.Event()
        self._loop.call_soon_threadsafe(waiting.set)

    def reset(self) -> None:
        self.heal()
        self.release()
        with self._lock:
            self._boxes.clear()

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        connections = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    # What Tocsin's mail client says; aiosmtpd calls these by name.

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = self._refuses("mail", "")
        if refusal:
            return refusal
        envelope.mail_from = address
        return TAKEN

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = self._refuses("rcpt", address)
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return TAKEN

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        people, content = envelope.rcpt_tos, envelope.content
        assert isinstance(content, bytes)
        fault = self.faults.take("data", people[0], lambda fault: getattr(fault, "stage", "data") == "data")
        accepted = fault is None or fault.carried_out
        heads = BytesHeaderParser().parsebytes(content)
        for person in people:
            if accepted:
                with self._lock:
                    self._boxes[person.lower()].append(content)
            self._note("data", person, heads, fault.name if fault else "accepted", accepted=accepted)
        return TAKEN if fault is None else await self._suffer(server, fault)

    def _refuses(self, stage: str, person: str) -> str | None:
        fault = self.faults.take(stage, person, lambda fault: getattr(fault, "stage", "data") == stage)
        if not isinstance(fault, SmtpReply):
            return None
        self._note(stage, person, None, f"{fault.code}", accepted=False)
        return f"{fault.code} {fault.text}"

    async def _suffer(self, server: SMTP, fault: Fault) -> str:
        transport = server.transport
        assert isinstance(transport, asyncio.Transport)
        match fault:
            case SmtpReply(code=code, text=text):
                return f"{code} {text}"
            case ServerError():
                return "451 4.3.0 Local error in processing"
            case RateLimited():
                await server.push("421 4.7.0 Too many messages, try again later")
                transport.close()
            case ResetAfterAccepting():
                # Lingering for zero seconds turns the close into a reset.
                linger = struct.pack("ii", 1, 0)
                transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                transport.abort()
            case CloseBeforeAnswer():
                transport.close()
            case Hang(seconds=seconds, carried_out=answers_late):
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._released.wait(), seconds)
                if answers_late:
                    return TAKEN
                transport.close()
            case _:
                return TAKEN
        # The closed connection cancels this wait: nothing more may be written.
        await asyncio.Event().wait()
        return ""

    def _note(self, call: str, person: str, heads: Message | None, outcome: str, *, accepted: bool) -> None:
        self.ledger.record(
            provider=self.name,
            call=call,
            kind="refusal" if heads is None else "mail",
            to=person,
            text="" if heads is None else str(make_header(decode_header(heads["Subject"] or ""))),
            reference="" if heads is None else heads["Message-ID"] or "",
            outcome=outcome,
            accepted=accepted,
        )


class _Exchange(SMTP):
    """One connection."""

    def __init__(self, mail: FakeMail, loop: asyncio.AbstractEventLoop) -> None:
        self._mail = mail
        super().__init__(
            mail,
            hostname="fakes.example",
            ident="Fake mail exchanger",
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=lambda *asked: AuthResult(success=True),
            loop=loop,
        )

    async def _handle_client(self) -> None:
        refusal = self._mail._refuses("connect", "")
        if refusal:
            await self.push(refusal)
            self._writer.close()
            return
        await super()._handle_client()
