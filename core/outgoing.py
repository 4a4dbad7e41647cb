"""Requests to the outside: with an end to every wait, without redirects or proxies, and for URLs that users give only
to addresses that were looked at. The address that is checked is the one that is connected to.
"""

import atexit
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx
from django.conf import settings

CONNECT = 3.0  # seconds to a connection
READ = 5.0  # seconds of silence
TOTAL = 10.0  # seconds for everything
MOST = 1_000_000  # bytes of an answer

_WEB_PORTS = frozenset({80, 443})
# Besides what `is_global` refuses. Some of these lead to private addresses, and it passes them.
_NEVER = [
    ipaddress.ip_network(each)
    for each in (
        "100.64.0.0/10",  # carrier-grade NAT
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
        "fec0::/10",  # site-local
    )
]


class Refused(Exception):
    """The URL may not be called; the text says why. Nothing was sent."""


class NotSent(Exception):
    """No connection came about, or the request did not leave. The text names the reason."""


class NoAnswer(Exception):
    """The request left and no whole answer came: what it did is not known. The text names the reason."""


@dataclass(frozen=True)
class Answer:
    """A whole answer. Names of `headers` are in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text; what is no UTF-8 is replaced."""
        return self.body.decode(errors="replace")


@cache
def provider_client(name: str) -> httpx.Client:
    """For addresses the installation itself is configured with. Thread-safe; connections are kept, one set per name."""
    client = _client(httpcore.SyncBackend(), connections=16)
    atexit.register(client.close)
    return client


def vetted_client() -> httpx.Client:
    """For URLs that users give: http and https to public addresses and to TOCSIN_ALLOW_PRIVATE only. Thread-safe."""
    return _client(_VettedBackend(settings.ALLOW_PRIVATE_NETWORKS), connections=8)


def exchange(
    client: httpx.Client,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    total: float = TOTAL,
    **more: Any,
) -> Answer:
    """One request and its whole answer within `total` seconds and MOST bytes.

    `more` is what `httpx` takes for the content: `content`, `data`, `json`, `params`, `auth`. Raises Refused, NotSent
    or NoAnswer.
    """
    with within(total):
        _left(None, NotSent)  # what is too late does not leave
        return _exchange(client, method, url, headers=headers, more=more)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Every exchange in here ends by then, all of them together. The nearest end counts where they are nested."""
    before = _deadline.at
    at = time.monotonic() + seconds
    _deadline.at = at if before is None else min(before, at)
    try:
        yield
    finally:
        _deadline.at = before


def _exchange(
    client: httpx.Client, method: str, url: str, *, headers: Mapping[str, str] | None, more: Mapping[str, Any]
) -> Answer:
    try:
        request = client.build_request(method, url, headers=dict(headers or {}), **_contents(more))
        response = client.send(request, stream=True, auth=more.get("auth"))
        try:
            body = bytearray()
            for part in response.iter_bytes():
                body += part
                if len(body) > MOST:
                    raise NoAnswer("answer_too_long")
        finally:
            response.close()
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as trouble:
        raise NotSent("timeout" if isinstance(trouble, httpx.TimeoutException) else "not_connected") from trouble
    except httpx.TimeoutException as trouble:
        raise NoAnswer("timeout") from trouble
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as trouble:
        raise Refused("The address must begin with http:// or https://.") from trouble
    except httpx.HTTPError as trouble:
        raise NoAnswer("connection_lost") from trouble
    return Answer(response.status_code, {name.lower(): value for name, value in response.headers.items()}, bytes(body))


def fetch(url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, **more: Any) -> Answer:
    """One request to a URL that a user gave. Raises Refused, NotSent or NoAnswer."""
    check(url)
    with vetted_client() as client:
        return exchange(client, method, url, headers=headers, **more)


def check(url: str) -> None:
    """Raise Refused for a URL that can be told to be unusable without looking its name up."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("That is not an address a browser would open.") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Refused("The address must begin with http:// or https://.")
    if parts.username is not None or parts.password is not None:
        raise Refused("The address must not hold a user name or password.")
    if parts.hostname == urlsplit(settings.PUBLIC_URL).hostname and not settings.ALLOW_PRIVATE_NETWORKS:
        raise Refused("The address is that of this installation itself.")
    if port == 0:
        raise Refused("Port 0 cannot be connected to.")


def is_allowed(address: str, port: int, allowed: Iterable[str] = ()) -> bool:
    """Whether a user's URL may lead to this IP address and port. `allowed` are networks, on any port."""
    if "%" in address:  # an IPv6 zone names an interface of this machine
        return False
    found = ipaddress.ip_address(address)
    mapped = getattr(found, "ipv4_mapped", None)
    if mapped is not None:
        found = mapped
    if any(found in ipaddress.ip_network(network, strict=False) for network in allowed):
        return True
    if not found.is_global or found.is_multicast or found.is_reserved or any(found in network for network in _NEVER):
        return False
    return port in _WEB_PORTS


# The deadline of the exchange that this thread is in: a slow drip of bytes must not outlast it.
class _Deadline(threading.local):
    at: float | None = None


_deadline = _Deadline()


def _left(timeout: float | None, wrong: type[Exception]) -> float | None:
    if _deadline.at is None:
        return timeout
    left = _deadline.at - time.monotonic()
    if left <= 0:
        raise wrong("timeout")
    return left if timeout is None else min(timeout, left)


class _TimedStream(httpcore.NetworkStream):
    """A connection whose reads and writes also end at the exchange's deadline."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _TimedBackend(httpcore.NetworkBackend):
    """Opens connections that know the deadline."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, *args: Any, **more: Any) -> _TimedStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _TimedStream(self._backend.connect_tcp(host, port, left, *args, **more))

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


class _VettedBackend(httpcore.SyncBackend):
    """Looks a name up once, refuses it if any of its addresses is not allowed, and connects to what it looked at."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = tuple(allowed)

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **more: Any
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as trouble:
            raise httpcore.ConnectError("The name cannot be looked up.") from trouble
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            if not is_allowed(address, port, self._allowed):
                raise Refused(
                    f"{host} leads to a private or reserved address or an unusual port. "
                    "An admin can allow its network by TOCSIN_ALLOW_PRIVATE."
                )
        return super().connect_tcp(addresses[0], port, timeout, *args, **more)


class _Transport(httpx.HTTPTransport):
    def __init__(self, backend: httpcore.NetworkBackend, connections: int) -> None:
        super().__init__(verify=_tls(), trust_env=False)
        # httpx offers no other way to a network backend; the tests would show if the name were gone.
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(),
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=20,
            network_backend=backend,
        )


def _client(backend: httpcore.NetworkBackend, connections: int) -> httpx.Client:
    return httpx.Client(
        transport=_Transport(_TimedBackend(backend), connections),
        timeout=httpx.Timeout(READ, connect=CONNECT),
        follow_redirects=False,
        trust_env=False,
    )


@cache
def _tls() -> ssl.SSLContext:
    # Reading the certificate store takes 30 ms of CPU: once per process.
    return httpx.create_ssl_context(trust_env=False)


def _contents(more: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in more.items() if name != "auth"}
