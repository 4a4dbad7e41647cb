"""Outlives the supervisor: when that one is gone without having stopped its children, it stops them.

The kernel has by then sent each child its polite signal (see `launching`), but not what the children
started themselves, nor what refuses to end.
"""

import contextlib
import gc
import os
import signal
import time

from config.up import sessions

_GRACE = 6.0  # seconds from the supervisor's death to SIGKILL


class Guardian:
    """The supervisor's end: tells a forked process which children there are."""

    def __init__(self) -> None:
        self._children: set[int] = set()
        self.pid = 0
        self._pipe = -1
        self.start()

    def start(self) -> None:
        """Fork it; again if somebody killed it. Everyone it guards is told anew."""
        if self._pipe >= 0:
            os.close(self._pipe)
        reading, self._pipe = os.pipe()
        gc.freeze()  # a collection would write to, and so copy, every page shared with the fork
        self.pid = os.fork()
        if self.pid == 0:
            _guard(reading)
        os.close(reading)
        for child in self._children:
            self._tell(child)

    def watch(self, child: int) -> None:
        """A child has started."""
        self._children.add(child)
        self._tell(child)

    def forget(self, child: int) -> None:
        """A child and all it started have ended."""
        self._children.discard(child)
        self._tell(-child)

    def dismiss(self) -> None:
        """End it. Children still known are killed by it first."""
        os.close(self._pipe)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def _tell(self, number: int) -> None:
        with contextlib.suppress(BrokenPipeError):  # it was killed: `start` is about to be called
            os.write(self._pipe, b"%d\n" % number)


def _guard(reading: int) -> None:
    """The forked process. Never returns."""
    try:
        os.setsid()  # so that no signal meant for the supervisor's group reaches it
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_IGN)
        _keep_only(reading)
        _end(_children_at_end_of(reading))
    finally:
        os._exit(0)


def _keep_only(reading: int) -> None:
    for name in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else map(str, range(256)):  # noqa: PTH112, PTH208
        if int(name) != reading:
            with contextlib.suppress(OSError):
                os.close(int(name))


def _children_at_end_of(reading: int) -> set[int]:
    children: set[int] = set()
    with os.fdopen(reading, "rb") as pipe:
        for line in pipe:
            number = int(line)
            if number > 0:
                children.add(number)
            else:
                children.discard(-number)
    return children


def _end(children: set[int]) -> None:
    until = time.monotonic() + _GRACE
    while (left := sessions.members(children)) and time.monotonic() < until:
        time.sleep(0.1)
    while left:
        sessions.send(left, signal.SIGKILL)
        time.sleep(0.1)
        left = sessions.members(children)
