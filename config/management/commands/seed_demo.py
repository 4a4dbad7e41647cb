"""`manage.py seed_demo`: something to look at, with a ready curl line."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from config import demo


class Command(BaseCommand):
    help = "Make the demo service, schedule, policy and integration, where they are missing; print a curl line."
    requires_system_checks: list[str] = []  # `prepare` has made them, before anything else started

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--new-key", action="store_true", help="Give the demo integration a new key; the one it has is dead then."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        admin = User.objects.admins().first()
        if admin is None:
            raise CommandError("Nobody is admin yet: run `manage.py prepare` first.")
        demo.seed(admin)
        if options["new_key"]:
            demo.renew_key()
        way = demo.way()
        if way is not None:
            self.stdout.write(way.curl)
        elif demo.is_switched_off():
            self.stdout.write("The integration “demo” is switched off. Switch it on in the admin, then run this again.")
        else:
            self.stdout.write(
                "The integration “demo” has another key than the one kept in the data folder. "
                "`manage.py seed_demo --new-key` gives it a new one; the one it has is dead then."
            )
