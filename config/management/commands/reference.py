"""`manage.py reference`: the pages of docs/reference, made from the code."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import reference


class Command(BaseCommand):
    help = "Write the pages of docs/reference anew from the code they describe."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Write nothing; fail where a page is outdated.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["check"]:
            for name in reference.write():
                self.stdout.write(f"docs/reference/{name}")
            return
        outdated = reference.outdated()
        if outdated:
            raise CommandError(f"Outdated: {', '.join(outdated)}. Run `manage.py reference`.")
