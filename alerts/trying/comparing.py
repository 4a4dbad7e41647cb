"""What differs between two runs through the same messages: incidents split, merged, gone, new; other alerts. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from alerts.models import AlertStatus
from alerts.trying.course import Seen, Sighting
from alerts.trying.outcomes import Outcome
from incidents.models import Severity

MOST_SHOWN = 50  # changes of each kind
MOST_INCIDENTS = 5  # of one side of a change
MOST_MESSAGES = 5  # of one change


class Kind(StrEnum):
    """What becomes of incidents that have messages in common."""

    SPLIT = "split"
    MERGED = "merged"
    REGROUPED = "regrouped"
    GONE = "gone"
    NEW = "new"
    CHANGED = "changed"


@dataclass(frozen=True)
class IncidentSeen:
    """An incident of one of the runs. `pages` are first pages of escalations."""

    title: str
    service: str
    severity: Severity | None
    group_key: str
    opened_at: datetime
    resolved_at: datetime | None
    messages: int
    pages: int
    is_gathered: bool


@dataclass(frozen=True)
class IncidentChange:
    """Incidents of both runs that have messages in common. At most five of each side are named."""

    kind: Kind
    before: Sequence[IncidentSeen]
    before_count: int
    after: Sequence[IncidentSeen]
    after_count: int
    fields: Sequence[str]  # of an incident that stays one: what is different of it
    messages: Sequence[int]  # some of them, newest first
    message_count: int


@dataclass(frozen=True)
class AlertSeen:
    """What an alert was taken to say."""

    identity: str
    title: str
    status: AlertStatus
    severity: Severity | None
    service: str


@dataclass(frozen=True)
class AlertChange:
    """An alert that is another, in the same way each time it is told of."""

    before: AlertSeen
    after: AlertSeen
    fields: Sequence[str]
    messages: Sequence[int]
    count: int


@dataclass(frozen=True)
class Run:
    """One run through the messages."""

    outcomes: Sequence[Outcome]
    seen: Mapping[Sighting, Seen]
    alert_count: int


@dataclass(frozen=True)
class Sums:
    """What one run comes to. What a storm gathers is no incident of its own."""

    incidents: int
    pages: int
    alerts: int
    gathered: int


@dataclass(frozen=True)
class Difference:
    """What is different between two runs; the counts are of all, the lists end after fifty."""

    before: Sums
    after: Sums
    incidents: Sequence[IncidentChange] = ()
    incident_changes: int = 0
    alerts: Sequence[AlertChange] = ()
    alert_changes: int = 0
    fields: Mapping[str, int] = field(default_factory=dict)  # how many tellings differ in each

    @property
    def is_none(self) -> bool:
        """Whether nothing would have been different."""
        return not self.incident_changes and not self.fields


def compare(before: Run, after: Run, services: Mapping[int, str]) -> Difference:
    """The difference; `services` are their names by id."""
    incidents = _incidents(before, after, services)
    alerts, fields = _alerts(before, after, services)
    return Difference(
        before=_sums(before),
        after=_sums(after),
        incidents=incidents[:MOST_SHOWN],
        incident_changes=len(incidents),
        alerts=alerts[:MOST_SHOWN],
        alert_changes=len(alerts),
        fields=fields,
    )


def _sums(run: Run) -> Sums:
    gathered = sum(each.is_gathered for each in run.outcomes)
    pages = sum(len(each.paged) for each in run.outcomes)
    return Sums(len(run.outcomes) - gathered, pages, run.alert_count, gathered)


def _incidents(before: Run, after: Run, services: Mapping[int, str]) -> list[IncidentChange]:
    changes = []
    for olds, news in _related(before.outcomes, after.outcomes):
        kind, fields = _kind(olds, news)
        if kind is not None:
            changes.append(_change(kind, olds, news, fields, services))
    # What matters most first: as it happened, but single incidents with small changes last.
    return sorted(changes, key=lambda each: each.kind is Kind.CHANGED)


def _related(
    before: Sequence[Outcome], after: Sequence[Outcome]
) -> Iterable[tuple[Sequence[Outcome], Sequence[Outcome]]]:
    """Incidents of both sides that have messages in common, directly or by others; in the order of the first."""
    of_sighting: dict[Sighting, list[int]] = {}
    every = [*before, *after]
    for place, outcome in enumerate(every):
        for sighting in outcome.sightings:
            of_sighting.setdefault(sighting, []).append(place)
    leads_to = list(range(len(every)))

    def root(place: int) -> int:
        while leads_to[place] != place:
            leads_to[place] = leads_to[leads_to[place]]
            place = leads_to[place]
        return place

    for first, *others in of_sighting.values():
        for other in others:
            one, two = sorted((root(first), root(other)))
            leads_to[two] = one
    sides: dict[int, tuple[list[Outcome], list[Outcome]]] = {}
    for place, outcome in enumerate(every):
        sides.setdefault(root(place), ([], []))[place >= len(before)].append(outcome)
    return sorted(sides.values(), key=lambda side: min(each.opened_at for each in (*side[0], *side[1])))


def _kind(olds: Sequence[Outcome], news: Sequence[Outcome]) -> tuple[Kind | None, tuple[str, ...]]:
    if not olds:
        return Kind.NEW, ()
    if not news:
        return Kind.GONE, ()
    if len(olds) == len(news) == 1:
        fields = _different(olds[0], news[0])
        return (Kind.CHANGED if fields else None), fields
    if len(olds) == 1:
        return Kind.SPLIT, ()
    return (Kind.MERGED if len(news) == 1 else Kind.REGROUPED), ()


def _different(old: Outcome, new: Outcome) -> tuple[str, ...]:
    pairs = {
        "title": (old.title, new.title),
        "service": (old.service_id, new.service_id),
        "severity": (old.severity, new.severity),
        "resolved": (old.resolved_at is None, new.resolved_at is None),
        "pages": (len(old.paged), len(new.paged)),
        "storm": (old.is_gathered, new.is_gathered),
    }
    return tuple(name for name, (one, other) in pairs.items() if one != other)


def _change(
    kind: Kind,
    olds: Sequence[Outcome],
    news: Sequence[Outcome],
    fields: Sequence[str],
    services: Mapping[int, str],
) -> IncidentChange:
    messages = sorted({message for each in (*olds, *news) for message, _ in each.sightings}, reverse=True)
    return IncidentChange(
        kind=kind,
        before=[_shown(each, services) for each in olds[:MOST_INCIDENTS]],
        before_count=len(olds),
        after=[_shown(each, services) for each in news[:MOST_INCIDENTS]],
        after_count=len(news),
        fields=fields,
        messages=messages[:MOST_MESSAGES],
        message_count=len(messages),
    )


def _shown(outcome: Outcome, services: Mapping[int, str]) -> IncidentSeen:
    return IncidentSeen(
        title=outcome.title,
        service=services.get(outcome.service_id, ""),
        severity=outcome.severity,
        group_key=outcome.case.group_key,
        opened_at=outcome.opened_at,
        resolved_at=outcome.resolved_at,
        messages=len({message for message, _ in outcome.sightings}),
        pages=len(outcome.paged),
        is_gathered=outcome.is_gathered,
    )


_COMPARED = ("identity", "title", "status", "severity", "service_id")
_LISTED = frozenset({"status", "severity", "service"})  # a change of these is listed, of the others only counted


def _alerts(before: Run, after: Run, services: Mapping[int, str]) -> tuple[list[AlertChange], dict[str, int]]:
    counts: dict[str, int] = {}
    found: dict[tuple[object, ...], tuple[Seen, Seen, tuple[str, ...], list[int]]] = {}
    for sighting, old in before.seen.items():
        new = after.seen[sighting]
        if old == new:
            continue
        names = [name for name in _COMPARED if getattr(old, name) != getattr(new, name)]
        fields = tuple(name.removesuffix("_id") for name in names)
        for name in fields:
            counts[name] = counts.get(name, 0) + 1
        if _LISTED.intersection(fields):
            key = (old.identity, *[(getattr(old, name), getattr(new, name)) for name in _COMPARED if name != "title"])
            found.setdefault(key, (old, new, fields, []))[3].append(sighting[0])
    changes = [
        AlertChange(
            _alert(old, services),
            _alert(new, services),
            fields,
            list(dict.fromkeys(reversed(messages)))[:MOST_MESSAGES],
            len(messages),
        )
        for old, new, fields, messages in found.values()
    ]
    return sorted(changes, key=lambda each: -each.count), counts


def _alert(seen: Seen, services: Mapping[int, str]) -> AlertSeen:
    service = services.get(seen.service_id, "")
    return AlertSeen(seen.identity[:1024], seen.title, seen.status, seen.severity, service)
