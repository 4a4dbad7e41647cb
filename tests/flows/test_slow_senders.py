"""Two hundred connections that send one byte a second hold up nobody's webhook."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.flows.conftest import ADA_AND_BEN
from tests.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

SLOW = 200
LONGEST = 0.5  # seconds, for 99 of 100 webhooks


@contextmanager
def _slow_senders(port: int, path: str) -> Iterator[list[socket.socket]]:
    """Connections that have sent the head of a request and then one byte of its body each second."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n".encode()
    connections = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(SLOW)]
    leaving = threading.Event()

    def drip() -> None:
        while not leaving.wait(1.0):
            for each in connections:
                try:
                    each.send(b"x")
                except OSError:
                    continue  # given up on, as it should be after ten seconds

    for each in connections:
        each.sendall(head)
    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        yield connections
    finally:
        leaving.set()
        dripping.join()
        for each in connections:
            each.close()


def test_slow_senders_hold_up_nobody_and_are_given_up(stack: Stack) -> None:
    url = stack.apply(ADA_AND_BEN)["integrations"]["scripts"]["url"]
    path = httpx.URL(url).path
    took = []

    with httpx.Client() as client, _slow_senders(stack.port, path) as slow:
        client.post(url, json={"title": "first"})
        for number in range(300):
            began = time.monotonic()
            assert client.post(url, json={"title": f"{number}"}).status_code == 202
            took.append(time.monotonic() - began)
            time.sleep(max(0.0, 0.01 - took[-1]))
        answers = [each.recv(200) for each in slow[:5]]

    assert sorted(took)[int(len(took) * 0.99)] < LONGEST
    assert all(answer.startswith(b"HTTP/1.1 503") for answer in answers)
