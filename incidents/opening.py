"""Opening many incidents at once, as a storm of alerts does: a few statements however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import IntegrityError, transaction

from catalog.models import Service
from core import clock
from incidents import hooks, lifecycle, timeline
from incidents.actor import Actor
from incidents.models import Incident, Severity, TimelineEntry, Urgency
from incidents.mutes import Mute, told
from incidents.states import Status
from incidents.timeline import Detail
from incidents.urgency import RANK


@dataclass(frozen=True)
class Entry:
    """A timeline entry that a new incident begins with, after the one that tells of its opening."""

    kind: str
    reason: str
    text: str
    details: dict[str, Detail] = field(default_factory=dict)


@dataclass(frozen=True)
class Opening:
    """An incident to be. No open one has its `open_key`, as far as the caller knows."""

    service: Service
    title: str
    urgency: Urgency
    open_key: str
    severity: Severity | None = None
    description: str = ""
    origin: str = ""
    group_key: str = ""
    hold: timedelta = timedelta()
    mute: Mute | None = None
    is_held_back: bool = False  # until somebody triggers it; an entry says why
    previous: Incident | None = None
    alert_count: int = 0
    firing_count: int = 0
    reason: str = ""
    details: dict[str, Detail] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()


@transaction.atomic
def open_many(openings: Sequence[Opening], *, by: Actor) -> list[Incident]:
    """The incidents, in the same order; held while their hold lasts or while they are muted, and triggered otherwise.

    Where one with the same key turns out to be open, that one is taken.
    """
    if not openings:
        return []
    try:
        with transaction.atomic():
            incidents = Incident.objects.bulk_create(_incident(each) for each in openings)
    except IntegrityError:
        return [_open_one(each, by) for each in openings]
    TimelineEntry.objects.bulk_create(
        entry
        for incident, opening in zip(incidents, openings, strict=True)
        for entry in _entries(incident, opening, by)
    )
    now = clock.now()
    hooks.status_changed.announce_all(
        [hooks.StatusChanged(incident, None, Status(incident.status), by, now) for incident in incidents]
    )
    return incidents


def _incident(opening: Opening) -> Incident:
    now = clock.now()
    is_held = opening.hold > timedelta() or opening.mute is not None or opening.is_held_back
    status = Status.HELD if is_held else Status.TRIGGERED
    return Incident(
        title=opening.title,
        description=opening.description,
        service=opening.service,
        status=status,
        status_since=now,
        urgency=opening.urgency,
        severity=opening.severity,
        origin=opening.origin,
        group_key=opening.group_key,
        open_key=opening.open_key,
        alert_count=opening.alert_count,
        firing_count=opening.firing_count,
        created_at=now,
        triggered_at=None if is_held else now,
        due_at=now + opening.hold if opening.hold > timedelta() and opening.mute is None else None,
        muted=opening.mute.shown() if opening.mute is not None else None,
        previous=opening.previous,
    )


def _entries(incident: Incident, opening: Opening, by: Actor) -> list[TimelineEntry]:
    text = f"Opened by {by.phrase}, held for {opening.hold}." if opening.hold else f"Opened by {by.phrase}."
    opened = timeline.draft(
        incident, kind=timeline.Kind.OPENED, by=by, reason=opening.reason, text=text, **opening.details
    )
    return [opened, *_further(incident, opening, by)]


def _muted(incident: Incident, muted: Mute, by: Actor) -> TimelineEntry:
    kind = timeline.Kind.MUTED
    return timeline.draft(incident, kind=kind, by=by, reason=muted.reason, text=told(muted), **muted.details())


def _further(incident: Incident, opening: Opening, by: Actor) -> list[TimelineEntry]:
    further = [
        timeline.draft(incident, kind=each.kind, by=by, reason=each.reason, text=each.text, **each.details)
        for each in opening.entries
    ]
    return further if opening.mute is None else [*further, _muted(incident, opening.mute, by)]


def _open_one(opening: Opening, by: Actor) -> Incident:
    incident, is_new = lifecycle.open_incident(
        service=opening.service,
        title=opening.title,
        by=by,
        urgency=opening.urgency,
        severity=opening.severity,
        description=opening.description,
        origin=opening.origin,
        group_key=opening.group_key,
        open_key=opening.open_key,
        hold=opening.hold,
        mute=opening.mute,
        is_held_back=opening.is_held_back,
        previous=opening.previous,
        reason=opening.reason,
        details=opening.details,
    )
    if is_new:
        TimelineEntry.objects.bulk_create(_further(incident, opening, by))
    severities = [Severity(incident.severity) if incident.severity else None, opening.severity]
    lifecycle.set_alert_counts(
        incident,
        alert_count=incident.alert_count + opening.alert_count,
        firing_count=incident.firing_count + opening.firing_count,
        severity=opening.severity if is_new else max(severities, key=RANK.__getitem__),
    )
    return incident
