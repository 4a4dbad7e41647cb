"""One supervised process: started, watched, started again with growing delay, stopped."""

import os
import signal
import subprocess
import time
from collections.abc import Callable

from config.up import sessions
from config.up.guardian import Guardian
from config.up.launching import Launch, start

_FIRST_DELAY = 0.25
_LONGEST_DELAY = 30.0
_STABLE_AFTER = 30.0  # seconds of life after which a death counts as the first again


class Child:
    """A program that should run until it is stopped."""

    def __init__(
        self,
        name: str,
        launch: Callable[[], Launch],
        *,
        grace: float,
        guardian: Guardian,
        once: bool = False,
    ) -> None:
        self.name = name
        self.grace = grace
        self.once = once  # its end is wanted, not mended
        self.code: int | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self.starts_at: float | None = None
        self._launch, self._guardian = launch, guardian
        self._stops_by = signal.SIGTERM
        self._delay = _FIRST_DELAY
        self._started_at = 0.0

    def start(self, lock: int) -> int:
        """Start it with the data folder's lock in its hands; returns where its output comes from, the caller's
        to close."""
        launch = self._launch()
        self._stops_by = launch.stops_by
        reading, writing = os.pipe()
        try:
            self.process = start(launch, output=writing, also_inherits=(lock,))
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self.starts_at = None
        self._started_at = time.monotonic()
        self._guardian.watch(self.process.pid)
        return reading

    def reap(self) -> bool:
        """True if it has ended just now; `code` says how, and what it left behind was killed."""
        if self.process is None or (code := self.process.poll()) is None:
            return False
        sessions.send(sessions.members({self.process.pid}), signal.SIGKILL)
        self._guardian.forget(self.process.pid)
        self.process, self.code = None, code
        return True

    def plan_restart(self) -> float:
        """Decide when it starts again; returns the delay in seconds."""
        if time.monotonic() - self._started_at >= _STABLE_AFTER:
            self._delay = _FIRST_DELAY
        delay, self._delay = self._delay, min(self._delay * 2, _LONGEST_DELAY)
        self.starts_at = time.monotonic() + delay
        return delay

    def ask_to_stop(self) -> None:
        """Send its polite signal; it is not started again."""
        self.starts_at = None
        if self.process is not None:
            sessions.send([self.process.pid], self._stops_by)

    def kill(self) -> None:
        """End it and all it started, at once."""
        if self.process is not None:
            sessions.send(sessions.members({self.process.pid}), signal.SIGKILL)
