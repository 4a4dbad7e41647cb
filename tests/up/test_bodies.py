"""What the web server does about bodies that are large or slow, on the paths where Django answers."""

import asyncio
import json
import tracemalloc
from collections.abc import MutableMapping
from typing import Any

import pytest

from alerts.receiving.door import Receive, Scope, Send
from config import bodies
from tests.up.fronted import answer_to, serving

# The server measures the database's clock before its first answer.
pytestmark = pytest.mark.django_db(transaction=True)

MEGABYTE = 1024 * 1024


def _head(path: str, size: int | None, *more: str, method: str = "POST") -> bytes:
    length = "Transfer-Encoding: chunked" if size is None else f"Content-Length: {size}"
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", length, *more]
    return "\r\n".join([*lines, "\r\n"]).encode()


def _chunk(size: int) -> bytes:
    return b"%x\r\n%s\r\n" % (size, b"a" * size)


def _sent(*pieces: bytes, pause: float = 0.0) -> bytes:
    async def send() -> bytes:
        async with serving() as port:
            return await answer_to(port, *pieces, pause=pause)

    return asyncio.run(send())


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_within_the_limits_gets_to_its_page(is_chunked: bool) -> None:
    pieces = [_chunk(MEGABYTE), b"0\r\n\r\n"] if is_chunked else [b"a" * MEGABYTE]

    answer = _sent(_head("/healthz", None if is_chunked else MEGABYTE, method="GET"), *pieces)

    assert answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("path", ["/sign-in/", "/nowhere", "/twilio/sms/"])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_large_body_is_refused_before_anybody_reads_it(path: str, is_chunked: bool) -> None:
    if is_chunked:
        pieces = [_head(path, None), *[_chunk(MEGABYTE)] * 3, b"0\r\n\r\n"]
    else:
        pieces = [_head(path, 3 * MEGABYTE), *[b"a" * MEGABYTE] * 3]

    answer = _sent(*pieces)

    assert answer.startswith(b"HTTP/1.1 413")
    assert answer.endswith(b"The body is larger than 2 MB. Send less at once.\n")


def test_the_api_says_so_in_its_own_shape_and_takes_more() -> None:
    head, _, body = _sent(_head("/api/v1/incidents/", 6 * MEGABYTE), *[b"a" * MEGABYTE] * 6).partition(b"\r\n\r\n")

    error = json.loads(body)["error"]
    assert head.startswith(b"HTTP/1.1 413")
    assert (error["code"], error["message"]) == ("too_large", "The body is larger than 5 MB. Send less at once.")


@pytest.mark.parametrize("head", [_head("/", 10**12), _head("/", 3 * MEGABYTE, "Expect: 100-continue")])
def test_a_body_that_is_announced_too_large_is_not_waited_for(head: bytes) -> None:
    assert _sent(head).startswith(b"HTTP/1.1 413")


def test_a_body_without_end_is_neither_kept_nor_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "LARGEST_DRAINED", 16 * MEGABYTE)
    piece = _chunk(MEGABYTE)
    tracemalloc.start()

    _sent(_head("/sign-in/", None), *[piece] * 40)

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 * MEGABYTE


def test_a_body_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "LONGEST_READ", 0.3)

    answer = _sent(_head("/sign-in/", 100), *[b"a"] * 3, pause=0.05)

    assert answer.startswith(b"HTTP/1.1 408")
    assert b"took longer than" in answer


def test_a_page_may_take_longer_than_its_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "LONGEST_READ", 0.2)
    left: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"a", "more_body": False},
        {"type": "http.disconnect"},
    ]
    seen: list[str] = []

    async def receive() -> MutableMapping[str, Any]:
        return left.pop(0)

    async def send(event: MutableMapping[str, Any]) -> None:
        raise AssertionError(event)

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((await receive())["type"])
        await asyncio.sleep(0.3)
        seen.append((await receive())["type"])

    async def ask() -> None:
        scope = {"type": "http", "path": "/", "headers": [(b"content-length", b"1")]}
        await bodies.bounded(page)(scope, receive, send)

    asyncio.run(ask())

    assert seen == ["http.request", "http.disconnect"]
