"""The source and the channel of the guides work as they stand there."""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType

import pytest
from pytest_django import Settings

from alerts.parsing.source import Received
from notifications.channel import Accepted, Channel, OutcomeUnknown, Outgoing, PermanentFailure, TemporaryFailure
from notifications.messages import Message
from tests.docs.pages import blocks


def written(page: str, folder: Path) -> ModuleType:
    """The module that a guide tells to write."""
    (block,) = [each for each in blocks(page) if each.language == "python"]
    path = folder / Path(block.file).name
    path.write_text(block.text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[path.stem]
    return module


def test_the_source_of_the_guide_reads_its_examples(tmp_path: Path) -> None:
    source = written("docs/guide/write-a-source.md", tmp_path).SOURCE

    for example in source.examples:
        (alert,) = source.parse(Received(example.encoded(), now=datetime(2026, 3, 1, tzinfo=UTC)))
        (expected,) = example.expected
        assert (alert.status, alert.title, alert.severity, alert.dedup_key) == (
            expected.status,
            expected.title,
            expected.severity,
            expected.dedup_key,
        )


class Bell(BaseHTTPRequestHandler):
    """Rings, unless it is asked to fail."""

    rung: list[str] = []

    def do_POST(self) -> None:
        self.rung.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        status = int(self.path.strip("/") or 200)
        self.send_response(status)
        self.send_header("X-Ring-Id", "r1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the standard library's name
        """Nothing."""


@contextmanager
def bell() -> Iterator[str]:
    """A bell on the desk; its address."""
    server = HTTPServer(("127.0.0.1", 0), Bell)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def ring(channel: Channel, address: str) -> Accepted:
    return channel.send(
        Outgoing(delivery_id=1, address=address, attempt=1, message=Message("ada", "UTC", text="Hello"))
    )


def test_the_channel_of_the_guide_rings_and_tells_its_failures_apart(tmp_path: Path, settings: Settings) -> None:
    channel: Channel = written("docs/guide/write-a-channel.md", tmp_path).CHANNEL

    with bell() as address:
        settings.ALLOW_PRIVATE_NETWORKS = ["127.0.0.1/32"]
        assert ring(channel, address) == Accepted("r1")
        assert Bell.rung[-1] == "[Tocsin] Hello"
        with pytest.raises(OutcomeUnknown, match="http_500"):
            ring(channel, f"{address}/500")
        with pytest.raises(PermanentFailure, match="bell_is_gone"):
            ring(channel, f"{address}/410")
    with pytest.raises(TemporaryFailure, match="not_connected"):
        ring(channel, address)
    settings.ALLOW_PRIVATE_NETWORKS = []
    with pytest.raises(PermanentFailure, match="address_refused"):
        ring(channel, address)
