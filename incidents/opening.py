"""Opening incidents: one, or as many as a storm of alerts brings, in a few statements however many there are.

Of a group at most one is open: who comes second takes the first's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import IntegrityError, transaction

from catalog.models import Service
from core import clock
from incidents import hooks, lifecycle, timeline
from incidents.actor import Actor
from incidents.lifecycle import GroupIsOpen
from incidents.models import Incident, Severity, TimelineEntry, Urgency
from incidents.mutes import Mute, told
from incidents.states import Status
from incidents.timeline import Detail
from incidents.urgency import RANK

_TRIES = 5


@dataclass(frozen=True)
class Entry:
    """A timeline entry that a new incident begins with, after the one that tells of its opening."""

    kind: str
    reason: str
    text: str
    details: dict[str, Detail] = field(default_factory=dict)


@dataclass(frozen=True)
class Opening:
    """An incident to be. `open_key` is the identity of its group; without one it is of no group.

    `reason` is the named reason why it opens, `details` what else a program may want to know about that.
    """

    service: Service
    title: str
    urgency: Urgency
    open_key: str | None = None
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
def open_incident(opening: Opening, *, by: Actor) -> tuple[Incident, bool]:
    """The open incident with this `open_key`, locked, and whether it is new. Without a key it is always new.

    A new one is held while its hold lasts, while it is muted or held back (the caller ends that), else triggered.
    """
    new = _incident(opening)
    present = _insert(new)
    if present is not None:
        return present, False
    TimelineEntry.objects.bulk_create(_entries(new, opening, by))
    hooks.status_changed.announce(hooks.StatusChanged(new, None, Status(new.status), by, new.created_at))
    return new, True


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
    incident, is_new = open_incident(opening, by=by)
    if not is_new:
        severities = [Severity(incident.severity) if incident.severity else None, opening.severity]
        lifecycle.set_alert_counts(
            incident,
            alert_count=incident.alert_count + opening.alert_count,
            firing_count=incident.firing_count + opening.firing_count,
            severity=max(severities, key=RANK.__getitem__),
        )
    return incident


def _insert(new: Incident) -> Incident | None:
    """Insert it, unless one with its key is open: then that one, locked."""
    for _ in range(_TRIES):
        present = _open_with(new.open_key)
        if present is not None:
            return present
        try:
            with transaction.atomic():
                new.save(force_insert=True)
        except IntegrityError:
            # Another worker has just opened it; it may even be resolved by the time we look.
            if new.open_key is None:
                raise
            continue
        return None
    raise GroupIsOpen("The same group is being opened and resolved over and over. Try again.")


def _open_with(open_key: str | None) -> Incident | None:
    if open_key is None:
        return None
    return Incident.objects.select_for_update(no_key=True).open().filter(open_key=open_key).order_by("id").first()
