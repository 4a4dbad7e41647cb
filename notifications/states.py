"""Which move is allowed from which status of a delivery. Pure: no Django, no clock, no database."""

from enum import StrEnum

from core.errors import DomainError


class Status(StrEnum):
    """Where a delivery stands."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"  # a crash or a cut line left open whether it went out


class Move(StrEnum):
    """What can happen to a delivery."""

    CLAIM = "claim"
    ACCEPT = "accept"  # the provider took it
    RETRY = "retry"  # a temporary failure: queued again, later
    FAIL = "fail"
    LOSE = "lose"  # the outcome of the attempt is not known
    CONFIRM = "confirm"  # a receipt says it arrived
    CANCEL = "cancel"


ENDED = frozenset({Status.DELIVERED, Status.FAILED, Status.CANCELLED})

_LEADS_TO = {
    (Status.QUEUED, Move.CLAIM): Status.SENDING,
    (Status.QUEUED, Move.CANCEL): Status.CANCELLED,
    (Status.QUEUED, Move.FAIL): Status.FAILED,
    (Status.QUEUED, Move.CONFIRM): Status.DELIVERED,  # what looked like a failure had gone out after all
    (Status.SENDING, Move.ACCEPT): Status.SENT,
    (Status.SENDING, Move.RETRY): Status.QUEUED,
    (Status.SENDING, Move.FAIL): Status.FAILED,
    (Status.SENDING, Move.LOSE): Status.UNKNOWN,
    (Status.SENDING, Move.CONFIRM): Status.DELIVERED,
    (Status.SENT, Move.CONFIRM): Status.DELIVERED,
    (Status.SENT, Move.FAIL): Status.FAILED,
    (Status.UNKNOWN, Move.CLAIM): Status.SENDING,
    (Status.UNKNOWN, Move.ACCEPT): Status.SENT,
    (Status.UNKNOWN, Move.CONFIRM): Status.DELIVERED,
    (Status.UNKNOWN, Move.FAIL): Status.FAILED,
    (Status.UNKNOWN, Move.CANCEL): Status.CANCELLED,
}

# Receipts come twice, late and out of order; a status never goes backwards.
_NO_NEWS = frozenset(
    {
        (Status.SENT, Move.ACCEPT),
        (Status.SENT, Move.CANCEL),
        (Status.SENDING, Move.CANCEL),
        (Status.DELIVERED, Move.ACCEPT),
        (Status.DELIVERED, Move.RETRY),
        (Status.DELIVERED, Move.LOSE),
        (Status.DELIVERED, Move.CONFIRM),
        (Status.DELIVERED, Move.FAIL),
        (Status.DELIVERED, Move.CANCEL),
        (Status.FAILED, Move.FAIL),
        (Status.FAILED, Move.CANCEL),
        (Status.FAILED, Move.ACCEPT),
        (Status.FAILED, Move.RETRY),
        (Status.FAILED, Move.LOSE),
        (Status.FAILED, Move.CONFIRM),
        (Status.CANCELLED, Move.CANCEL),
        (Status.CANCELLED, Move.FAIL),
        (Status.CANCELLED, Move.ACCEPT),
        (Status.CANCELLED, Move.RETRY),
        (Status.CANCELLED, Move.LOSE),
        (Status.CANCELLED, Move.CONFIRM),
    }
)


class MoveNotAllowed(DomainError):
    """The delivery is not in a status from which this makes sense."""

    code = "move_not_allowed"

    def __init__(self, status: Status, move: Move) -> None:
        super().__init__(f"A delivery that is {status} cannot “{move}”.")
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
