"""`manage.py doctor`: says in plain words what is missing or late."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from web import findings, missing
from web.findings import Finding, Weight

_MARKS = {Weight.OK: "ok  ", Weight.WARNING: "warn", Weight.BROKEN: "FAIL"}


class Command(BaseCommand):
    help = "Look at everything a page depends on. Exit code 1 where something is broken: pages may not go out in time."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print what was found as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        found = _everything()
        is_broken = any(each.weight is Weight.BROKEN for each in found)
        if options["json"]:
            self.stdout.write(json.dumps({"healthy": not is_broken, "findings": [_fields(each) for each in found]}))
        else:
            for each in found:
                self.stdout.write(_line(each))
        if is_broken:
            raise SystemExit(1)


def _everything() -> list[Finding]:
    running = findings.of_processes()
    is_usable = all(each.weight is not Weight.BROKEN for each in running if each.name in findings.NEEDED)
    return [*running, *missing.all_of_it()] if is_usable else running


def _fields(finding: Finding) -> dict[str, str]:
    return {"name": finding.name, "status": finding.weight, "says": finding.says, "remedy": finding.remedy}


def _line(finding: Finding) -> str:
    remedy = f"\n      {finding.remedy}" if finding.remedy else ""
    return f"{_MARKS[finding.weight]}  {finding.says}{remedy}"
