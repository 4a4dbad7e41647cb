"""Calls to the outside in bounded threads, so many per provider: one that hangs holds up only its own.

Threads are used where an engine runs its lanes; elsewhere (tests, one-off commands) the call is made at once, in the
thread that asks.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

Result = TypeVar("Result")


class _Here(threading.local):
    may_wait: bool = True


_here = _Here()


def in_lane() -> None:
    """This thread runs a lane of an engine: from now on it does not wait for the outside itself."""
    _here.may_wait = False


class Bulkhead(Generic[Result]):
    """At most `width` calls at once per key. Started and collected by one thread; `rings` when a call has ended."""

    def __init__(self, width: int, rings: Callable[[], None]) -> None:
        self._width = width
        self._rings = rings
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._flying: Counter[str] = Counter()
        self._futures: set[Future[None]] = set()
        self._ended: deque[tuple[str, Result]] = deque()

    def free(self, key: str) -> int:
        """How many more calls this key may have now."""
        return self._width - self._flying[key]

    def start(self, key: str, job: Callable[[], Result]) -> None:
        """Make the call, in a thread or here. `job` must not raise: its failure is its result."""
        if _here.may_wait:
            self._flying[key] += 1
            self._ended.append((key, job()))
            return
        if key not in self._pools:
            self._pools[key] = ThreadPoolExecutor(self._width, thread_name_prefix=f"outside-{key}")
        self._flying[key] += 1
        future = self._pools[key].submit(self._fly, key, job)
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)

    def ended(self) -> list[Result]:
        """The results that were not yet let go, oldest first. They stay until `let_go`."""
        return [result for _, result in list(self._ended)]

    def let_go(self, count: int) -> None:
        """So many of the oldest results have been dealt with: their places are free."""
        for _ in range(count):
            key, _result = self._ended.popleft()
            self._flying[key] -= 1

    def wait(self, timeout: float) -> None:
        """Until every call has ended, at most so many seconds."""
        wait(set(self._futures), timeout=timeout)

    def _fly(self, key: str, job: Callable[[], Result]) -> None:
        self._ended.append((key, job()))
        self._rings()
