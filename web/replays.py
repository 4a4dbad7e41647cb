"""What a dry run of a mapping says, in words for its page. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.trying.comparing import AlertChange, AlertSeen, IncidentChange, IncidentSeen, Kind
from alerts.trying.messages import MOST_MESSAGES, USUAL_MESSAGES, Wanted
from alerts.trying.rehearsal import Rehearsal
from incidents.models import Severity

Line = tuple[str, str]  # a title, and what there is to say beside it

# By what a reader chooses: how many messages, or of what time.
STRETCHES = [
    ("100", "The last 100 messages"),
    (str(USUAL_MESSAGES), f"The last {USUAL_MESSAGES} messages"),
    (str(MOST_MESSAGES), f"The last {MOST_MESSAGES:,} messages"),
    ("1h", "The last hour"),
    ("1d", "The last day"),
    ("7d", "The last 7 days"),
]
USUAL = str(USUAL_MESSAGES)
_TIMES = {"1h": timedelta(hours=1), "1d": timedelta(days=1), "7d": timedelta(days=7)}

_LEFT_OUT = {
    "ignored": "told of no alert",
    "quarantined": "in quarantine",
    "not_read_yet": "not read yet",
    "not_readable_now": "no longer readable",
    "source_failed": "on which the source fails",
    "no_route": "without a route",
    "action": "asked for something to be done by people",
}
_STOPPED = {
    "too_many_bytes": "That is all that fits into one comparison; older messages were left out.",
    "too_many_alerts": "Newer messages were left out: there are too many alerts for one comparison.",
    "too_long": "Newer messages were left out: it took too long. Choose fewer.",
}


def wanted(stretch: str, now: datetime) -> Wanted:
    """The messages a reader chose."""
    if stretch in _TIMES:
        return Wanted(MOST_MESSAGES, since=now - _TIMES[stretch])
    return Wanted(int(stretch) if stretch in dict(STRETCHES) else USUAL_MESSAGES)


@dataclass(frozen=True)
class Shown:
    """A dry run as its page tells it."""

    found: Rehearsal
    left_out: str
    stopped: str
    differing: str
    problems: Sequence[tuple[str, int]]
    incidents: Sequence[tuple[str, list[Line], list[Line], IncidentChange]]  # headline, in use, draft
    alerts: Sequence[tuple[list[tuple[str, str, str]], AlertChange]]  # fields with what they were and become


def shown(found: Rehearsal) -> Shown:
    """In words."""
    difference = found.difference
    return Shown(
        found=found,
        left_out=left_out(found),
        stopped=stopped(found),
        differing=differing(difference.fields) if difference else "",
        problems=list(found.problems.items()),
        incidents=[
            (headline(each), _lines(each.before), _lines(each.after), each)
            for each in (difference.incidents if difference else ())
        ],
        alerts=[(alert_differences(each), each) for each in (difference.alerts if difference else ())],
    )


def _lines(incidents: Sequence[IncidentSeen]) -> list[Line]:
    return [(each.title, incident_line(each)) for each in incidents]


def left_out(found: Rehearsal) -> str:
    """Why some were not gone through; empty where all were."""
    parts = [f"{count:,} {_LEFT_OUT.get(reason, reason)}" for reason, count in found.left_out.items()]
    return f"Left out: {', '.join(parts)}." if parts else ""


def stopped(found: Rehearsal) -> str:
    """What was too much."""
    return _STOPPED.get(found.stopped, "")


def headline(change: IncidentChange) -> str:
    """What becomes of incidents."""
    old, new = change.before_count, change.after_count
    if change.kind is Kind.CHANGED:
        return _differences(change.before[0], change.after[0], change.fields)
    return {
        Kind.SPLIT: f"One incident becomes {new:,}",
        Kind.MERGED: f"{old:,} incidents become one",
        Kind.REGROUPED: f"{old:,} incidents become {new:,} others",
        Kind.GONE: "No incident any more",
        Kind.NEW: "A new incident",
    }[change.kind]


def _differences(old: IncidentSeen, new: IncidentSeen, fields: Sequence[str]) -> str:
    words = {
        "title": "other title",
        "service": "other service",
        "severity": "other severity",
        "resolved": "stays open" if new.resolved_at is None else "is resolved",
        "pages": f"{pages(new.pages)} instead of {pages(old.pages)}",
        "storm": "a storm takes it in" if new.is_gathered else "no storm takes it in",
    }
    text = ", ".join(words[name] for name in fields)
    return text[:1].upper() + text[1:]


def pages(count: int) -> str:
    """How often it pages first."""
    return "no page" if not count else f"{count:,} page{'s' * (count != 1)}"


def incident_line(seen: IncidentSeen) -> str:
    """What there is to say of an incident beside its title."""
    parts = [seen.service, _severity(seen.severity), f"{seen.messages:,} message{'s' * (seen.messages != 1)}"]
    parts.append("gathered by a storm" if seen.is_gathered else pages(seen.pages))
    parts.append("stays open" if seen.resolved_at is None else "is resolved")
    return " · ".join(parts)


def alert_differences(change: AlertChange) -> list[tuple[str, str, str]]:
    """Field, before and after."""
    return [(name.capitalize(), _said(change.before, name), _said(change.after, name)) for name in change.fields]


def differing(fields: Mapping[str, int]) -> str:
    """In how many tellings each field differs."""
    parts = [f"{name} in {count:,}" for name, count in fields.items()]
    return f"Of what the messages tell: {', '.join(parts)}." if parts else ""


def _said(seen: AlertSeen, name: str) -> str:
    if name == "severity":
        return _severity(seen.severity)
    if name == "status":
        return seen.status.label
    return str(getattr(seen, name))


def _severity(severity: Severity | None) -> str:
    return severity.label if severity is not None else "no severity"
