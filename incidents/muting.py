"""Muted incidents: all that fires in them is silenced, under maintenance or inhibited, so they are held.

They page nobody. What mutes them and when that ends is known to `alerts`; here it is written down.
"""

from datetime import datetime

from django.db import transaction

from incidents import states, timeline
from incidents.actor import Actor
from incidents.lifecycle import locked, move_locked, save_changes
from incidents.models import Incident
from incidents.mutes import Mute, told
from incidents.states import Move, Status


@transaction.atomic
def mute(incident_id: int, muted: Mute, *, by: Actor) -> bool:
    """Page nobody: hold it, whether it was triggered or held already. False where somebody has it, or it is over."""
    return mute_locked(locked(incident_id), muted, by=by)


def mute_locked(incident: Incident, muted: Mute, *, by: Actor) -> bool:
    """The same for an incident that this transaction has locked."""
    if incident.status == Status.HELD:
        if incident.muted == muted.shown():
            return False
        is_new = incident.muted is None
        incident.muted, incident.due_at = muted.shown(), None
        save_changes(incident, ["muted", "due_at"])
        if is_new:
            _record(incident, muted, by)
        return True
    if states.after(Status(incident.status), Move.MUTE) is None:
        return False
    incident.muted = muted.shown()
    move_locked(incident, Move.MUTE, by=by, reason=muted.reason, text=told(muted), details=muted.details())
    return True


def hold_on(incident: Incident, *, until: datetime | None, by: Actor, reason: str) -> None:
    """It is not muted any more, but its hold time is not over. The caller holds its lock.

    Without `until` something else than time holds it.
    """
    incident.muted, incident.due_at = None, until
    save_changes(incident, ["muted", "due_at"])
    text = "Not muted any more; " + ("its hold time goes on." if until else "it is held back still.")
    ends = until.isoformat() if until else None
    timeline.record(incident, kind="unmuted", by=by, reason=reason, text=text, until=ends)


def _record(incident: Incident, muted: Mute, by: Actor) -> None:
    timeline.record(incident, kind=timeline.Kind.MUTED, by=by, reason=muted.reason, text=told(muted), **muted.details())
