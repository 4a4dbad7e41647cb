"""Answers to pages: whatever way somebody acknowledges or resolves, it ends in `act`, and she is told what happened."""

from dataclasses import dataclass
from enum import StrEnum

from accounts import access
from accounts.models import Role, User
from core.errors import DomainError
from incidents import lifecycle
from incidents.actor import Actor, Via, person
from incidents.models import Incident
from incidents.states import MoveNotAllowed, Status
from notifications import messages


class Verb(StrEnum):
    """What a page can be answered with."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


@dataclass(frozen=True)
class Answer:
    """What to tell the person, and whether the incident moved."""

    text: str
    changed: bool = False


def act(user: User, incident_id: int, verb: Verb, via: Via) -> Answer:
    """Do it, in her name. Refusals are answers too: she reads them on the device she has in her hand."""
    incident = _find(incident_id)
    if incident is None:
        return Answer(f"There is no incident #{incident_id}.")
    try:
        access.require(user, Role.RESPONDER)
        changed = _move(incident_id, verb, by=person(user, via))
    except MoveNotAllowed:
        changed = False  # as good as done: somebody resolved it meanwhile
    except DomainError as refusal:
        return Answer(str(refusal))
    moved = _find(incident_id) or incident
    return Answer(_told(moved, user, verb, changed=changed), changed)


def _move(incident_id: int, verb: Verb, *, by: Actor) -> bool:
    if verb is Verb.ACKNOWLEDGE:
        return lifecycle.acknowledge(incident_id, by=by)
    return lifecycle.resolve(incident_id, by=by)


def _find(incident_id: int) -> Incident | None:
    return Incident.objects.select_related("acknowledged_by", "resolved_by").filter(pk=incident_id).first()


def _told(incident: Incident, user: User, verb: Verb, *, changed: bool) -> str:
    name = f"#{incident.number} {messages.cut(incident.title, 60)}"
    if changed:
        return f"Acknowledged {name}. It is yours." if verb is Verb.ACKNOWLEDGE else f"Resolved {name}."
    if incident.status == Status.RESOLVED:
        by = f" by {incident.resolved_by.shown_name}" if incident.resolved_by else ""
        return f"{name} is already resolved{by}."
    if incident.acknowledged_by_id == user.pk:
        return f"You already have {name}."
    who = incident.acknowledged_by.shown_name if incident.acknowledged_by else "Somebody"
    return f"{who} already has {name}."
