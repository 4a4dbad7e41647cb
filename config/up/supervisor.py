"""Keeps children running in the foreground, and leaves none behind.

One thread and one loop: it relays what they print, reaps them, and starts the dead ones again.
"""

import contextlib
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType, TracebackType

from config.up.account import CannotStart
from config.up.child import Child
from config.up.guardian import Guardian
from config.up.launching import Launch
from config.up.log import Lines, Log


@dataclass(frozen=True)
class Part:
    """A program to keep running, and how long it may take to stop."""

    name: str
    launch: Callable[[], Launch]
    grace: float  # seconds


class Leaving(Exception):
    """Somebody asked us to stop."""


class Supervisor:
    """A context: leaving it stops every child, the last started first."""

    def __init__(self, log: Log, lock: int) -> None:
        self._log = log
        self._lock = lock
        self._selector = selectors.DefaultSelector()
        self._phases: list[list[Child]] = []
        self._asked = 0  # how often we were asked to stop
        self._stopping = False

    def __enter__(self) -> "Supervisor":
        self._guardian = Guardian()
        self._bell, ringer = socket.socketpair()
        self._bell.setblocking(False)
        ringer.setblocking(False)
        self._ringer = ringer
        self._selector.register(self._bell, selectors.EVENT_READ)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to ring
        signal.set_wakeup_fd(ringer.fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        for phase in reversed(self._phases):
            self._stop(phase)
        self._guardian.dismiss()

    def add(self, *parts: Part) -> None:
        """Start programs that will be stopped together. Raises CannotStart or OSError."""
        children = [Child(part.name, part.launch, grace=part.grace, guardian=self._guardian) for part in parts]
        self._phases.append(children)
        for child in children:
            self._start(child, Lines(child.name, self._log))

    def run_once(self, part: Part, *, timeout: float) -> tuple[int, bytes]:
        """Run a program to its end; returns its exit code and the last JSON object it printed as a line."""
        child = Child(part.name, part.launch, grace=part.grace, guardian=self._guardian, once=True)
        lines = Lines(child.name, self._log, answers=True)
        self._phases.append([child])
        self._start(child, lines)
        if not self.until(lambda: child.code is not None and lines.ended, timeout=timeout):
            self._log.say(f"{child.name} did not end within {timeout:.0f} s.")
            self._stop([child])
        self._phases.remove([child])
        return child.code or 0, lines.answer

    def until(self, holds: Callable[[], bool], *, timeout: float) -> bool:
        """Keep everything running until it holds; False when that takes too long."""
        end = time.monotonic() + timeout
        while not holds():
            if time.monotonic() > end:
                return False
            self._turn(0.05)
        return True

    def serve(self) -> None:
        """Keep everything running until somebody asks us to stop. Raises Leaving then."""
        while True:
            self._turn(60.0)

    def _turn(self, timeout: float) -> None:
        """Wait for output, a signal or a due start; then see to all of them."""
        due = [c.starts_at - time.monotonic() for p in self._phases for c in p if c.starts_at is not None]
        for key, _ in self._selector.select(max(0.0, min([timeout, *due]))):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    self._bell.recv(4096)
            else:
                self._relay(key)
        if self._asked and not self._stopping:
            raise Leaving
        for phase in self._phases:
            for child in phase:
                self._tend(child)
        self._tend_guardian()

    def _relay(self, key: selectors.SelectorKey) -> None:
        chunk = os.read(key.fd, 65_536)
        key.data.feed(chunk)
        if not chunk:
            self._selector.unregister(key.fd)
            os.close(key.fd)

    def _start(self, child: Child, lines: Lines) -> None:
        self._selector.register(child.start(self._lock), selectors.EVENT_READ, lines)

    def _tend(self, child: Child) -> None:
        if child.reap() and not child.once and not self._stopping:
            delay = child.plan_restart()
            self._log.say(f"{child.name} ended ({_in_words(child.code)}); starting it again in {delay:g} s.")
        if child.starts_at is not None and child.starts_at <= time.monotonic():
            try:
                self._start(child, Lines(child.name, self._log))
            except (OSError, CannotStart) as error:
                delay = child.plan_restart()
                self._log.say(f"{child.name} could not be started: {error} Trying again in {delay:g} s.")

    def _tend_guardian(self) -> None:
        if os.waitpid(self._guardian.pid, os.WNOHANG)[0]:
            self._guardian.start()

    def _stop(self, children: list[Child]) -> None:
        began = time.monotonic()
        for child in children:
            child.ask_to_stop()
        while any(child.process is not None for child in children):
            self._turn(0.2)
            for child in children:
                overdue = time.monotonic() - began > child.grace or self._asked > 1
                if child.process is not None and overdue:
                    self._log.say(f"{child.name} is killed: it did not stop in time.")
                    child.kill()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._asked += 1


def _in_words(code: int | None) -> str:
    code = code or 0
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
