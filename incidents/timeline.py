"""The record of what happened to an incident. Every change of it passes through `record`, in its own transaction."""

from collections.abc import Sequence
from enum import StrEnum

from core import clock
from incidents import hooks
from incidents.actor import Actor
from incidents.models import Incident, TimelineEntry
from incidents.states import Move

Detail = str | int | float | bool | None | list[str] | list[int] | dict[str, str]


class Kind(StrEnum):
    """What this app itself records. Apps above record kinds of their own."""

    OPENED = "opened"
    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    SNOOZED = "snoozed"
    WOKEN = "woken"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    NOTE = "note"
    MERGED = "merged"  # this one went into another
    ABSORBED = "absorbed"  # another went into this one
    URGENCY_CHANGED = "urgency_changed"
    MUTED = "muted"
    UNMUTED = "unmuted"  # and held on, as its hold time is not over
    RENAMED = "renamed"


OF_MOVE = {
    Move.TRIGGER: Kind.TRIGGERED,
    Move.ACKNOWLEDGE: Kind.ACKNOWLEDGED,
    Move.UNACKNOWLEDGE: Kind.UNACKNOWLEDGED,
    Move.SNOOZE: Kind.SNOOZED,
    Move.WAKE: Kind.WOKEN,
    Move.RESOLVE: Kind.RESOLVED,
    Move.REOPEN: Kind.REOPENED,
    Move.MUTE: Kind.MUTED,
}


def record(
    incident: Incident,
    *,
    kind: str,
    by: Actor,
    reason: str = "",
    text: str = "",
    **details: Detail,
) -> TimelineEntry:
    """Write one entry. Without a `text` the sentence is made from kind and actor.

    The caller holds the incident's lock, or has just made it. `details` are kept as JSON for programs; `text` is for
    people and holds no address, token or phone number.
    """
    entry = draft(incident, kind=kind, by=by, reason=reason, text=text, **details)
    entry.save(force_insert=True)
    hooks.recorded.announce(hooks.Recorded(incident.pk, entry.pk, entry.kind))
    return entry


def record_many(entries: Sequence[TimelineEntry]) -> None:
    """Write what `draft` made, in one statement. The caller holds the locks of their incidents."""
    if not entries:
        return
    newest = {entry.incident_id: entry for entry in TimelineEntry.objects.bulk_create(entries)}
    hooks.recorded.announce_all([hooks.Recorded(pk, entry.pk, entry.kind) for pk, entry in newest.items()])


def draft(
    incident: Incident, *, kind: str, by: Actor, reason: str = "", text: str = "", **details: Detail
) -> TimelineEntry:
    """What `record` would write, not written yet: for callers that write many entries in one statement."""
    return TimelineEntry(
        incident=incident,
        at=clock.now(),
        kind=str(kind),
        actor_kind=by.kind,
        actor_name=by.name[:150],
        actor_user_id=by.user_id,
        via=by.via,
        reason=reason,
        text=text or sentence(str(kind), by),
        details=details,
    )


def sentence(kind: str, by: Actor) -> str:
    """What people read where the caller has nothing more to say: `Acknowledged by ada by SMS.`"""
    return f"{kind.replace('_', ' ').capitalize()} by {by.phrase}."
