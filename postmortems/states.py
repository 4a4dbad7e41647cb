"""Which move is allowed from which status of a postmortem. Pure: no Django, no clock, no database."""

from enum import StrEnum

from core.errors import DomainError


class Status(StrEnum):
    """Where a postmortem stands."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"

    @property
    def label(self) -> str:
        """For people."""
        return self.value.replace("_", " ").capitalize()


CHOICES = [(each, each.label) for each in Status]


class Move(StrEnum):
    """What can be done to a postmortem that changes its status."""

    ASK_FOR_REVIEW = "ask_for_review"
    REQUEST_CHANGES = "request_changes"
    APPROVE = "approve"
    REOPEN = "reopen"

    @property
    def label(self) -> str:
        """For people: what somebody did."""
        return _DONE[self]


_DONE = {
    Move.ASK_FOR_REVIEW: "Asked for review",
    Move.REQUEST_CHANGES: "Requested changes",
    Move.APPROVE: "Approved",
    Move.REOPEN: "Reopened",
}

_LEADS_TO = {
    (Status.DRAFT, Move.ASK_FOR_REVIEW): Status.IN_REVIEW,
    (Status.CHANGES_REQUESTED, Move.ASK_FOR_REVIEW): Status.IN_REVIEW,
    (Status.IN_REVIEW, Move.REQUEST_CHANGES): Status.CHANGES_REQUESTED,
    (Status.IN_REVIEW, Move.APPROVE): Status.APPROVED,
    (Status.APPROVED, Move.REOPEN): Status.DRAFT,
}
_NO_NEWS = frozenset(
    {
        (Status.IN_REVIEW, Move.ASK_FOR_REVIEW),
        (Status.CHANGES_REQUESTED, Move.REQUEST_CHANGES),
        (Status.APPROVED, Move.APPROVE),
        (Status.DRAFT, Move.REOPEN),
    }
)


class MoveNotAllowed(DomainError):
    """The postmortem is not in a status from which this makes sense."""

    code = "move_not_allowed"

    def __init__(self, status: Status, move: Move) -> None:
        super().__init__(f"A postmortem in “{status.label}” cannot “{move.replace('_', ' ')}”.")
        self.status = status
        self.move = move


def after(status: Status, move: Move) -> Status | None:
    """The status a move leads to; None where it changes nothing. Raises MoveNotAllowed where it makes no sense."""
    if (status, move) in _NO_NEWS:
        return None
    try:
        return _LEADS_TO[status, move]
    except KeyError:
        raise MoveNotAllowed(status, move) from None
