"""Runs every lane, one thread each, four times a second or when its doorbell rings.

The same engine lives in Celery workers (as a bootstep) and in `manage.py engine` (without a broker). Any number of
engines may run: rows are claimed with SKIP LOCKED, so they share the work without a leader.
"""

import gc
import threading
import time
from collections.abc import Sequence

import structlog
from django.db import close_old_connections, connections

from core import background, clock, doorbell, jobs, metrics

log = structlog.get_logger(__name__)

SOON = 0.1  # the same after a look that found something: what is due seldom comes alone
_MEASURE_CLOCK_EVERY = 60.0
_AFTER_TROUBLE = 1.0


class Engine:
    """Threads that run the lanes until told to stop."""

    def __init__(self, lanes: Sequence[jobs.Lane] | None = None) -> None:
        """Every lane there is, or only these."""
        self._lanes = jobs.lanes() if lanes is None else lanes
        self._leaving = threading.Event()
        self._bells = {each.name: threading.Event() for each in self._lanes}
        self._threads: list[threading.Thread] = []
        self._looked_at = dict.fromkeys(self._bells, time.monotonic())

    def start(self) -> None:
        """Start one thread per lane; returns at once."""
        # What was imported stays. A collection that walks it all holds up every lane for a tenth of a second.
        gc.collect()
        gc.freeze()
        doorbell.answer(self.wake)
        for each in self._lanes:
            thread = threading.Thread(target=self._run_lane, args=(each,), name=f"lane-{each.name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def wake(self, lane: str) -> None:
        """Run a lane now instead of at its next tick. Unknown names are ignored: they may come from a newer release."""
        bell = self._bells.get(lane)
        if bell is not None:
            bell.set()

    def silence(self) -> float:
        """Seconds since the lane that is silent longest last finished a batch, or found nothing due."""
        return time.monotonic() - min(self._looked_at.values(), default=time.monotonic())

    def stop(self, timeout: float = 20.0) -> None:
        """Let every lane finish its batch, at most `timeout` seconds in all."""
        doorbell.answer(None)
        self._leaving.set()
        for bell in self._bells.values():
            bell.set()
        until = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(timeout=max(0.0, until - time.monotonic()))

    def _run_once(self, lane: jobs.Lane) -> int:
        """One batch, and a sign of life: a lane that is busy for minutes is not dead."""
        handled = lane.run()
        self._looked_at[lane.name] = time.monotonic()
        return handled

    def _run_lane(self, lane: jobs.Lane) -> None:
        background.in_lane()
        measured = 0.0
        bell = self._bells[lane.name]
        while not self._leaving.is_set():
            bell.clear()
            pause = lane.every
            try:
                if time.monotonic() - measured > _MEASURE_CLOCK_EVERY:
                    clock.measure()
                    measured = time.monotonic()
                while self._run_once(lane) and not self._leaving.is_set():
                    metrics.lane_batches.labels(lane.name).inc()
                    pause = SOON
            except Exception:  # a lane's guard: whatever it was, the next tick tries again, and the count shows it
                log.exception("lane.failed", lane=lane.name)
                metrics.lane_failures.labels(lane.name).inc()
                close_old_connections()
                self._leaving.wait(_AFTER_TROUBLE)
            bell.wait(pause)
        try:
            if lane.leave is not None:
                lane.leave()
        except Exception:  # what it could not finish, another engine takes up when its lease has lapsed
            log.exception("lane.failed", lane=lane.name)
        connections.close_all()


def run_until_idle(limit: int = 10_000) -> int:
    """Run every lane in this thread until none has anything due. For tests and one-off commands.

    Returns the number of rows handled. Raises RuntimeError when work never ends.
    """
    handled = 0
    while True:
        done = sum(each.run() for each in jobs.lanes())
        if not done:
            return handled
        handled += done
        if handled > limit:
            raise RuntimeError("The engine still finds due work after its limit: a lane does not advance its rows.")
