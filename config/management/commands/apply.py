"""`manage.py apply`: configuration as code."""

import json
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from alerts.heartbeats import verbs as heartbeats
from config.apply import plan
from config.apply.document import Refused
from config.apply.plan import Outcome

_SIGNS = {plan.CREATE: "+", plan.CHANGE: "~"}


class Command(BaseCommand):
    help = (
        "Make the database hold what these YAML or JSON files say. Objects are known by their names; what the files do "
        "not mention stays as it is. Nothing is written unless everything can be."
    )
    requires_system_checks: list[str] = []  # `prepare` has made them, before anything else started

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", type=Path, help="YAML or JSON; - is standard input.")
        parser.add_argument("--plan", action="store_true", help="Say what would change, and change nothing.")
        parser.add_argument("--json", action="store_true", help="Print keys, addresses and changes as one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            outcome = plan.apply(options["files"], only_plan=options["plan"])
        except Refused as refused:
            self.stderr.write(str(refused))
            sys.exit(1)
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(outcome), indent=2))
        else:
            self._tell(outcome, is_done=not options["plan"])

    def _tell(self, outcome: Outcome, *, is_done: bool) -> None:
        for change in outcome.plan.changes():
            if change.action in _SIGNS:
                self.stdout.write(f"{_SIGNS[change.action]} {change.kind} {change.name}")
                for line in change.lines:
                    self.stdout.write(f"    {line}")
        created, changed, same = (outcome.plan.count(each) for each in (plan.CREATE, plan.CHANGE, plan.UNCHANGED))
        words = ("created", "changed") if is_done else ("to create", "to change")
        self.stdout.write(f"{created} {words[0]}, {changed} {words[1]}, {same} unchanged.")
        if is_done:
            self._tell_keys(outcome)

    def _tell_keys(self, outcome: Outcome) -> None:
        for name, key in outcome.made.integration_keys.items():
            self.stdout.write(f"Integration {name} receives at {_url(outcome.sources[name], key)}")
        for name, key in outcome.made.heartbeat_keys.items():
            self.stdout.write(f"Heartbeat {name} is pinged at {_ping_url(key)}")
        for name, key in outcome.made.api_keys.items():
            self.stdout.write(f"API key {name}: {key}")
        if outcome.made.integration_keys or outcome.made.heartbeat_keys or outcome.made.api_keys:
            self.stdout.write("Keep these keys: only their hashes are stored.")


def _as_json(outcome: Outcome) -> dict[str, Any]:
    keys = outcome.made.integration_keys
    beats = {name: {"key": key, "url": _ping_url(key)} for name, key in outcome.made.heartbeat_keys.items()}
    return {
        "integrations": {
            name: {**({"key": keys[name]} if name in keys else {}), "url": _url(source, keys.get(name))}
            for name, source in outcome.sources.items()
        },
        "api_keys": dict(outcome.made.api_keys),
        **({"heartbeats": beats} if beats else {}),
        "changes": [
            {"action": each.action, "kind": each.kind, "name": each.name, "details": list(each.lines)}
            for each in outcome.plan.changes()
            if each.action in _SIGNS
        ],
    }


def _ping_url(key: str) -> str:
    return settings.PUBLIC_URL + heartbeats.ping_path(key)


def _url(source: str, key: str | None) -> str:
    """Where the sender posts to. A key that nobody knows any more is shown as a blank to fill."""
    return f"{settings.PUBLIC_URL}/integrations/{source}/{key or '<key>'}/"
