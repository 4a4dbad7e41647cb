"""Waiting for something that another thread or process brings about: a condition and a limit, never a bare sleep."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 10.0  # seconds; generous, because only a failing test ever waits so long
_PAUSE = 0.01


def wait_for(condition: Callable[[], T | None], timeout: float = PATIENCE, what: str = "the condition") -> T:
    """The condition's first true value; AssertionError naming `what` when there was none in `timeout` seconds."""
    give_up_at = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= give_up_at:
            raise AssertionError(f"Waited {timeout:g} s in vain for {what}.")
        time.sleep(_PAUSE)
