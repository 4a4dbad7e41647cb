"""A way in: which paths it takes, where the key stands, and how its senders want to be answered.

One file each in `alerts/receiving/entrances/`, found by itself. An entrance is pure: the door (`alerts.receiving.door`)
reads the body and the inbox (`alerts.receiving.inbox`) commits it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from core.registry import Registry

Json = Any


@dataclass(frozen=True, slots=True)
class Request:
    """What the door has read. `size` is the body as sent, which is more than `body` where it was cut."""

    method: str
    path: str
    query: str
    raw_headers: Sequence[tuple[bytes, bytes]] = ()
    body: bytes = b""
    size: int = 0

    @property
    def is_cut(self) -> bool:
        """Whether only the head of the body was kept."""
        return self.size > len(self.body)

    def header(self, name: bytes) -> str:
        """The first header of this name (in lower case); empty where it was not sent."""
        for each, value in self.raw_headers:
            if each.lower() == name:
                return plain(value)
        return ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender gets."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be committed: raw, under the key that came with it.

    `source` names the reader of the body where the entrance decides that and not the integration. `notes` travel with
    the raw body, for example a dedup key that was made up for the sender. `body` and `query` are what is kept in place
    of those as sent, where they hold the key: raw messages are shown to people who may not know it.
    """

    key: str
    source: str = ""
    body: bytes | None = None
    query: str | None = None
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ping:
    """A sign of life of a heartbeat. By its own key; or by its integration's, and then by name.

    Without a name all heartbeats of the integration are meant.
    """

    key: str
    is_integration: bool = False
    name: str = ""


def plain(raw: bytes) -> str:
    """The text of a header or query. Without NUL, which PostgreSQL refuses."""
    return raw.decode("latin-1").replace("\x00", "")


def as_json(status: int, content: Json, *headers: tuple[str, str]) -> Answer:
    """An answer in JSON."""
    return Answer(status, orjson.dumps(content), headers=headers)


def refusal(status: int, code: str, message: str, *headers: tuple[str, str]) -> Answer:
    """An answer in the one shape of errors, `message` saying what to do."""
    return as_json(status, {"error": {"code": code, "message": message, "fields": {}}}, *headers)


@dataclass(frozen=True, slots=True)
class DropIn:
    """A call of another product that is answered here, for the page that lists them."""

    method: str
    path: str
    what: str


class Entrance:
    """The common ways of an entrance; each file overrides what its senders want otherwise."""

    slug: str
    # Only paths that begin with one of these are shown to `takes`: every request of every page passes here.
    prefixes: tuple[str, ...]
    methods: frozenset[str] = frozenset({"POST", "PUT"})  # that bring something
    replaces: str = ""  # the product whose clients come in here and only change the host name
    calls: Sequence[DropIn] = ()

    def takes(self, method: str, path: str) -> bool:
        """Whether this path comes in here."""
        raise NotImplementedError

    # Whether GET and HEAD are read as well, and not answered with help.
    reads_looks = False

    def read(self, request: Request) -> "Message | Ping | Answer":
        """Find the key; or refuse what the sender must not repeat."""
        raise NotImplementedError

    def pinged(self, ping: Ping) -> Answer:
        """The sign of life is committed."""
        return as_json(200, {"status": "accepted"})

    def no_heartbeat(self, ping: Ping) -> Answer:
        """No heartbeat has this key or name."""
        return refusal(403, "unknown_heartbeat", "No heartbeat has this address. Copy it again from Tocsin.")

    def accepted(self, message: Message, event_id: int) -> Answer:
        """It is committed."""
        return as_json(202, {"status": "accepted", "event_id": event_id})

    def unknown_key(self, message: Message) -> Answer:
        """No integration has this key."""
        return refusal(
            403,
            "unknown_key",
            "No integration has this key. Copy the whole address again from the integration's page in Tocsin.",
        )

    def switched_off(self, message: Message) -> Answer:
        """The integration takes nothing at the moment."""
        return refusal(
            403, "integration_inactive", "This integration is switched off. An admin can switch it on in Tocsin."
        )

    def not_read(self, retry_after: int) -> Answer:
        """The body was not read to its end. Not 408 where it was slow: Alertmanager would drop the alert for that."""
        answer = self.unavailable(retry_after)
        return replace(answer, headers=(*answer.headers, ("connection", "close")))

    def unavailable(self, retry_after: int) -> Answer:
        """Not committed, through no fault of the sender: it shall come again."""
        return refusal(
            503,
            "not_stored",
            f"This could not be stored just now. Send it again in {retry_after} seconds.",
            ("retry-after", str(retry_after)),
        )

    def help(self, request: Request) -> Answer:
        """Somebody looks at the address in a browser. Nothing is stored."""
        text = (
            "This address takes alerts: send them with POST. "
            "Set-up lines to paste are on the integration's page in Tocsin.\n"
        )
        return Answer(200, text.encode(), "text/plain; charset=utf-8")


entrances: Registry[Entrance] = Registry(
    "alerts.receiving.entrances", attribute="ENTRANCE", slug_of=lambda each: each.slug
)


def entrance_for(method: str, path: str) -> Entrance | None:
    """The entrance that takes this path; None where the path is not for alerts at all."""
    for each in entrances.all().values():
        if path.startswith(each.prefixes) and each.takes(method, path):
            return each
    return None
