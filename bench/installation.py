"""The installation a benchmark runs against: real processes on durable servers of its own, configured by `apply`."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
import yaml

from bench import load
from config.up.launching import Launch, start
from tests.fakes.waiting import wait_for
from tests.own_servers import Servers
from tests.stack import CODE, Stack, free_port

SERVICES = 50
PEOPLE = 500
PER_SERVICE = PEOPLE // SERVICES
ROUTES = 200


class Bench:
    """A context: servers, the fake carriers as a process of their own, the bare Django, and Tocsin."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._programs: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Bench":
        self.servers = Servers(self.folder)
        self.servers.postgres.start()
        # The commit's own time is what lateness is measured by.
        local = self.folder / "postgres" / "data" / "local.conf"
        self.servers.postgres.kill()
        local.write_text("track_commit_timestamp = on\n")
        self.servers.postgres.start()
        self.servers.valkey.start()
        self.ledger_file = self.folder / "ledger.jsonl"
        fakes = self._start_fakes()
        self.stack = Stack(
            self.folder,
            database_url=self.servers.postgres.url,
            redis_url=self.servers.valkey.url,
            environment={**fakes["environment"], "TOCSIN_THROTTLE": "0"},
        )
        self.stack.__enter__()
        self.stack.sql("create table bare_event (id bigserial primary key, at timestamptz default now(), body bytea)")
        self.stack.sql(
            "create table bare_alert (key text primary key, count int not null default 1, title text, labels jsonb)"
        )
        self.bare_url = self._start_bare()
        applied = self.stack.apply(yaml.safe_dump(configuration()))
        self.integrations: dict[str, Any] = applied["integrations"]
        self.admin = {"Authorization": f"Bearer {applied['api_keys']['bench']}"}
        self.stack.start("web")
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.__exit__(None, None, None)
        for program in self._programs:
            program.terminate()
            program.wait(timeout=20)
        self.servers.__exit__()

    def warm_up(self) -> None:
        """The first page of a fresh worker also pays for imports and connections; it is not measured."""
        body = json.dumps({"title": f"Warm-up {time.monotonic_ns()}", "severity": "critical"}).encode()
        before = len(self.pages())
        asyncio.run(load.post_all(self.webhook("paging"), [body], connections=1))
        wait_for(lambda: len(self.pages()) > before, 60, "the first page")

    def processes(self) -> list[psutil.Process]:
        """Everything that belongs to Tocsin, and nothing that only measures it."""
        others = [psutil.Process(program.pid) for program in self._programs]
        others += [child for each in others for child in each.children(recursive=True)]
        return [each for each in psutil.Process().children(recursive=True) if each not in others]

    def webhook(self, integration: str) -> str:
        """Where a sender of this integration posts to."""
        return str(self.integrations[integration]["url"])

    def pages(self) -> list[dict[str, Any]]:
        """What the fake carriers have taken so far."""
        lines = self.ledger_file.read_text().splitlines()
        return [entry for entry in map(json.loads, lines) if entry["kind"] == "message" and entry["accepted"]]

    def _start_fakes(self) -> dict[str, Any]:
        launch = Launch(
            [sys.executable, "-m", "tests.fakes", "--ledger-file", str(self.ledger_file)],
            {"PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1"},
            folder=str(CODE),
        )
        program = start(launch, output=subprocess.PIPE)
        self._programs.append(program)
        assert program.stdout is not None
        told: dict[str, Any] = json.loads(program.stdout.readline())
        return told

    def _start_bare(self) -> str:
        port = free_port()
        launch = Launch(
            [
                *(sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "2", "--blocking-threads", "4"),
                *("--host", "127.0.0.1", "--port", str(port), "--log-level", "warning", "bench.bare:application"),
            ],
            {"PATH": "/usr/bin:/bin", "DATABASE_URL": self.stack.database_url},
            folder=str(CODE),
        )
        with (self.folder / "bare.log").open("ab") as output:
            self._programs.append(start(launch, output=output))
        url = f"http://127.0.0.1:{port}"

        def answers() -> bool:
            try:
                return httpx.get(f"{url}/healthz", timeout=1).status_code == 200
            except httpx.HTTPError:
                return False

        wait_for(answers, 30, "the bare view")
        return f"{url}/insert/"


def configuration() -> dict[str, Any]:
    """Five hundred people in fifty teams, a service each; the person on call changes by override while pages are sent."""
    people = [f"p{number:03d}" for number in range(PEOPLE)]
    teams = {f"{team}": people[team * PER_SERVICE : (team + 1) * PER_SERVICE] for team in range(SERVICES)}
    return {
        "teams": [{"name": f"t{team}", "members": members} for team, members in teams.items()],
        "users": [_person(name, place) for place, name in enumerate(people)],
        "schedules": [_schedule(team, members) for team, members in teams.items()],
        "escalation_policies": [_policy(team, members) for team, members in teams.items()],
        "services": [
            {"name": f"s{team}", "team": f"t{team}", "escalation_policy": f"pol{team}", "urgency": "high"}
            for team in teams
        ],
        "integrations": _integrations(),
        "api_keys": [{"name": "bench", "user": "admin", "scope": "admin"}],
    }


def _person(name: str, place: int) -> dict[str, Any]:
    rule = [{"after": "0s", "use": "mobile"}]
    return {
        "username": name,
        "email": f"{name}@example.com",
        "role": "responder",
        "contact_methods": [
            {"name": "mobile", "channel": "sms", "address": f"+1202555{place:04d}", "verified": True},
        ],
        "notification_rules": {"high": rule, "low": rule},
    }


def _schedule(team: str, members: list[str]) -> dict[str, Any]:
    turns = {"name": "turns", "layer": 1, "every": "1d", "start": "2026-01-05T09:00", "people": members}
    return {"name": f"sched{team}", "team": f"t{team}", "time_zone": "UTC", "rotations": [turns]}


def _policy(team: str, members: list[str]) -> dict[str, Any]:
    steps = [
        {"notify": [{"schedule": f"sched{team}"}], "wait": "1h"},
        {"notify": [{"user": members[0]}], "wait": "1h"},
    ]
    return {"name": f"pol{team}", "team": f"t{team}", "steps": steps}


def _integrations() -> list[dict[str, Any]]:
    """One for each thing that is measured; `routed` asks so many conditions, of which none holds."""
    to_first: list[dict[str, Any]] = [{"service": "s0"}]
    never = [
        {"if": f'labels.service == "s{number % 100}" && labels.cluster == "x{number}"', "service": "s1"}
        for number in range(ROUTES - 1)
    ]
    each = [{"if": f'labels.service == "s{team}"', "service": f"s{team}"} for team in range(SERVICES)]
    return [
        {"name": "throughput", "source": "alertmanager", "routes": to_first},
        {"name": "grouping", "source": "alertmanager", "routes": to_first},
        {"name": "storm", "source": "generic", "routes": [{"service": "s1"}]},
        {"name": "routed", "source": "alertmanager", "routes": [*never, *to_first]},
        {"name": "single", "source": "alertmanager", "routes": to_first},
        {"name": "paging", "source": "generic", "storm_after": 0, "routes": [*each, *to_first]},
    ]
