"""`manage.py export`: the configuration as a file."""

from typing import Any

from django.core.management.base import BaseCommand

from config.apply import plan


class Command(BaseCommand):
    help = "Print the whole configuration as YAML that `apply` reads. Holds no passwords and no keys."
    requires_system_checks: list[str] = []  # `prepare` has made them, before anything else started

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(plan.export(), ending="")
