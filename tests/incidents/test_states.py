"""The machine of an incident, over its full cross product."""

from itertools import product

import pytest

from incidents.states import Move, MoveNotAllowed, Status, after

REFUSED = {
    (Status.HELD, Move.UNACKNOWLEDGE),
    (Status.HELD, Move.WAKE),
    (Status.HELD, Move.REOPEN),
    (Status.ACKNOWLEDGED, Move.REOPEN),
    (Status.SNOOZED, Move.REOPEN),
    (Status.RESOLVED, Move.ACKNOWLEDGE),
    (Status.RESOLVED, Move.UNACKNOWLEDGE),
    (Status.RESOLVED, Move.SNOOZE),
}
LEADS_TO = {
    Move.TRIGGER: Status.TRIGGERED,
    Move.ACKNOWLEDGE: Status.ACKNOWLEDGED,
    Move.UNACKNOWLEDGE: Status.TRIGGERED,
    Move.SNOOZE: Status.SNOOZED,
    Move.WAKE: Status.TRIGGERED,
    Move.RESOLVE: Status.RESOLVED,
    Move.REOPEN: Status.TRIGGERED,
    Move.MUTE: Status.HELD,
}
ALL = list(product(Status, Move))


@pytest.mark.parametrize(("status", "move"), ALL)
def test_a_move_is_refused_only_where_we_meant_to(status: Status, move: Move) -> None:
    if (status, move) in REFUSED:
        with pytest.raises(MoveNotAllowed, match=f"{status}.*{move}"):
            after(status, move)
    else:
        assert after(status, move) in {None, LEADS_TO[move]}


@pytest.mark.parametrize(("status", "move"), [pair for pair in ALL if pair not in REFUSED])
def test_a_move_that_was_made_before_is_no_news(status: Status, move: Move) -> None:
    new = after(status, move)

    if new is not None and move is not Move.SNOOZE:
        assert after(new, move) is None


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.RESOLVED])
def test_whatever_is_open_can_be_resolved_and_acknowledged(status: Status) -> None:
    assert after(status, Move.RESOLVE) is Status.RESOLVED
    assert after(status, Move.ACKNOWLEDGE) in {None, Status.ACKNOWLEDGED}


def test_a_resolved_incident_comes_back_only_by_reopening() -> None:
    ways = {move for move in Move if (Status.RESOLVED, move) not in REFUSED and after(Status.RESOLVED, move)}

    assert ways == {Move.REOPEN}
