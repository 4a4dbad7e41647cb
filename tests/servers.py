"""Throw-away PostgreSQL and Valkey for one test run. A pytest plugin (`-p tests.servers`), because their
addresses must stand in the environment before pytest-django loads the settings.

TOCSIN_TEST_DATABASE_URL and TOCSIN_TEST_REDIS_URL name servers that run already; the workers of
pytest-xdist get those of their controller so.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from config.up.launching import Launch, start
from config.up.postgres import Postgres
from config.up.valkey import Valkey

# What a developer's shell may hold and a test must not see.
_OURS = ("TOCSIN_", "SLACK_", "TWILIO_")
_ALSO_OURS = ("PORT", "HOST", "PUBLIC_URL", "ALLOWED_HOSTS", "EMAIL_URL", "DEFAULT_FROM_EMAIL", "SECRET_KEY")
# One server serves all of pytest-xdist's workers, each with a pool of its own, and several whole installations.
_FOR_ALL_WORKERS = ("-c", "max_connections=400")
_KEPT = ("TOCSIN_TEST_DATABASE_URL", "TOCSIN_TEST_REDIS_URL")


class ThrowAwayServers:
    """Both servers in a temporary folder, gone when the run ends and also when it is killed."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tocsin-tests-"))
        self._running: list[tuple[Launch, subprocess.Popen[bytes]]] = []

    def start_postgres(self) -> str:
        server = Postgres(self.folder, durable=False)
        self._start(server, *_FOR_ALL_WORKERS)
        return server.url

    def start_valkey(self) -> str:
        server = Valkey(self.folder)
        self._start(server)
        return server.url

    def stop(self) -> None:
        for launch, process in self._running:
            process.send_signal(launch.stops_by)
        for _, process in self._running:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self, server: Postgres | Valkey, *settings: str) -> None:
        launch = server.launch()
        launch = replace(launch, argv=[*launch.argv, *settings])
        log = self.folder / f"{server.name}.log"
        with log.open("ab") as output:
            process = start(launch, output=output)
        self._running.append((launch, process))
        deadline = time.monotonic() + 60
        while not server.is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise pytest.UsageError(f"{server.name} did not start:\n{log.read_text(errors='replace')}")
            time.sleep(0.02)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Before pytest-django, whose own hook loads the settings: a wrapper runs before every plain one."""
    servers = ThrowAwayServers()
    early_config.add_cleanup(servers.stop)
    database_url = os.environ.get("TOCSIN_TEST_DATABASE_URL") or servers.start_postgres()
    redis_url = os.environ.get("TOCSIN_TEST_REDIS_URL") or servers.start_valkey()
    for name in list(os.environ):
        plain = name.removesuffix("_FILE")
        if name not in _KEPT and (plain.startswith(_OURS) or plain in _ALSO_OURS):
            del os.environ[name]
    os.environ["TOCSIN_TEST_DATABASE_URL"] = database_url
    os.environ["TOCSIN_TEST_REDIS_URL"] = redis_url
    os.environ["DATABASE_URL"] = database_url
    os.environ["REDIS_URL"] = _of_this_worker(redis_url)
    os.environ["SECRET_KEY"] = "only-for-tests-" + "x" * 40
    os.environ["TOCSIN_DATA_DIR"] = str(servers.folder / "data")
    yield


def _of_this_worker(redis_url: str) -> str:
    """Each worker of pytest-xdist has a database of its own: gw0 has 1, gw1 has 2."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    number = int(worker.removeprefix("gw")) + 1 if worker else 0
    return f"{redis_url.rsplit('/', 1)[0]}/{number}"
