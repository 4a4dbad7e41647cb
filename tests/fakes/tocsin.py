"""How the fakes reach the product: by HTTP, as providers do, or through a caller a test lends (Django's test client).

Providers know Tocsin by its public address; requests to it go to where it really listens, and signatures are made over
the public one.
"""

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

import httpx

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """What Tocsin answered, and how long it took."""

    status: int
    text: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    url: str = ""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True)
class Sent:
    """The exact bytes of a request, kept so that they can be replayed."""

    url: str
    body: bytes
    headers: dict[str, str]


# (method, absolute URL, body, headers) -> answer with its Set-Cookie headers joined by newlines
Caller = Callable[[str, str, bytes, dict[str, str]], Answer]


class Tocsin:
    """The product, seen from outside. `clock` gives the epoch seconds of signatures."""

    def __init__(self, base_url: str = "", public_url: str = "", *, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.shift = 0.0  # seconds, for a Tocsin in another process whose clock was moved
        self._lent: Caller | None = None
        self._http: httpx.Client | None = None
        self.point_at(base_url, public_url)

    def point_at(self, base_url: str, public_url: str = "", *, call: Caller | None = None) -> None:
        """Says where Tocsin is. With `call` requests run in the caller's own thread, and receipts wait for `settle`."""
        self.base_url = base_url.rstrip("/")
        self.public_url = (public_url or base_url).rstrip("/")
        self._lent = call

    def now(self) -> float:
        return self.clock() + self.shift

    @property
    def is_live(self) -> bool:
        """Whether it can be called from any thread."""
        return self._lent is None

    @property
    def is_known(self) -> bool:
        return bool(self.base_url)

    def url(self, path: str) -> str:
        """The public address of a path: what providers were told and sign."""
        return self.public_url + path

    def call(self, method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        """One request, without cookies and redirects."""
        if not self.base_url:
            raise LookupError("The fakes do not know where Tocsin is: carriers.tocsin.point_at(url) tells them.")
        caller = self._lent or self._by_http
        return caller(method, self._really(url), body, headers or {})

    def send(self, sent: Sent) -> Answer:
        return self.call("POST", sent.url, sent.body, sent.headers)

    def browse(self) -> "Browser":
        return Browser(self)

    def close(self) -> None:
        if self._http:
            self._http.close()

    def _really(self, url: str) -> str:
        if url.startswith("/"):
            return self.base_url + url
        if self.public_url and (url + "/").startswith(self.public_url + "/"):
            return self.base_url + url[len(self.public_url) :]
        return url

    def _by_http(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        started = time.monotonic()
        response = self._client().request(method, url, content=body, headers=headers)
        return Answer(
            response.status_code,
            response.text,
            {name: "\n".join(response.headers.get_list(name)) for name in response.headers},
            time.monotonic() - started,
            url,
        )

    def _client(self) -> httpx.Client:
        if self._http is None:
            # Loading the certificate store takes 30 ms, and nothing here leaves the loopback interface.
            self._http = httpx.Client(
                timeout=15,
                trust_env=False,
                verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
                cookies=httpx.Cookies(),
                limits=httpx.Limits(max_connections=64, max_keepalive_connections=64),
            )
            self._http.cookies.jar = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        return self._http


class Browser:
    """One person's browser: keeps cookies, follows redirects, knows no session of anybody else."""

    def __init__(self, tocsin: Tocsin) -> None:
        self._tocsin = tocsin
        self._cookies: dict[str, str] = {}

    def get(self, url: str) -> Answer:
        return self._follow("GET", url, b"", {})

    def submit(self, url: str, fields: dict[str, str]) -> Answer:
        return self._follow("POST", url, urlencode(fields).encode(), {"Content-Type": FORM})

    def _follow(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        for _ in range(6):
            answer = self._tocsin.call(method, url, body, headers | self._cookie_header() | {"Referer": url})
            for line in answer.headers.get("set-cookie", "").splitlines():
                self._cookies |= {morsel.key: morsel.value for morsel in SimpleCookie(line).values()}
            if answer.status not in (301, 302, 303, 307, 308):
                return replace(answer, url=url)
            url = urljoin(url, answer.headers["location"])
            if answer.status in (301, 302, 303):
                method, body, headers = "GET", b"", {}
        raise AssertionError(f"{urlsplit(url).path} redirects without end.")

    def _cookie_header(self) -> dict[str, str]:
        return (
            {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())} if self._cookies else {}
        )
