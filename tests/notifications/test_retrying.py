"""When an attempt is repeated, and when a person counts as out of reach."""

from datetime import timedelta
from itertools import product

import pytest

from notifications import retrying, states
from notifications.retrying import Standing
from notifications.states import Move, MoveNotAllowed, Status

REFUSED = {
    *((Status.QUEUED, move) for move in (Move.ACCEPT, Move.RETRY, Move.LOSE)),
    *((Status.SENDING, move) for move in (Move.CLAIM,)),
    *((Status.SENT, move) for move in (Move.CLAIM, Move.RETRY, Move.LOSE)),
    *((Status.UNKNOWN, move) for move in (Move.RETRY, Move.LOSE)),
    *((status, Move.CLAIM) for status in states.ENDED),
}


@pytest.mark.parametrize(("status", "move"), list(product(Status, Move)))
def test_a_move_of_a_delivery_is_refused_only_where_we_meant_to(status: Status, move: Move) -> None:
    if (status, move) in REFUSED:
        with pytest.raises(MoveNotAllowed):
            states.after(status, move)
        return

    states.after(status, move)


@pytest.mark.parametrize(("status", "move"), list(product(sorted(states.ENDED), Move)))
def test_nothing_leads_out_of_an_end(status: Status, move: Move) -> None:
    if move is Move.CLAIM:
        return

    assert states.after(status, move) is None


def test_waits_grow_to_a_minute_and_stay_there() -> None:
    waits = [retrying.wait(attempt, jitter=0.5).total_seconds() for attempt in range(1, 9)]

    assert waits == pytest.approx([2, 4, 8, 15, 30, 60, 60, 60])


@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_jitter_spreads_by_a_fifth(jitter: float) -> None:
    assert abs(retrying.wait(5, jitter=jitter).total_seconds() - 30) == pytest.approx(6)


def test_a_providers_wish_counts_where_it_is_longer() -> None:
    assert retrying.wait(1, jitter=0.5, retry_after=timedelta(seconds=30)) == timedelta(seconds=30)
    assert retrying.wait(6, jitter=0.5, retry_after=timedelta(seconds=1)) == timedelta(seconds=60)


@pytest.mark.parametrize(
    ("attempts", "open_outcomes", "can_find", "is_over"),
    [
        (1, 0, True, False),
        (1, 1, False, False),
        (2, 2, False, True),
        (9, 2, True, False),
        (29, 0, False, False),
        (30, 0, True, True),
    ],
)
def test_what_may_have_gone_out_twice_is_over(attempts: int, open_outcomes: int, can_find: bool, is_over: bool) -> None:
    assert retrying.is_over(attempts, open_outcomes=open_outcomes, can_find=can_find) is is_over


def standing(status: Status, *, attempts: int = 1, awaits: bool = False, needs: bool = False) -> Standing:
    return Standing(status, attempts, awaits_receipt=awaits, needs_receipt=needs)


@pytest.mark.parametrize(
    ("page", "is_out"),
    [
        ([standing(Status.FAILED)], True),
        ([standing(Status.FAILED), standing(Status.QUEUED, attempts=0)], False),
        ([standing(Status.FAILED), standing(Status.QUEUED, attempts=2)], False),
        ([standing(Status.FAILED), standing(Status.QUEUED, attempts=3)], True),
        ([standing(Status.UNKNOWN, attempts=3)], True),
        ([standing(Status.FAILED), standing(Status.SENDING)], False),
        ([standing(Status.SENT)], False),
        ([standing(Status.SENT, needs=True, awaits=True)], False),
        ([standing(Status.SENT, needs=True)], True),
        ([standing(Status.SENT, needs=True), standing(Status.DELIVERED)], False),
        ([standing(Status.CANCELLED)], True),
    ],
)
def test_out_of_reach_is_whom_nothing_can_reach_any_more(page: list[Standing], is_out: bool) -> None:
    assert retrying.is_out_of_reach(page) is is_out
