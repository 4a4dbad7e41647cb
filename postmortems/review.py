"""The moves of a postmortem between draft and approval, and who may make them. Each is one transaction."""

from django.db import transaction

from accounts.access import require
from accounts.models import Role, User
from core import clock
from core.errors import Invalid, NotAllowed
from incidents import timeline
from incidents.actor import Via, person
from incidents.models import Incident
from postmortems import states
from postmortems.editing import Stale
from postmortems.models import Postmortem, Review
from postmortems.states import Move, Status

LONGEST_COMMENT = 10_000  # characters
_NEEDS = {
    Move.ASK_FOR_REVIEW: Role.RESPONDER,
    Move.REQUEST_CHANGES: Role.MANAGER,
    Move.APPROVE: Role.MANAGER,
    Move.REOPEN: Role.MANAGER,
}
_TOLD_AS = {
    Move.ASK_FOR_REVIEW: "Review of the postmortem asked for",
    Move.REQUEST_CHANGES: "Changes to the postmortem requested",
    Move.APPROVE: "Postmortem approved",
    Move.REOPEN: "Postmortem reopened",
}
_RECORDED_AS = {
    Move.ASK_FOR_REVIEW: "postmortem_review_asked",
    Move.REQUEST_CHANGES: "postmortem_changes_requested",
    Move.APPROVE: "postmortem_approved",
    Move.REOPEN: "postmortem_reopened",
}


class OwnWork(NotAllowed):
    """Nobody but an admin approves what she wrote herself."""

    code = "own_postmortem"


def ask_for_review(postmortem_id: int, *, by: User, via: Via = Via.WEB, comment: str = "") -> bool:
    """Put it before the managers. False if it lies there already."""
    return move(postmortem_id, Move.ASK_FOR_REVIEW, by=by, via=via, comment=comment)


def request_changes(
    postmortem_id: int, *, by: User, comment: str, via: Via = Via.WEB, version: int | None = None
) -> bool:
    """Hand it back with a comment that says what is missing."""
    return move(postmortem_id, Move.REQUEST_CHANGES, by=by, via=via, comment=comment, version=version)


def approve(postmortem_id: int, *, by: User, via: Via = Via.WEB, comment: str = "", version: int | None = None) -> bool:
    """Close it. `version` is the text the approver has read: raises Stale where it has changed since."""
    return move(postmortem_id, Move.APPROVE, by=by, via=via, comment=comment, version=version)


def reopen(postmortem_id: int, *, by: User, via: Via = Via.WEB, comment: str = "") -> bool:
    """Make an approved one a draft again."""
    return move(postmortem_id, Move.REOPEN, by=by, via=via, comment=comment)


@transaction.atomic
def move(
    postmortem_id: int, what: Move, *, by: User, via: Via = Via.WEB, comment: str = "", version: int | None = None
) -> bool:
    """Make one move. Raises MoveNotAllowed, NotAllowed, Invalid, Stale; False where it was made already."""
    comment = comment.strip()
    require(by, _NEEDS[what])
    _require_comment(what, comment)
    postmortem = locked(postmortem_id)
    new = states.after(Status(postmortem.status), what)
    if new is None:
        return False
    if what is Move.APPROVE and postmortem.owner_id == by.pk and not by.is_at_least(Role.ADMIN):
        raise OwnWork("You wrote this one. Another manager or an admin approves it.")
    if version is not None and version != postmortem.version:
        raise Stale(postmortem)
    _stamp(postmortem, new, by)
    Review.objects.create(postmortem=postmortem, by=by, move=what, comment=comment, version=postmortem.version)
    actor = person(by, via)
    timeline.record(
        postmortem.incident,
        kind=_RECORDED_AS[what],
        by=actor,
        text=f"{_TOLD_AS[what]} by {actor.phrase}.",
        postmortem_id=postmortem.pk,
        comment=comment,
    )
    return True


def locked(postmortem_id: int) -> Postmortem:
    """The postmortem and its incident, locked in the order incident, postmortem until the transaction ends."""
    incident = Incident.objects.select_for_update(no_key=True).get(postmortem=postmortem_id)
    postmortem = Postmortem.objects.select_for_update(no_key=True).get(pk=postmortem_id)
    postmortem.incident = incident
    return postmortem


def _require_comment(what: Move, comment: str) -> None:
    if what is Move.REQUEST_CHANGES and not comment:
        problem = "Say what should change: the comment is what the writer works from."
        raise Invalid(problem, {"comment": problem})
    if len(comment) > LONGEST_COMMENT:
        problem = f"A comment has at most {LONGEST_COMMENT} characters."
        raise Invalid(problem, {"comment": problem})


def _stamp(postmortem: Postmortem, new: Status, by: User) -> None:
    is_approved = new is Status.APPROVED
    postmortem.status = new
    postmortem.approved_at = clock.now() if is_approved else None
    postmortem.approved_by = by if is_approved else None
    postmortem.save(update_fields=["status", "approved_at", "approved_by"])
