"""The web server of the one ASGI front: uvicorn in this process, `python -m config.front`.

On its own uvicorn waits for ever for the head of a request, and lets it grow without end. Here a head must be there
soon and be small. How long a body may take is the business of whoever reads it.
"""

import argparse
import asyncio
import gc
from typing import Any

import uvicorn
from django.urls import resolve
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from config.asgi import application

LONGEST_HEAD = 10.0  # seconds, from the connection or the last answer's follower until the whole head is there
LARGEST_HEAD = 64 * 1024
LONGEST_REST = 75  # seconds a kept connection may stay silent between two requests
_BACKLOG = 4096
_GRACE = 5  # seconds for answers under way when the server stops


class Protocol(HttpToolsProtocol):
    """uvicorn's own HTTP/1.1, with an end to heads that are late or large."""

    _is_in_head = True
    _head_size = 0
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._late = self.loop.call_later(LONGEST_HEAD, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        was_in_head = self._is_in_head
        super().data_received(data)
        if not self._is_in_head or self.transport.is_closing():
            return
        # Only what follows the first piece counts: that one is as large as a read, and may carry the last body's end.
        self._head_size += len(data) if was_in_head else 0
        if self._head_size > LARGEST_HEAD:
            self.send_400_response("The head of this request is too large. Send fewer or shorter headers.")
        elif self._late is None:
            self._late = self.loop.call_later(LONGEST_HEAD, self.transport.abort)

    def on_message_begin(self) -> None:
        self._is_in_head, self._head_size = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self._forget()
        super().on_headers_complete()

    def _forget(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


def server(host: str, port: int) -> uvicorn.Server:
    """The server, ready to run."""
    options: dict[str, Any] = {"loop": "uvloop", "ws": "websockets-sansio", "interface": "asgi3"}
    return uvicorn.Server(
        uvicorn.Config(
            application,
            host=host,
            port=port,
            http=Protocol,
            backlog=_BACKLOG,
            timeout_keep_alive=LONGEST_REST,
            timeout_graceful_shutdown=_GRACE,
            ws_max_size=LARGEST_HEAD,  # browsers only listen
            ws_per_message_deflate=False,
            access_log=False,
            log_config=None,
            proxy_headers=False,  # TOCSIN_TRUSTED_PROXIES says who is believed
            server_header=False,
            **options,
        )
    )


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m config.front", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    resolve("/")  # imports every view now, not under the first request
    gc.collect()
    gc.freeze()  # what was imported stays: a collection that walks it holds up every webhook for a tenth of a second
    server(arguments.host, arguments.port).run()


if __name__ == "__main__":
    main()
