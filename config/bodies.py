"""How large and how slow the body of a request to Django may be.

Django itself takes in the whole body, of whatever size, before anything asks who sends it. What goes to the receiving
door is not measured here: the door has limits of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from alerts.receiving.door import Receive, Scope, Send
from alerts.receiving.entrance import Answer, refusal

App = Callable[[Scope, Receive, Send], Awaitable[None]]

LONGEST_READ = 30.0  # seconds for the whole body
LARGEST = 2 * 1024 * 1024
LARGEST_BY_PATH = {"/admin/": 5 * 1024 * 1024, "/api/": 5 * 1024 * 1024, "/email/": 16 * 1024 * 1024}
# More than is taken is read and dropped up to here: who is cut off while sending does not get to read why.
LARGEST_DRAINED = 32 * 1024 * 1024


def bounded(app: App) -> App:
    """The application, which gets no body that is larger or slower than these limits."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        size = _declared_size(scope)
        if size == 0:
            await app(scope, receive, send)
            return
        body = _Body(scope, receive, send)
        # Who asks first whether to send the body at all is told now, and so is who would send without end.
        if size is not None and size > (body.largest if _asks_first(scope) else LARGEST_DRAINED):
            await body.refuse_size()
            return
        await app(scope, body.receive, send)

    return answer


class _Body:
    """The body of one request on its way to the application."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.largest = next((most for path, most in LARGEST_BY_PATH.items() if scope["path"].startswith(path)), LARGEST)
        self._is_api = scope["path"].startswith("/api/")
        self._receive, self._send = receive, send
        self._size = 0
        self._ended = False
        self._deadline = asyncio.get_running_loop().time() + LONGEST_READ

    async def receive(self) -> Any:
        """The next part. To the application it looks as if a sender who is refused had left."""
        if self._ended:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                event = await self._part()
                while self._size > self.largest and not self._ended and self._size <= LARGEST_DRAINED:
                    event = await self._part()
        except TimeoutError:
            if self._size <= self.largest:
                await self._refuse(
                    408,
                    "too_slow",
                    f"The body took longer than {LONGEST_READ:.0f} seconds. Send it again, in smaller parts.",
                )
                return {"type": "http.disconnect"}
        if self._size > self.largest:
            await self.refuse_size()
            return {"type": "http.disconnect"}
        return event

    async def refuse_size(self) -> None:
        """Say how much may be sent."""
        await self._refuse(
            413, "too_large", f"The body is larger than {self.largest // 1024**2} MB. Send less at once."
        )

    async def _part(self) -> Any:
        event = await self._receive()
        self._size += len(event.get("body") or b"")
        self._ended = not event.get("more_body")
        return event

    async def _refuse(self, status: int, code: str, message: str) -> None:
        self._ended = True
        answer = refusal(status, code, message)
        if not self._is_api:
            answer = Answer(status, f"{message}\n".encode(), "text/plain; charset=utf-8")
        headers = [
            (b"content-type", answer.content_type.encode()),
            (b"content-length", str(len(answer.body)).encode()),
            (b"connection", b"close"),
        ]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": answer.body})


def _declared_size(scope: Scope) -> int | None:
    """How long the body will be: 0 where there is none, None where only its end will tell."""
    size: int | None = 0
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else None
        if name == b"transfer-encoding":
            size = None
    return size


def _asks_first(scope: Scope) -> bool:
    return any(name == b"expect" for name, _ in scope["headers"])
