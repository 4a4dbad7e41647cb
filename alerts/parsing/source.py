"""What a source is: it reads the messages of one kind of monitoring system. One file each in `alerts/sources/`.

A source is pure: from the message as it was received to the alerts it tells of. Each carries its own set-up text and
examples; contract tests send the examples of every source through the real door.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from alerts.models import AlertStatus
from alerts.parsing import moments
from alerts.parsing.asked import Asked
from alerts.parsing.authentication import BY_HEADER, Authentication
from alerts.parsing.mend import Unreadable, decode, read_json, unpack
from core.errors import DomainError
from core.registry import Registry
from incidents.models import Severity

Json = Any

MOST_ALERTS = 10_000  # of one message. What comes after them stays in the raw message only.
CUT_MARK = "too_many_alerts"
LONGEST_HREF = 4000  # characters of a link; a longer one is left out

_SEVERITIES = {
    **dict.fromkeys(("critical", "crit", "fatal", "emergency", "emerg", "alert", "disaster", "p1", "sev1", "page"),
                    Severity.CRITICAL),
    **dict.fromkeys(("error", "err", "high", "major", "severe", "p2", "sev2", "average"), Severity.ERROR),
    **dict.fromkeys(("warning", "warn", "medium", "moderate", "minor", "p3", "sev3"), Severity.WARNING),
    **dict.fromkeys(("info", "information", "informational", "notice", "low", "debug", "ok", "none", "p4", "p5",
                     "sev4", "sev5"), Severity.INFO),
}  # fmt: skip

OVER = frozenset({"resolved", "resolve", "ok", "okay", "up", "closed", "close", "recovered", "recovery",
                  "normal", "success", "cleared", "clear", "healthy", "inactive", "green", "ended", "fixed",
                  "solved"})  # fmt: skip
HAD = frozenset({"acknowledged", "acknowledge", "acked", "ack"})


class Ignored(DomainError):
    """A message is understood and tells of no alert. `reason` is its name."""

    code = "ignored"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Link:
    """Where people can look further."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Own:
    """What Tocsin itself says of an alert, and no sender can: the named reason, and where the alert belongs."""

    reason: str
    service_id: int | None = None  # None: the routes are asked
    fingerprint: str = ""  # of an alert that is there already


@dataclass(slots=True)
class ParsedAlert:
    """One alert as one message tells of it. Times are in UTC; `group` is how its source groups it by default."""

    dedup_key: str
    title: str
    status: AlertStatus = AlertStatus.FIRING
    severity: Severity | None = None
    description: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    group: str = ""
    expires_at: datetime | None = None  # over then unless told of again, where its source says so
    resolves_after: timedelta | None = None  # as of its source, where only alerts of this kind are never resolved
    own: Own | None = None
    only_counts: bool = False  # while it fires already, and unless this is worse, it changes nothing but the count
    element: Json = None  # of the message, where that tells of several: what a mapping calls its payload
    mapped: dict[str, Json] | None = None  # what the integration's mapping did, for the alert's reasons


@dataclass(frozen=True, slots=True)
class ChangeTold:
    """Something that was done, as a deployment, as one message tells of it. It never alerts."""

    summary: str
    at: datetime | None = None
    by: str = ""  # what did it: a pipeline, a tool
    labels: Mapping[str, str] = field(default_factory=dict)  # for the routes
    details: Mapping[str, str] = field(default_factory=dict)
    links: Sequence[Link] = ()


@dataclass(slots=True)
class Received:
    """A message as the inbox holds it. Reading it notes in `marks` what had to be mended."""

    body: bytes
    now: datetime
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    is_cut: bool = False
    rules: Json = None  # of the integration, for a source that has such
    marks: list[str] = field(default_factory=list)
    changes: list[ChangeTold] = field(default_factory=list)  # what a source reads of changes goes here

    def unpacked(self) -> bytes:
        """The body without its content encoding. Raises Unreadable."""
        return unpack(self.body, self.headers.get("content-encoding", ""))

    def json(self) -> Json:
        """The body as JSON, whatever its content type says: many senders lie. Raises Unreadable.

        Lists that may be of alerts (the body itself, or right in it) end after MOST_ALERTS, with a mark.
        """
        mended = read_json(self.unpacked(), is_cut=self.is_cut)
        self.marks.extend(mended.marks)
        value = mended.value
        for each in (value, *value.values()) if isinstance(value, dict) else (value,):
            if isinstance(each, list) and len(each) > MOST_ALERTS:
                del each[MOST_ALERTS:]
                self.marks.append(CUT_MARK)
        return value

    def text(self) -> str:
        """The body as text."""
        text, marks = decode(self.unpacked())
        self.marks.extend(marks)
        return text

    def moment(self, value: Json) -> datetime | None:
        """A point in time; nonsense is marked."""
        found = moments.moment(value, now=self.now)
        if found is None and not moments.is_unset(value):
            self.marks.append("bad_time")
        return found


@dataclass(frozen=True)
class Expected:
    """What an example is understood to say."""

    status: AlertStatus
    title: str
    severity: Severity | None = None
    dedup_key: str = ""  # empty: any


@dataclass(frozen=True)
class Example:
    """A message of our own making in the shape the sender uses, and what it means."""

    name: str
    body: Json  # sent as JSON, or as it is where it is text
    expected: tuple[Expected, ...]
    content_type: str = "application/json"

    def encoded(self) -> bytes:
        """As it is sent."""
        return self.body.encode() if isinstance(self.body, str) else orjson.dumps(self.body)


class Source:
    """One kind of sender. Files in `alerts/sources/` make one instance, called SOURCE."""

    slug: str
    label: str
    group_text: str  # how alerts are grouped by default, for people
    sends_resolved: bool = True
    authentication: Authentication | None = BY_HEADER  # how its sender can prove a secret; None: in no way
    resolves_after: timedelta | None = None  # a fair time after which to think it over, where no resolve is ever sent
    set_up: str  # Markdown; {url} stands for the address with the key, {key} for the key
    examples: Sequence[Example]

    def parse(self, received: Received) -> list[ParsedAlert]:
        """The alerts a message tells of. Raises Unreadable and Ignored; nothing else is foreseen."""
        raise NotImplementedError

    def action(self, received: Received) -> Asked:
        """What a message asks to be done to an alert, where its entrance noted an action. Raises Unreadable."""
        raise Unreadable("no_actions", f"{self.label} has no actions.")

    def request_for(self, example: Example, key: str) -> tuple[str, bytes]:
        """Path and body with which a sender posts this example."""
        return f"/integrations/{self.slug}/{key}/", example.encoded()

    def set_up_text(self, *, url: str, base_url: str, key: str) -> str:
        """The lines to paste, and how a secret is proved."""
        text = f"{self.set_up.rstrip()}\n\n{self.secret_text}\n"
        return text.replace("{url}", url).replace("{base_url}", base_url).replace("{key}", key)

    @property
    def secret_text(self) -> str:
        """What an integration's secret asks of this sender."""
        if self.authentication is None:
            return "Its sender knows no further proof than the key: keep the address to yourself."
        return f"If you give the integration a *secret*, only messages are read that offer {self.authentication.text}."


sources: Registry[Source] = Registry("alerts.sources", attribute="SOURCE", slug_of=lambda each: each.slug)


def resolve_after(set_by_hand: timedelta | None, source_slug: str) -> timedelta | None:
    """After what time an alert that nobody tells of is over: as set by hand (0: never), else as its source suggests."""
    if set_by_hand is not None:
        return set_by_hand or None
    source = sources.get(source_slug)
    return source.resolves_after if source is not None else None


def severity_of(word: Json) -> Severity | None:
    """The severity a word stands for; None for a word nobody uses for one."""
    return _SEVERITIES.get(word.strip().lower()) if isinstance(word, str) else None


def as_text(value: Json) -> str:
    """A value as people read it: text as it is, nothing for nothing, the rest as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def as_texts(value: Json) -> dict[str, str]:
    """A map of texts; nothing where the value is no object."""
    if not isinstance(value, dict):
        return {}
    if set(map(type, value.values())) == {str}:
        return value
    return {name: each if isinstance(each, str) else as_text(each) for name, each in value.items()}


def links_of(*pairs: tuple[str, Json]) -> list[Link]:
    """The links among these that can be followed: only http and https."""
    return [
        Link(text, href)
        for text, href in pairs
        if isinstance(href, str) and href.startswith(("http://", "https://")) and len(href) <= LONGEST_HREF
    ]


def expect_object(body: Json) -> dict[str, Json]:
    """The body, if it is a JSON object. Raises Unreadable."""
    if not isinstance(body, dict):
        raise Unreadable("unexpected_shape", "The body is JSON but not an object, which this source always sends.")
    return body
