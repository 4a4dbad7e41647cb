"""The HTTP server under the fake Slack and Twilio: a thread per connection, which faults are done to."""

import json
import socket
import struct
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.faults import CloseBeforeAnswer, Fault, Hang, ResetAfterAccepting, SlowBody


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: Message
    body: bytes

    def fields(self) -> dict[str, Any]:
        """The parameters, from the query and from a JSON, form or multipart body; a name's last value counts."""
        found: dict[str, Any] = {name: values[-1] for name, values in self.query.items()}
        kind = self.headers.get_content_type() if "content-type" in self.headers else ""
        if kind == "application/json":
            found |= json.loads(self.body or b"{}")
        elif kind == "multipart/form-data":
            found |= self._multipart()
        else:
            found |= {name: values[-1] for name, values in self.form().items()}
        return found

    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode(), keep_blank_values=True)

    def _multipart(self) -> dict[str, str]:
        head = b"Content-Type: " + self.headers["content-type"].encode() + b"\r\n\r\n"
        parts = BytesParser().parsebytes(head + self.body).get_payload()
        found = {}
        for part in parts if isinstance(parts, list) else []:
            if isinstance(part, Message):
                name = part.get_param("name", header="content-disposition")
                content = part.get_payload(decode=True)
                found[str(name)] = content.decode(errors="replace") if isinstance(content, bytes) else ""
        return found


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    fault: Fault | None = None  # done to the connection while answering
    outcome: str = "accepted"
    accepted: bool = True


def json_reply(values: object, status: int = 200, *, outcome: str = "accepted", **headers: str) -> Reply:
    """JSON as a provider answers it. Any other outcome than "accepted" means: not done."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(
        status,
        json.dumps(values).encode(),
        {"Content-Type": "application/json; charset=utf-8", **named},
        outcome=outcome,
        accepted=outcome == "accepted",
    )


class Gate:
    """Where hanging requests wait until somebody lets them go."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def wait(self, seconds: float | None) -> bool:
        """True if released before `seconds` were over."""
        return self._event.wait(seconds)

    def release(self) -> None:
        waiting, self._event = self._event, threading.Event()
        waiting.set()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, port: int, answer: Callable[[Request], Reply], gate: Gate) -> None:
        self.answer = answer
        self.gate = gate
        self.open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Connection)

    def server_bind(self) -> None:
        # The parent's also asks the resolver for this machine's name, which can take seconds.
        socket.socket.bind(self.socket, self.server_address[:2])
        self.server_address = self.socket.getsockname()

    def handle_error(self, request: object, client_address: object) -> None:
        # A client that gave up is what the faults are for, not an error.
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # its stub names a private alias


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        super().finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the parent's word
        """Silent: the ledger tells it better."""

    def _serve(self) -> None:
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = parse_qs(address.query, keep_blank_values=True)
        self._give(self.server.answer(Request(self.command, address.path, query, self.headers, body)))

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815  the parent's names

    def _give(self, reply: Reply) -> None:
        match reply.fault:
            case Hang(seconds=seconds, carried_out=answers_late):
                self.server.gate.wait(seconds)
                if answers_late:
                    self._write(reply)
                else:
                    self.close_connection = True
            case ResetAfterAccepting():
                self._reset()
            case CloseBeforeAnswer():
                self.close_connection = True
            case SlowBody(gap=gap):
                self._trickle(reply, gap)
            case _:
                self._write(reply)

    def _head(self, reply: Reply) -> bytes:
        lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        lines += [f"Content-Length: {len(reply.body)}", "", ""]
        return "\r\n".join(lines).encode("latin-1")

    def _write(self, reply: Reply) -> None:
        # One write: head and body in two would wait for the client's delayed ACK.
        self.wfile.write(self._head(reply) + reply.body)

    def _trickle(self, reply: Reply, gap: float) -> None:
        self.wfile.write(self._head(reply))
        released = False
        for position in range(len(reply.body)):
            self.wfile.write(reply.body[position : position + 1])
            released = released or self.server.gate.wait(gap)

    def _reset(self) -> None:
        self.close_connection = True
        # Lingering for zero seconds turns the close into a reset.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()  # else it would keep the socket open
        self.connection.close()


class Server:
    """A listening server in a thread of this process."""

    def __init__(self, answer: Callable[[Request], Reply], port: int = 0) -> None:
        self.gate = Gate()
        self._listener = _Listener(port, answer, self.gate)
        self.port: int = self._listener.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.gate.release()
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()
        for connection in list(self._listener.open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
