"""What messages say, in words for somebody who was asleep a moment ago. Pure; each channel lays them out its way."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from incidents.states import Status

_TITLE_IN_SMS = 70
_SERVICE_IN_SMS = 24


@dataclass(frozen=True)
class Facts:
    """What a message knows of its incident. Times are UTC; `since` is the moment of the present status."""

    incident_id: int
    number: int
    title: str
    service: str
    severity: str
    urgency: str
    status: Status
    since: datetime
    opened_at: datetime
    description: str
    alert_count: int
    url: str
    version: int
    who: str = ""  # who acknowledged or resolved it; empty where nobody did
    by_way_of: str = ""


@dataclass(frozen=True)
class Message:
    """What is said to one person. Without `facts` it is about no incident: `subject` and `text` say it."""

    name: str
    time_zone: str
    facts: Facts | None = None
    subject: str = ""
    text: str = ""
    act_url: str = ""  # where this person may act without signing in
    others_wait: bool = False  # further unanswered pages went to the same address


def headline(facts: Facts) -> str:
    """One line that says how bad, which and what: `HIGH #12 Replica lag`."""
    return f"{facts.urgency.upper()} #{facts.number} {facts.title}"


def standing(facts: Facts, *, time_zone: str) -> str:
    """Where the incident stands: `Acknowledged by ada via Slack, 02:14 CET`."""
    at = local(facts.since, time_zone)
    word = {Status.TRIGGERED: "Nobody has it yet, since", Status.HELD: "On hold since"}.get(facts.status)
    if word:
        return f"{word} {at}"
    word = facts.status.capitalize()
    by = f" by {facts.who}" if facts.who else ""
    way = f" via {way_label(facts.by_way_of)}" if facts.by_way_of and facts.who else ""
    return f"{word}{by}{way}, {at}"


def way_label(via: str) -> str:
    """How people call a way of acting."""
    return {"sms": "SMS", "api": "API", "email": "e-mail", "web": "the web page", "slack": "Slack"}.get(via, via)


def local(at: datetime, time_zone: str) -> str:
    """The moment on the reader's own clock, with its zone: `02:14 CET`."""
    return f"{_there(at, time_zone):%H:%M %Z}"


def local_with_day(at: datetime, time_zone: str) -> str:
    """The same with the day: `Tue 3 Mar, 02:14 CET`."""
    there = _there(at, time_zone)
    return f"{there:%a} {there.day} {there:%b}, {there:%H:%M %Z}"


def _there(at: datetime, time_zone: str) -> datetime:
    try:
        return at.astimezone(ZoneInfo(time_zone))
    except (ZoneInfoNotFoundError, ValueError):  # a page with a strange clock beats no page
        return at


def sms(message: Message) -> str:
    """A text that fits two segments and says how to answer."""
    facts = message.facts
    if facts is None:
        return plain(f"[Tocsin] {message.text}")
    which = f" {facts.number}" if message.others_wait else ""
    return plain(
        f"[Tocsin] #{facts.number} {cut(facts.service, _SERVICE_IN_SMS)}: {cut(facts.title, _TITLE_IN_SMS)}. "
        f"Reply 1{which} to acknowledge, 2{which} to resolve."
    )


def cut(text: str, length: int) -> str:
    """The text in one line, shortened with three dots where it is too long."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= length else line[: length - 3].rstrip() + "..."


_PLAIN = str.maketrans(
    {
        "“": '"',
        "”": '"',
        "„": '"',
        "’": "'",
        "‘": "'",
        "–": "-",
        "—": "-",
        "…": "...",
        "\u00a0": " ",
        "·": "-",
        "`": "'",
    }
)


def plain(text: str) -> str:
    """Typographic characters replaced: one of them would more than double the segments of a text message."""
    return "".join(char for char in text.translate(_PLAIN) if char.isprintable() or char == "\n")
