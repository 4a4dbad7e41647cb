"""The whole table of moves."""

from contextlib import AbstractContextManager, nullcontext
from itertools import product
from typing import Any

import pytest

from postmortems.states import Move, MoveNotAllowed, Status, after

REFUSED = {
    (Status.DRAFT, Move.REQUEST_CHANGES),
    (Status.DRAFT, Move.APPROVE),
    (Status.IN_REVIEW, Move.REOPEN),
    (Status.CHANGES_REQUESTED, Move.APPROVE),
    (Status.CHANGES_REQUESTED, Move.REOPEN),
    (Status.APPROVED, Move.ASK_FOR_REVIEW),
    (Status.APPROVED, Move.REQUEST_CHANGES),
}


@pytest.mark.parametrize(("status", "move"), list(product(Status, Move)))
def test_a_move_is_refused_only_where_we_meant_to(status: Status, move: Move) -> None:
    expected: AbstractContextManager[Any] = (
        pytest.raises(MoveNotAllowed) if (status, move) in REFUSED else nullcontext()
    )

    with expected:
        after(status, move)


def test_approval_is_reached_only_through_review() -> None:
    before_approval = {status for status in Status if (status, Move.APPROVE) not in REFUSED}

    assert before_approval == {Status.IN_REVIEW, Status.APPROVED}
