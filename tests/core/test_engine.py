"""The engine's threads, seen from outside."""

import threading

import pytest

from core.engine import Engine
from core.jobs import Lane
from tests.fakes.waiting import wait_for


@pytest.mark.usefixtures("transactional_db")
def test_a_lane_that_always_finds_more_to_do_is_alive() -> None:
    looking = threading.Event()
    batches = 0

    def find_more() -> int:
        nonlocal batches
        batches += 1
        looking.wait(0.02)
        return 1

    engine = Engine([Lane("busy", find_more, lambda: None, order=1)])
    silence = engine.silence()
    engine.start()
    try:
        wait_for(lambda: batches >= 50)
        silence = engine.silence()
    finally:
        engine.stop()

    assert silence < 0.5
