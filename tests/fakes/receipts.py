"""Status callbacks: what Twilio tells about a message after it took it, and all the ways that goes wrong.

A worker per hash of the message's sid keeps one message's callbacks in order, while several messages go in parallel.
Where Tocsin can only be called in the test's own thread they wait for `settle`.
"""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

_WORKERS = 4
_SOON = 0.25  # seconds; a test that settles need not wait for these: four receipts, one after another


@dataclass(frozen=True)
class Receipts:
    """The statuses a message goes through, the seconds before each, and whether anybody is told."""

    statuses: tuple[str, ...] = ("sent", "delivered")
    after: float = 0.05  # a status rarely comes before the answer to the request itself
    error_code: int | None = None
    lost: bool = False


DELIVERED = Receipts()
NEVER = Receipts(())
LOST = Receipts(lost=True)  # delivered, as a question to the API tells, but no callback comes
EARLY = Receipts(after=0)  # may overtake the answer to the request
SENT_ONLY = Receipts(("sent",))
TWICE = Receipts(("sent", "sent", "delivered", "delivered"))
OUT_OF_ORDER = Receipts(("delivered", "sent"))


def late(seconds: float) -> Receipts:
    return replace(DELIVERED, after=seconds)


def undelivered(error_code: int = 30003) -> Receipts:
    """The carrier could not: 30003 unreachable handset, 30005 unknown, 30007 filtered ..."""
    return Receipts(("sent", "undelivered"), error_code=error_code)


@dataclass
class ReceiptRule:
    receipts: Receipts
    next: int | None = None
    to: str | None = None


class ReceiptPlan:
    """Which receipts the next messages get: the newest rule that fits, else delivered at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[ReceiptRule] = []

    def add(self, rule: ReceiptRule) -> None:
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def take(self, to: str) -> Receipts:
        with self._lock:
            for rule in reversed(self._rules):
                if rule.next != 0 and rule.to in (None, to):
                    if rule.next is not None:
                        rule.next -= 1
                    return rule.receipts
        return DELIVERED


Queue = list[tuple[float, int, Callable[[], None]]]  # a heap of: when, order, what


class Postman:
    """Does things later, in order per key, in a few threads; or on demand with `settle`."""

    def __init__(self, may_run: Callable[[], bool]) -> None:
        self._may_run = may_run
        self._wake = threading.Condition()
        self._queues: list[Queue] = [[] for _ in range(_WORKERS)]
        self._order = itertools.count()
        self._closed = False
        self._busy = 0
        self._threads = [threading.Thread(target=self._run, args=(queue,), daemon=True) for queue in self._queues]
        for thread in self._threads:
            thread.start()

    def post(self, key: str, after: float, job: Callable[[], None]) -> None:
        queue = self._queues[hash(key) % _WORKERS]
        with self._wake:
            heapq.heappush(queue, (time.monotonic() + after, next(self._order), job))
            self._wake.notify_all()

    def settle(self, *, early: bool = False) -> int:
        """Does what is due in a moment (or everything, if `early`) in this thread; how much that was."""
        done = 0
        for queue in self._queues:
            while self._do_next(queue, within=None if early else _SOON):
                done += 1
        return done

    @property
    def is_idle(self) -> bool:
        with self._wake:
            return self._busy == 0 and not any(self._queues)

    def clear(self) -> None:
        """Forgets what waits, and sees out what is under way: it belongs to the test before."""
        with self._wake:
            for queue in self._queues:
                queue.clear()
            self._wake.wait_for(lambda: self._busy == 0, timeout=5)

    def close(self) -> None:
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        for thread in self._threads:
            thread.join()

    def wake(self) -> None:
        """Says that `may_run` may have changed."""
        with self._wake:
            self._wake.notify_all()

    def _do_next(self, queue: Queue, within: float | None) -> bool:
        """Does the next job that is due `within` so many seconds; False if there is none."""
        with self._wake:
            if not queue or (within is not None and queue[0][0] > time.monotonic() + within):
                return False
            self._busy += 1
            job = heapq.heappop(queue)[2]
        try:
            job()
        finally:
            with self._wake:
                self._busy -= 1
                self._wake.notify_all()
        return True

    def _run(self, queue: Queue) -> None:
        while not self._closed:
            if self._may_run() and self._do_next(queue, within=0):
                continue
            with self._wake:
                if not self._closed:
                    pause = queue[0][0] - time.monotonic() if queue and self._may_run() else None
                    if pause is None or pause > 0:
                        self._wake.wait(pause)
