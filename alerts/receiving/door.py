"""The receiving door: a small raw ASGI application in front of Django.

It reads each body as a coroutine under its own limits, so a slow sender costs no thread, and answers when the inbox
has committed it: 202, or 503 with Retry-After. Which paths come in, where their keys stand and how their senders want
to be answered is said by `alerts/receiving/entrances/`. The Host header is not looked at, nothing is redirected.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog
from django.db import connection

from alerts.receiving import metrics
from alerts.receiving.entrance import Answer, Entrance, Message, Ping, Request, plain, refusal
from alerts.receiving.inbox import Inbox, NotStored
from alerts.receiving.letters import Letter
from alerts.receiving.offered import kept_headers
from alerts.receiving.pings import Pings

log = structlog.get_logger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LONGEST_READ = 10.0  # seconds for the whole body
LARGEST_KEPT = 16 * 1024 * 1024
LARGEST_READ = 32 * 1024 * 1024  # what comes after this is not even drained
_LARGE = 32 * 1024  # what is larger is looked at in a thread, so that others need not wait
_RETRY_AFTER = (5, 30)  # seconds, drawn for each: senders shall not come back all at once
_LOOKS = frozenset({"GET", "HEAD"})


class SenderLeft(Exception):
    """The connection was closed before the body was complete."""


class Door:
    """One per process. Opens with the server, or at the first request where the server says nothing of its start."""

    def __init__(self) -> None:
        self._inbox: Inbox | None = None
        self._pings = Pings(connection_parameters)

    def open(self) -> None:
        """Be ready before the first request comes. Without this the first one opens it."""
        self._open_inbox()
        self._pings.attend()

    async def __call__(self, entrance: Entrance, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request whose path this entrance takes."""
        started = time.perf_counter()
        try:
            answer = await self._answer(entrance, scope, receive)
        except SenderLeft:
            metrics.answered(entrance.slug, None)
            return
        metrics.answered(entrance.slug, answer.status)
        metrics.door_seconds.observe(time.perf_counter() - started)
        await _send(answer, send, has_body=scope["method"] != "HEAD")

    async def close(self) -> None:
        """Commit what waits and let go of the database."""
        await self._pings.stop()
        inbox, self._inbox = self._inbox, None
        if inbox is not None:
            await inbox.stop()

    async def _answer(self, entrance: Entrance, scope: Scope, receive: Receive) -> Answer:
        request = _request(scope)
        if request.method in _LOOKS and not entrance.reads_looks:
            return entrance.help(request)
        if request.method not in entrance.methods | _LOOKS:
            allowed = ", ".join(sorted(_LOOKS | entrance.methods))
            return refusal(405, "method_not_allowed", "Send alerts with POST.", ("allow", allowed))
        try:
            async with asyncio.timeout(LONGEST_READ):
                body, size = await _read(receive, scope, self._open_inbox())
        except (TimeoutError, NotStored):
            return entrance.not_read(random.randint(*_RETRY_AFTER))  # noqa: S311  spreads, hides nothing
        request = Request(request.method, request.path, request.query, request.raw_headers, body, size)
        try:
            return await self._store(entrance, request)
        except NotStored:
            return entrance.unavailable(random.randint(*_RETRY_AFTER))  # noqa: S311
        except Exception:  # the sender shall come again, whatever it was; nothing else keeps its alert
            log.exception("door.failed", entrance=entrance.slug)
            return entrance.unavailable(random.randint(*_RETRY_AFTER))  # noqa: S311

    async def _store(self, entrance: Entrance, request: Request) -> Answer:
        if len(request.body) > _LARGE:
            message = await asyncio.to_thread(entrance.read, request)
        else:
            message = entrance.read(request)
        if isinstance(message, Answer):
            return message
        if isinstance(message, Ping):
            is_known = await self._pings.put(message)
            return entrance.pinged(message) if is_known else entrance.no_heartbeat(message)
        outcome = await self._open_inbox().put(_letter(message, request))
        if outcome.event_id is not None:
            return entrance.accepted(message, outcome.event_id)
        return entrance.switched_off(message) if outcome.is_known else entrance.unknown_key(message)

    def _open_inbox(self) -> Inbox:
        if self._inbox is None:
            self._inbox = Inbox(connection_parameters)
            self._inbox.start()
        return self._inbox


def connection_parameters() -> dict[str, Any]:
    """Django's own database, for a connection that is not Django's."""
    ours = {"context", "cursor_factory", "prepare_threshold", "application_name", "options"}
    given = {name: value for name, value in connection.get_connection_params().items() if name not in ours}
    return {**given, "application_name": "tocsin-door", "options": "-c statement_timeout=7s -c lock_timeout=5s"}


def _request(scope: Scope) -> Request:
    return Request(scope["method"], scope["path"], plain(scope.get("query_string", b"")), scope["headers"])


async def _read(receive: Receive, scope: Scope, inbox: Inbox) -> tuple[bytes, int]:
    """The body, or its head where it is too large, and its size as sent. Raises SenderLeft and NotStored."""
    event = await receive()
    if event["type"] == "http.request" and not event.get("more_body"):
        body = event.get("body") or b""
        return body[:LARGEST_KEPT], len(body)
    kept, size = bytearray(), 0
    try:
        while event["type"] == "http.request":
            part = event.get("body") or b""
            size += len(part)
            part = part[: LARGEST_KEPT - len(kept)]
            kept += part
            inbox.being_read += len(part)
            if not inbox.has_room():
                raise NotStored
            if not event.get("more_body"):
                return bytes(kept), size
            if size > LARGEST_READ:
                return bytes(kept), max(size, _declared_size(scope))
            event = await receive()
    finally:
        inbox.being_read -= len(kept)
    raise SenderLeft


def _declared_size(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name.lower() == b"content-length" and value.isdigit():
            return min(int(value), 2**31 - 1)
    return 0


def _letter(message: Message, request: Request) -> Letter:
    notes = {f":{name}": value for name, value in message.notes.items()}
    return Letter(
        key=message.key,
        body=request.body if message.body is None else message.body,
        body_size=request.size,
        source=message.source,
        content_type=request.header(b"content-type")[:200],
        headers=notes | kept_headers(request.raw_headers, key=message.key),
        query=(request.query if message.query is None else message.query)[:2000],
        marks=("cut",) if request.is_cut else (),
    )


async def _send(answer: Answer, send: Send, *, has_body: bool) -> None:
    headers = [("content-type", answer.content_type), ("content-length", str(len(answer.body))), *answer.headers]
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": answer.body if has_body else b""})
