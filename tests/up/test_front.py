"""What the web server does about requests whose head is late, endless or broken."""

import asyncio
import time

import pytest

from config import front
from tests.up.fronted import answer_to, serving

# The server measures the database's clock before its first answer.
pytestmark = pytest.mark.django_db(transaction=True)

HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    "sent", [b"", b"GET /heal", HEAD + b"X-Slow: a"], ids=["nothing", "half a line", "half a head"]
)
def test_a_head_that_does_not_come_is_given_up(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "LONGEST_HEAD", 0.3)

    async def wait() -> None:
        async with serving() as port:
            began = time.monotonic()
            assert await answer_to(port, sent) == b""
            assert 0.2 < time.monotonic() - began < 3

    asyncio.run(wait())


def test_the_next_head_on_a_kept_connection_is_given_up_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "LONGEST_HEAD", 0.3)

    async def wait() -> None:
        async with serving() as port:
            answer = await answer_to(port, HEAD + b"\r\n", HEAD)
            assert answer.count(b"HTTP/1.1 200") == 1

    asyncio.run(wait())


def test_a_head_that_drips_is_given_up_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "LONGEST_HEAD", 0.3)

    async def wait() -> None:
        async with serving() as port:
            began = time.monotonic()
            assert await answer_to(port, HEAD, *[b"X-Drip: a\r\n"] * 12, pause=0.05) == b""
            assert time.monotonic() - began < 3

    asyncio.run(wait())


def test_a_head_without_end_is_refused() -> None:
    async def send() -> None:
        async with serving() as port:
            answer = await answer_to(port, HEAD, *[b"X-Long: " + b"a" * 30_000 + b"\r\n"] * 3)
            assert answer.startswith(b"HTTP/1.1 400")
            assert b"too large" in answer

    asyncio.run(send())


def test_a_kept_connection_takes_one_request_after_another() -> None:
    async def send() -> None:
        async with serving() as port:
            whole = HEAD + b"\r\n"
            answer = await answer_to(port, whole, whole[:20], whole[20:], HEAD + b"Connection: close\r\n\r\n")
            assert answer.count(b"HTTP/1.1 200") == 3

    asyncio.run(send())


def test_what_is_no_http_is_told_so() -> None:
    async def send() -> None:
        async with serving() as port:
            assert (await answer_to(port, b"\x16\x03\x01\x02\x00 TLS?\r\n\r\n")).startswith(b"HTTP/1.1 400")

    asyncio.run(send())
