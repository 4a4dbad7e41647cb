"""Calls to the outside: at once where a test asks, in bounded threads where a lane does."""

import threading

import pytest

from core import background
from core.background import Bulkhead
from tests.fakes.waiting import wait_for


def test_elsewhere_the_call_is_made_at_once() -> None:
    bulkhead: Bulkhead[int] = Bulkhead(2, rings=pytest.fail)

    bulkhead.start("sms", lambda: 7)

    assert bulkhead.ended() == [7]
    assert bulkhead.free("sms") == 1
    bulkhead.let_go(1)
    assert (bulkhead.ended(), bulkhead.free("sms")) == ([], 2)


def test_a_result_stays_until_it_is_let_go() -> None:
    bulkhead: Bulkhead[int] = Bulkhead(2, rings=lambda: None)
    bulkhead.start("sms", lambda: 1)
    bulkhead.start("sms", lambda: 2)

    assert [bulkhead.ended(), bulkhead.ended()] == [[1, 2], [1, 2]]
    bulkhead.let_go(1)

    assert bulkhead.ended() == [2]


def test_in_a_lane_one_provider_that_hangs_holds_up_no_other() -> None:
    rung, released = threading.Event(), threading.Event()
    bulkhead: Bulkhead[str] = Bulkhead(2, rings=rung.set)
    seen: list[tuple[int, int]] = []

    def lane() -> None:
        background.in_lane()
        for _ in range(2):
            bulkhead.start("slack", lambda: str(released.wait(10)))
        bulkhead.start("sms", lambda: "sent")
        rung.wait(5)
        seen.append((bulkhead.free("slack"), bulkhead.free("sms")))

    thread = threading.Thread(target=lane)
    thread.start()
    thread.join()

    assert bulkhead.ended() == ["sent"]
    assert seen == [(0, 1)]
    released.set()
    bulkhead.wait(5)
    wait_for(lambda: bulkhead.ended() == ["sent", "True", "True"])
