"""Merging: two incidents turn out to be one. The merged one is resolved and points at the other."""

from django.db import transaction

from core.errors import DomainError
from incidents import timeline
from incidents.actor import Actor
from incidents.lifecycle import locked, move_locked
from incidents.models import Incident
from incidents.states import Move, Status


class CannotMerge(DomainError):
    """These two cannot become one."""

    code = "cannot_merge"


@transaction.atomic
def merge(incident_id: int, *, into: int, by: Actor) -> bool:
    """Resolve an incident as a part of another, which is open. False where that was done before.

    Raises CannotMerge, and Incident.DoesNotExist.
    """
    if incident_id == into:
        raise CannotMerge("An incident cannot be merged into itself. Name another.")
    first, second = (locked(pk) for pk in sorted((incident_id, into)))
    incident, parent = (first, second) if first.pk == incident_id else (second, first)
    if incident.merged_into_id == parent.pk:
        return False
    _check(incident, parent)
    timeline.record(
        incident,
        kind=timeline.Kind.MERGED,
        by=by,
        text=f"Merged by {by.phrase} into #{parent.number}.",
        into=parent.pk,
    )
    timeline.record(
        parent,
        kind=timeline.Kind.ABSORBED,
        by=by,
        text=f"#{incident.number} was merged into this by {by.phrase}: {incident.title}",
        merged=incident.pk,
    )
    # Before the news: whoever follows it may change the other incident, too.
    parent.version += 1
    parent.save(update_fields=["version"])
    _point(incident, parent, by)
    return True


def _check(incident: Incident, parent: Incident) -> None:
    if parent.merged_into_id is not None:
        raise CannotMerge(f"#{parent.number} was itself merged into #{parent.merged_into_id}. Merge into that one.")
    if not parent.is_open:
        raise CannotMerge(f"#{parent.number} is resolved. Reopen it first, or merge the other way round.")
    if incident.merged_into_id is not None:
        raise CannotMerge(f"#{incident.number} was merged into #{incident.merged_into_id} before.")


def _point(incident: Incident, parent: Incident, by: Actor) -> None:
    if incident.status != Status.RESOLVED:
        move_locked(incident, Move.RESOLVE, by=by, reason="merged", merged_into=parent)
        return
    incident.merged_into = parent
    incident.version += 1
    incident.save(update_fields=["merged_into", "version"])
