"""Requests to URLs that users give: to vetted addresses only, with an end to everything."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pytest_django import Settings

from core import outgoing
from core.outgoing import NoAnswer, NotSent, Refused

LOOPBACK = ["127.0.0.0/8"]


@contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[tuple[str, list[str]]]:
    """A web server on the loopback interface; the paths it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            answer(self)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def says(body: bytes, status: int = 200, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "255.255.255.255"),  # noqa: S104  not bound
        *("100.64.0.1", "192.0.0.8", "224.0.0.1", "240.0.0.1", "192.88.99.1", "198.18.0.1", "192.0.2.1", "203.0.113.9"),
        *("::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "fec0::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1"),
        *("2002:7f00:1::", "2002:a00:1::", "2001:0:7f00:1::", "fe80::1%eth0"),
    ],
)
def test_no_private_or_reserved_address_is_allowed(address: str) -> None:
    assert not outgoing.is_allowed(address, 443)


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946"])
def test_public_addresses_are_allowed_on_web_ports_only(address: str) -> None:
    assert outgoing.is_allowed(address, 443)
    assert outgoing.is_allowed(address, 80)
    assert not outgoing.is_allowed(address, 22)


def test_an_admin_may_allow_a_network_on_any_port() -> None:
    assert outgoing.is_allowed("10.1.2.3", 8080, ["10.0.0.0/8"])
    assert not outgoing.is_allowed("10.1.2.3", 8080, ["10.2.0.0/16"])


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "gopher://example.com/", "ftp://example.com/", "//example.com/", "example.com", ""),
        *("http://user:secret@example.com/", "http://@example.com/", "http://", "http://[::1", "http://a:99999/"),
        *("http://example.com:0/", "javascript:alert(1)"),
    ],
)
def test_urls_that_are_none_are_refused_without_a_look_up(url: str) -> None:
    with pytest.raises(Refused):
        outgoing.fetch(url)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "0.0.0.0", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]"),  # noqa: S104
        *("[::ffff:127.0.0.1]", "127.0.0.1.", "①②⑦.⓪.⓪.①"),
    ],
)
def test_no_spelling_of_a_private_address_is_connected_to(host: str) -> None:
    with serving(says(b"secret")) as (url, asked):
        port = url.rpartition(":")[2]

        with pytest.raises((Refused, NotSent)):
            outgoing.fetch(f"http://{host}:{port}/")

        assert asked == []


def test_the_address_that_was_looked_at_is_the_one_connected_to(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ALLOW_PRIVATE_NETWORKS = ["127.0.0.1/32"]
    answers = iter(["127.0.0.1", "127.0.0.2"])
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: str, port: int, *args: object, **more: object) -> object:
        if host != "rebinding.example":
            return real(host, port, *args, **more)  # type: ignore[arg-type]  # passed through as it came
        looked_up.append(next(answers))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (looked_up[-1], port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)  # a name server, not ours
    with serving(says(b"first")) as (url, asked):
        port = url.rpartition(":")[2]

        answer = outgoing.fetch(f"http://rebinding.example:{port}/")

    assert (answer.text, asked, looked_up) == ("first", ["/"], ["127.0.0.1"])


def test_a_name_with_one_private_address_among_others_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def mixed(host: str, port: int, *args: object, **more: object) -> object:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in ("93.184.216.34", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", mixed)  # a name server, not ours

    with pytest.raises(Refused, match="TOCSIN_ALLOW_PRIVATE"):
        outgoing.fetch("http://mixed.example/")


def test_redirects_are_not_followed(settings: Settings) -> None:
    settings.ALLOW_PRIVATE_NETWORKS = LOOPBACK
    with serving(says(b"", 302, Location="/elsewhere")) as (url, asked):
        answer = outgoing.fetch(f"{url}/here")

    assert (answer.status, asked) == (302, ["/here"])


def test_proxies_of_the_environment_are_not_used(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ALLOW_PRIVATE_NETWORKS = LOOPBACK
    with serving(says(b"the proxy")) as (proxy, through), serving(says(b"direct")) as (url, _):
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.setenv("ALL_PROXY", proxy)

        answer = outgoing.fetch(f"{url}/")

    assert (answer.text, through) == ("direct", [])


def test_a_long_answer_is_cut_off(settings: Settings) -> None:
    settings.ALLOW_PRIVATE_NETWORKS = LOOPBACK
    with serving(says(b"x" * (outgoing.MOST + 1))) as (url, _), pytest.raises(NoAnswer, match="answer_too_long"):
        outgoing.fetch(f"{url}/")


def test_a_dripping_answer_ends_with_the_deadline(settings: Settings) -> None:
    settings.ALLOW_PRIVATE_NETWORKS = LOOPBACK
    released = threading.Event()

    def drip(request: BaseHTTPRequestHandler) -> None:
        # Also the head drips: a deadline between parts of the body would not see it.
        try:
            for byte in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 10_000:
                request.wfile.write(bytes([byte]))
                if released.wait(0.05):
                    return
        except OSError:
            return

    with serving(drip) as (url, _), outgoing.vetted_client() as client:
        started = time.monotonic()
        with pytest.raises(NoAnswer, match="timeout"):
            outgoing.exchange(client, "GET", f"{url}/", total=0.5)
        took = time.monotonic() - started
        released.set()

    assert 0.4 < took < 1.5


def test_nobody_there_is_not_sent(settings: Settings) -> None:
    settings.ALLOW_PRIVATE_NETWORKS = LOOPBACK
    with pytest.raises(NotSent, match="not_connected"):
        outgoing.fetch("http://127.0.0.1:9/")


def test_connections_to_providers_are_kept() -> None:
    peers: set[int] = set()

    def remember(request: BaseHTTPRequestHandler) -> None:
        peers.add(request.client_address[1])
        request.protocol_version = "HTTP/1.1"
        says(b"ok")(request)
        request.close_connection = False

    with serving(remember) as (url, _):
        client = outgoing.provider_client("a test")
        for _ in range(5):
            outgoing.exchange(client, "GET", f"{url}/")
        client.close()

    assert len(peers) == 1
