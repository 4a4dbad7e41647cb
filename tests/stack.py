"""A whole installation as real processes, on servers of its own or throw-away ones, for flows, kills and benchmarks.

The programs are started by the very command lines of `manage.py up`; only the supervisor is left out, so that a test
decides itself what dies and what comes back.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import psycopg

from config.up import parts
from config.up.launching import Launch, start
from tests import migrated
from tests.fakes.waiting import wait_for

CODE = Path(__file__).resolve().parents[1]
START = 60.0  # seconds a process may take to come up on a busy machine


def free_port() -> int:
    """A port of the loopback nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def new_database(server_url: str) -> str:
    """A database in the given server that is migrated already and empty; its URL."""
    name = f"stack_{uuid.uuid4().hex[:12]}"
    template = migrated.template(server_url)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}" template "{template}"')
    return migrated.of_name(server_url, name)


class Stack:
    """Web front, worker and, where asked for, beat. A context: leaving it leaves no process."""

    def __init__(
        self, folder: Path, *, database_url: str, redis_url: str, environment: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.database_url = database_url
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.environment = {
            **kept,
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "TOCSIN_DATA_DIR": str(folder),
            "TOCSIN_DEMO": "0",
            "TOCSIN_ADMIN_PASSWORD": "only for tests, never elsewhere",
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
            "SECRET_KEY": "only-for-tests-" + "x" * 40,
            "PYTHONUNBUFFERED": "1",
            "MALLOC_ARENA_MAX": "2",
            **(environment or {}),
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._clients: list[httpx.Client] = []

    def __enter__(self) -> "Stack":
        self.prepared: dict[str, Any] = json.loads(self.command("prepare").strip().splitlines()[-1])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients:
            client.close()
        for name in list(self._running):
            self.kill(name, signal.SIGTERM)
        if error is not None:
            self._show_logs()

    def start(self, *names: str, **extra: str) -> None:
        """Start the named programs (web, mail, worker, engine, beat) and wait until they work."""
        for name in names:
            with self.log(name).open("ab") as output:
                self._running[name] = start(self._launch(name, extra), output=output)
        for name in names:
            if name == "web":
                self.wait_for_web()

    def wait_for_web(self) -> None:
        """Until the front answers."""

        def answers() -> bool:
            try:
                return httpx.get(f"{self.url}/healthz", timeout=2).status_code == 200
            except httpx.HTTPError:
                self._refuse_dead("web")
                return False

        wait_for(answers, START, "the web front to answer")

    def kill(self, name: str, by: signal.Signals = signal.SIGKILL) -> None:
        """End a program and whatever it started, and wait until it is gone."""
        process = self._running.pop(name)
        whom = os.killpg if by == signal.SIGKILL else os.kill
        try:
            whom(process.pid, by)
        except ProcessLookupError:
            process.wait()
            return
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def wait_for_death(self, name: str, timeout: float = START) -> int:
        """The exit code of a program that ends by itself."""
        code = self._running[name].wait(timeout=timeout)
        del self._running[name]
        return code

    def is_alive(self, name: str) -> bool:
        """Whether a program runs."""
        return name in self._running and self._running[name].poll() is None

    def command(self, *arguments: str, stdin: str | None = None) -> str:
        """What `manage.py` prints for these arguments; AssertionError with its words where it fails."""
        done = subprocess.run(
            [sys.executable, str(CODE / "manage.py"), *arguments],
            env=self.environment,
            cwd=CODE,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"manage.py {' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def apply(self, configuration: str) -> dict[str, Any]:
        """Apply configuration as code; what `apply --json` prints."""
        path = self.folder / "configuration.yaml"
        path.write_text(configuration)
        applied: dict[str, Any] = json.loads(self.command("apply", str(path), "--json"))
        return applied

    def api(self, key: str) -> httpx.Client:
        """A client of the REST API with this key, closed when the stack is."""
        headers = {"Authorization": f"Bearer {key}"}
        client = httpx.Client(base_url=f"{self.url}/api/v1/", headers=headers, timeout=10, trust_env=False)
        self._clients.append(client)
        return client

    def sql(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask the database directly."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            cursor = connection.execute(query, parameters)
            return cursor.fetchall() if cursor.description else []

    def log(self, name: str) -> Path:
        """Where a program's output goes."""
        return self.folder / f"{name}.log"

    def _launch(self, name: str, extra: Mapping[str, str]) -> Launch:
        environment = {**self.environment, **extra}
        if name == "web":
            return parts.web(environment, "127.0.0.1", self.port).launch()
        if name == "beat":
            return parts.beat(environment, self.folder).launch()
        if name == "mail":
            return parts.mail(environment).launch()
        if name == "engine":
            return Launch([sys.executable, str(CODE / "manage.py"), "engine"], environment, folder=str(CODE))
        return parts.worker(environment).launch()

    def _refuse_dead(self, name: str) -> None:
        if not self.is_alive(name):
            raise AssertionError(f"{name} has ended:\n{self.log(name).read_text(errors='replace')[-4000:]}")

    def _show_logs(self) -> None:
        for path in sorted(self.folder.glob("*.log")):
            sys.stderr.write(f"--- {path.name}\n{path.read_text(errors='replace')[-4000:]}\n")


def eventually(client: httpx.Client, path: str, holds: Any, *, timeout: float = 20.0, what: str = "") -> Any:
    """Ask the API until `holds` is true of its answer, and return that answer."""

    def asked() -> Any:
        answer = client.get(path)
        answer.raise_for_status()
        body = answer.json()
        return body if holds(body) else None

    return wait_for(asked, timeout, what or path)
