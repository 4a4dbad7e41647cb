"""PostgreSQL that keeps its promises (fsync on) and Valkey: for kills and for benchmarks."""

import os
import signal
import subprocess
from pathlib import Path

from config.up.launching import start
from config.up.postgres import Postgres
from config.up.valkey import Valkey
from tests.fakes.waiting import wait_for

_START = 60.0  # seconds


class Killable:
    """One server that may die at any moment."""

    def __init__(self, server: Postgres | Valkey, folder: Path) -> None:
        self._server = server
        self._log = folder / f"{server.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """How to reach it."""
        return self._server.url

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        with self._log.open("ab") as output:
            self._process = start(self._server.launch(), output=output)
        wait_for(self._server.is_ready, _START, self._server.name)

    def kill(self) -> None:
        """kill -9 of the server and all its children."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


class Servers:
    """Both, in one folder. A context: leaving it kills them."""

    def __init__(self, folder: Path) -> None:
        self.postgres = Killable(Postgres(folder, durable=True), folder)
        self.valkey = Killable(Valkey(folder), folder)

    def __enter__(self) -> "Servers":
        self.postgres.start()
        self.valkey.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.valkey.kill()
        self.postgres.kill()
