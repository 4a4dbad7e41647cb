"""Which move is allowed from which status of an incident. Pure: no Django, no clock, no database."""

from enum import StrEnum

from core.errors import DomainError


class Status(StrEnum):
    """Where an incident stands."""

    HELD = "held"
    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Move(StrEnum):
    """What can be done to an incident that changes its status."""

    TRIGGER = "trigger"  # the hold time is over and something still fires, or it got worse meanwhile
    ACKNOWLEDGE = "acknowledge"
    UNACKNOWLEDGE = "unacknowledge"
    SNOOZE = "snooze"
    WAKE = "wake"  # the snooze is over
    RESOLVE = "resolve"
    REOPEN = "reopen"
    MUTE = "mute"  # all that fires in it is muted: nobody is to be paged


OPEN = frozenset({Status.HELD, Status.TRIGGERED, Status.ACKNOWLEDGED, Status.SNOOZED})

_LEADS_TO = {
    (Status.HELD, Move.TRIGGER): Status.TRIGGERED,
    (Status.HELD, Move.ACKNOWLEDGE): Status.ACKNOWLEDGED,
    (Status.HELD, Move.SNOOZE): Status.SNOOZED,
    (Status.HELD, Move.RESOLVE): Status.RESOLVED,
    (Status.TRIGGERED, Move.ACKNOWLEDGE): Status.ACKNOWLEDGED,
    (Status.TRIGGERED, Move.SNOOZE): Status.SNOOZED,
    (Status.TRIGGERED, Move.RESOLVE): Status.RESOLVED,
    (Status.TRIGGERED, Move.MUTE): Status.HELD,
    (Status.ACKNOWLEDGED, Move.UNACKNOWLEDGE): Status.TRIGGERED,
    (Status.ACKNOWLEDGED, Move.TRIGGER): Status.TRIGGERED,
    (Status.ACKNOWLEDGED, Move.SNOOZE): Status.SNOOZED,
    (Status.ACKNOWLEDGED, Move.RESOLVE): Status.RESOLVED,
    (Status.SNOOZED, Move.WAKE): Status.TRIGGERED,
    (Status.SNOOZED, Move.TRIGGER): Status.TRIGGERED,
    (Status.SNOOZED, Move.UNACKNOWLEDGE): Status.TRIGGERED,
    (Status.SNOOZED, Move.ACKNOWLEDGE): Status.ACKNOWLEDGED,
    (Status.SNOOZED, Move.SNOOZE): Status.SNOOZED,  # to another moment
    (Status.SNOOZED, Move.RESOLVE): Status.RESOLVED,
    (Status.RESOLVED, Move.REOPEN): Status.TRIGGERED,
}

# People press twice, carriers deliver twice, sources repeat themselves: these are no news, not errors.
_NO_NEWS = frozenset(
    {
        (Status.TRIGGERED, Move.TRIGGER),
        (Status.TRIGGERED, Move.UNACKNOWLEDGE),
        (Status.TRIGGERED, Move.WAKE),
        (Status.TRIGGERED, Move.REOPEN),
        (Status.ACKNOWLEDGED, Move.ACKNOWLEDGE),
        (Status.ACKNOWLEDGED, Move.WAKE),
        (Status.RESOLVED, Move.RESOLVE),
        (Status.RESOLVED, Move.WAKE),
        (Status.RESOLVED, Move.TRIGGER),
        # Somebody has it, or it is held or over: nobody is paged anyway.
        (Status.HELD, Move.MUTE),
        (Status.ACKNOWLEDGED, Move.MUTE),
        (Status.SNOOZED, Move.MUTE),
        (Status.RESOLVED, Move.MUTE),
    }
)


class MoveNotAllowed(DomainError):
    """The incident is not in a status from which this makes sense."""

    code = "move_not_allowed"

    def __init__(self, status: Status, move: Move) -> None:
        super().__init__(
            f"An incident that is {status} cannot be changed by “{move}”. Reload to see where it stands now."
        )
        self.status = status
        self.move = move


def after(status: Status, move: Move) -> Status | None:
    """The status a move leads to; None where it changes nothing.

    Raises MoveNotAllowed where the move makes no sense.
    """
    if (status, move) in _NO_NEWS:
        return None
    try:
        return _LEADS_TO[status, move]
    except KeyError:
        raise MoveNotAllowed(status, move) from None
