"""The lanes of alerts: what arrived, what stayed away, what is muted, and the days of the inbox."""

import time

from alerts.heartbeats import verbs as heartbeats
from alerts.heartbeats import watching
from alerts.muting import unmuting, watches
from alerts.pipeline import changes, errands, events, expiry, partitions, turns
from core import jobs

_EVERY = 3600.0  # seconds between two looks at the partitions
_looked_at = 0.0


@jobs.lane("ingest", order=10, next_due=events.next_due)
def read_what_arrived() -> int:
    """Take every integration's next messages through the pipeline."""
    return turns.run()


@jobs.lane(heartbeats.LANE, order=5, next_due=watching.next_due, every=jobs.SELDOM)
def look_at_heartbeats() -> int:
    """Tell of heartbeats that were missed or are back. Before `ingest`, which they write into."""
    return watching.run()


@jobs.lane(errands.LANE, order=15, next_due=errands.next_due, every=jobs.SELDOM)
def run_errands() -> int:
    """Fetch what messages ask for before they can be believed or answered."""
    return errands.run()


@jobs.lane(watches.LANE, order=15, next_due=unmuting.next_due, every=jobs.SELDOM)
def mute_and_unmute() -> int:
    """Carry out what silences, windows and inhibition that begin or end do to incidents."""
    return unmuting.run()


@jobs.lane(expiry.LANE, order=6, next_due=expiry.next_due, every=jobs.SELDOM)
def end_what_is_over() -> int:
    """Resolve what nobody has told of for long, and end flapping that has been quiet."""
    return expiry.run()


@jobs.lane("alerts-housekeeping", order=90, next_due=lambda: None, every=jobs.SELDOM)
def keep_days() -> int:
    """Make the days ahead, drop old messages and forget old changes: when this process starts, and every hour."""
    global _looked_at  # noqa: PLW0603  one memory per process
    if _looked_at and time.monotonic() - _looked_at < _EVERY:
        return 0
    _looked_at = time.monotonic()
    days = [*partitions.ensure(), *partitions.drop_old()]
    return len(days) + partitions.clear_default() + changes.drop_old()
