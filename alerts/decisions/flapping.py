"""Whether an alert flaps: changes between firing and resolved too often to page for each. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

FLAP_CHANGES = 4  # unless an integration says otherwise
FLAP_WINDOW = timedelta(minutes=30)
MOST_KEPT = 100  # changes of one alert
SHORTEST_QUIET = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class FlapRule:
    """So many changes within this time are flapping. A first firing is none."""

    changes: int
    window: timedelta

    @property
    def quiet(self) -> timedelta:
        """How long without a change until it is over: half the window."""
        return max(self.window / 2, SHORTEST_QUIET)


def with_change(changes: Sequence[datetime], at: datetime, rule: FlapRule) -> list[datetime]:
    """The changes that count after one more, oldest first."""
    recent = [each for each in changes if at - each <= rule.window]
    return [*recent[1 - MOST_KEPT :], at]


def is_flapping(changes: Sequence[datetime], rule: FlapRule) -> bool:
    """Whether these are too many; all of them lie within the window."""
    return len(changes) >= rule.changes
