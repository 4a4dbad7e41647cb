"""The verbs of an incident. Each is one transaction: lock, ask the table of moves, write, record, announce.

How one opens is in `incidents.opening`. They take ids, say `by` whom, and answer whether anything changed: people
press twice and carriers deliver twice. Lock order everywhere is incident, run, delivery; several incidents are locked
by ascending id.
"""

from datetime import UTC, datetime, timedelta

from django.db import IntegrityError, transaction

from core import clock
from core.errors import DomainError, Invalid
from incidents import hooks, states, timeline
from incidents.actor import Actor
from incidents.models import Incident, Severity, TimelineEntry, Urgency
from incidents.states import Move, Status
from incidents.timeline import Detail

LONGEST_SNOOZE = timedelta(days=30)
LONGEST_NOTE = 10_000  # characters
LONGEST_TITLE = 1024


class GroupIsOpen(DomainError):
    """Another incident for the same group is open already."""

    code = "group_is_open"


def acknowledge(incident_id: int, *, by: Actor) -> bool:
    """Someone has it: stop waking others."""
    return _move(incident_id, Move.ACKNOWLEDGE, by=by)


def unacknowledge(incident_id: int, *, by: Actor, reason: str = "") -> bool:
    """Nobody has it any more: wake others again."""
    return _move(incident_id, Move.UNACKNOWLEDGE, by=by, reason=reason)


def trigger(incident_id: int, *, by: Actor, reason: str) -> bool:
    """The hold time is over, or it got worse: wake people."""
    return _move(incident_id, Move.TRIGGER, by=by, reason=reason)


def snooze(incident_id: int, *, until: datetime, by: Actor) -> bool:
    """Leave people alone until then. Raises Invalid where `until` is not ahead, or more than 30 days."""
    now = clock.now()
    if until <= now or until - now > LONGEST_SNOOZE:
        problem = f"Name a moment ahead, at most {LONGEST_SNOOZE.days} days from now."
        raise Invalid(problem, {"until": problem})
    return _move(incident_id, Move.SNOOZE, by=by, until=until)


def resolve(incident_id: int, *, by: Actor, reason: str = "") -> bool:
    """It is over."""
    return _move(incident_id, Move.RESOLVE, by=by, reason=reason)


def reopen(incident_id: int, *, by: Actor, reason: str = "") -> bool:
    """It was not over. Raises GroupIsOpen where its group has another open incident by now."""
    return _move(incident_id, Move.REOPEN, by=by, reason=reason)


@transaction.atomic
def note(incident_id: int, *, text: str, by: Actor) -> TimelineEntry:
    """Write down what somebody found out or decided."""
    text = text.strip()
    if not text or len(text) > LONGEST_NOTE:
        problem = f"A note has 1 to {LONGEST_NOTE} characters."
        raise Invalid(problem, {"text": problem})
    incident = locked(incident_id)
    save_changes(incident, [])
    return timeline.record(incident, kind=timeline.Kind.NOTE, by=by, text=text)


@transaction.atomic
def rename(incident_id: int, *, title: str, by: Actor) -> bool:
    """Call it something else. False where it is called that already."""
    incident = locked(incident_id)
    title = title.strip()[:LONGEST_TITLE]
    if not title or incident.title == title:
        return False
    text = f"Renamed by {by.phrase}. It was called “{incident.title}”."
    incident.title = title
    save_changes(incident, ["title"])
    timeline.record(incident, kind=timeline.Kind.RENAMED, by=by, text=text)
    return True


def set_alert_counts(
    incident: Incident,
    *,
    alert_count: int,
    firing_count: int,
    severity: Severity | None,
    urgency: Urgency | None = None,
    by: Actor | None = None,
) -> bool:
    """Note how many alerts the incident has and how bad they are. The caller's transaction holds its lock.

    A change of `urgency` is recorded in the timeline, in the name of `by`; escalating anew is the caller's decision.
    """
    wished = {
        "alert_count": alert_count,
        "firing_count": firing_count,
        "severity": severity,
        "urgency": urgency or incident.urgency,
    }
    changed = [name for name, value in wished.items() if getattr(incident, name) != value]
    if not changed:
        return False
    for name in changed:
        setattr(incident, name, wished[name])
    save_changes(incident, changed)
    if "urgency" in changed and by is not None:
        timeline.record(
            incident,
            kind=timeline.Kind.URGENCY_CHANGED,
            by=by,
            reason="severity_changed",
            text=f"Urgency is now {incident.urgency}.",
            urgency=str(incident.urgency),
        )
    return True


def locked(incident_id: int) -> Incident:
    """The incident, locked until the transaction ends."""
    return Incident.objects.select_for_update(no_key=True).get(pk=incident_id)


@transaction.atomic
def _move(incident_id: int, move: Move, *, by: Actor, reason: str = "", until: datetime | None = None) -> bool:
    return move_locked(locked(incident_id), move, by=by, reason=reason, until=until)


def move_locked(
    incident: Incident,
    move: Move,
    *,
    by: Actor,
    reason: str = "",
    until: datetime | None = None,
    merged_into: Incident | None = None,
    text: str = "",
    details: dict[str, Detail] | None = None,
) -> bool:
    """Make a move of an incident that this transaction has locked. Raises MoveNotAllowed.

    Without a `text` the sentence is made from move and actor.
    """
    old = Status(incident.status)
    new = states.after(old, move)
    if new is None:
        return False
    now = clock.now()
    incident.status, incident.status_since = new, now
    incident.due_at = until
    if move is not Move.MUTE:
        incident.muted = None
    _stamp(incident, new, by, now)
    incident.merged_into = merged_into
    if old is Status.RESOLVED:
        _open_again(incident)
    else:
        save_changes(incident, _MOVED)
    details = {**(details or {}), "until": until.isoformat()} if until else details or {}
    text = f"Snoozed by {by.phrase} until {until.astimezone(UTC):%Y-%m-%d %H:%M} UTC." if until else text
    timeline.record(incident, kind=timeline.OF_MOVE[move], by=by, reason=reason, text=text, **details)
    hooks.status_changed.announce(hooks.StatusChanged(incident, old, new, by, now))
    return True


_MOVED = [
    "status",
    "status_since",
    "due_at",
    "failures",
    "triggered_at",
    "acknowledged_at",
    "acknowledged_by",
    "acknowledged_via",
    "resolved_at",
    "resolved_by",
    "merged_into",
    "muted",
]


def _open_again(incident: Incident) -> None:
    try:
        with transaction.atomic():
            save_changes(incident, _MOVED)
    except IntegrityError:
        raise GroupIsOpen("The same group has an open incident already. Work on that one.") from None


def _stamp(incident: Incident, new: Status, by: Actor, now: datetime) -> None:
    """Who and when, as of now. What held before is in the timeline."""
    incident.failures = 0
    if new is Status.TRIGGERED:
        incident.triggered_at = incident.triggered_at or now
        incident.acknowledged_at, incident.acknowledged_by_id, incident.acknowledged_via = None, None, ""
        incident.resolved_at, incident.resolved_by_id = None, None
    elif new is Status.ACKNOWLEDGED:
        incident.acknowledged_at, incident.acknowledged_by_id = now, by.user_id
        incident.acknowledged_via = by.via
    elif new is Status.RESOLVED:
        incident.resolved_at, incident.resolved_by_id = now, by.user_id


def save_changes(incident: Incident, fields: list[str]) -> None:
    """Write these fields of an incident that this transaction has locked, as its next version."""
    incident.version += 1
    incident.save(update_fields=[*fields, "version"])
