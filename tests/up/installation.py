"""`manage.py up` as a person starts it: a process of its own, a data folder, a free port, its output in files."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import psutil

from config.up.valkey import free_port
from tests.fakes.waiting import wait_for

CODE = Path(__file__).resolve().parents[2]
READY = "Ctrl-C stops everything."
START = 90.0  # seconds it may take on a busy machine


class Installation:
    """A context: leaving it stops what still runs."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str] | None = None, *, through: Sequence[str] = ()
    ) -> None:
        self.data = folder / "data"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.environment = {
            **kept, "TOCSIN_DATA_DIR": str(self.data), "PORT": str(self.port), **(environment or {}),
        }  # fmt: skip
        self._through = through
        self._output, self._log = folder / "output", folder / "log"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Installation":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None:
            self.stop(signal.SIGTERM)
        if error is not None:
            sys.stderr.write(self.log)

    @property
    def output(self) -> str:
        """What it printed to standard output since it was last started."""
        return self._output.read_text()

    @property
    def log(self) -> str:
        """What it printed to standard error since it was last started."""
        return self._log.read_text(errors="replace")

    def start(self) -> None:
        """Start it and wait until it says that it runs."""
        self.begin()
        wait_for(self._has_started, START, "the greeting")

    def begin(self) -> subprocess.Popen[bytes]:
        """Start it and do not wait."""
        with self._output.open("wb") as output, self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*self._through, sys.executable, str(CODE / "manage.py"), "up"],
                env=self.environment, cwd=CODE, stdin=subprocess.DEVNULL, stdout=output, stderr=log,
            )  # fmt: skip
        return self.process

    def processes(self) -> list[psutil.Process]:
        """The supervisor and everything below it."""
        assert self.process is not None
        supervisor = psutil.Process(self.process.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    def child(self, words: str) -> psutil.Process | None:
        """The supervisor's own child whose command line holds these words."""
        assert self.process is not None
        return child_of(self.process.pid, words)

    def stop(self, by: signal.Signals) -> int:
        """Send a signal and wait for the end; returns the exit code."""
        assert self.process is not None
        process, self.process = self.process, None
        process.send_signal(by)
        return process.wait(timeout=60)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command beside the running installation."""
        return subprocess.run(
            [sys.executable, str(CODE / "manage.py"), *arguments],
            env=self.environment, cwd=CODE, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    def runtime(self) -> dict[str, str]:
        """What it wrote down for its neighbours."""
        written: dict[str, str] = json.loads((self.data / "runtime.json").read_text())
        return written

    def _has_started(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"it ended with {self.process.returncode}:\n{self.log}")
        return READY in self.output


def child_of(pid: int, words: str) -> psutil.Process | None:
    """The living child of a process whose command line holds these words."""
    for child in psutil.Process(pid).children():
        try:
            if words in " ".join(child.cmdline()):
                return child
        except psutil.NoSuchProcess:  # also when it has ended and is not yet reaped
            continue
    return None


def left_of(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Those that still live."""
    return [each for each in processes if _lives(each)]


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
