"""Work that is due: which lanes exist, and how to wake one at once after a commit.

A *lane* is a name and a function that claims what is due now, does it, and says how much it did. The engine
(`core.engine`) runs every lane four times a second, and those nobody waits for by the second once in a second; `ring`
only makes it sooner. Truth stays in the rows: a lost doorbell costs as much, never a page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from core import doorbell

TICK = 0.25  # seconds between two looks at what is due
SELDOM = 1.0  # the same of lanes that nobody waits for by the second


@dataclass(frozen=True)
class Lane:
    """A kind of due work.

    `run` does a batch of what is due and returns how many rows it handled; 0 means nothing (more) is due.
    `next_due` answers when the earliest row of this lane becomes due (UTC), None when nothing is pending: the
    clock of tests stops there, and lateness is measured from it. `leave` is called once when its engine stops, to
    finish what the lane has under way. `every` is how often it looks by itself, in seconds.
    """

    name: str
    run: Callable[[], int]
    next_due: Callable[[], datetime | None]
    order: int
    leave: Callable[[], None] | None = None
    every: float = TICK


_lanes: dict[str, Lane] = {}


def lane(
    name: str,
    *,
    order: int,
    next_due: Callable[[], datetime | None],
    leave: Callable[[], None] | None = None,
    every: float = TICK,
) -> Callable[[Callable[[], int]], Callable[[], int]]:
    """Declare the decorated function as the run of a lane. Lower `order` stands nearer to the incoming webhook."""

    def declare(run: Callable[[], int]) -> Callable[[], int]:
        _lanes[name] = Lane(name=name, run=run, next_due=next_due, order=order, leave=leave, every=every)
        return run

    return declare


def lanes() -> list[Lane]:
    """Every lane, from the webhook to the carrier."""
    return sorted(_lanes.values(), key=lambda each: each.order)


def ring(name: str, pk: int | None = None) -> None:
    """Wake a lane as soon as the surrounding transaction has committed. Never blocks, never raises."""
    transaction.on_commit(lambda: doorbell.press(name, pk))
