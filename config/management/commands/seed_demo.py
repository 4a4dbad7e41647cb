"""`manage.py seed_demo`: something to look at, with a ready curl line."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from config import demo


class Command(BaseCommand):
    help = "Make the demo service, schedule, policy and integration, where they are missing; print a curl line."

    def handle(self, *args: Any, **options: Any) -> None:
        admin = User.objects.admins().first()
        if admin is None:
            raise CommandError("Nobody is admin yet: run `manage.py prepare` first.")
        demo.seed(admin)
        way = demo.way()
        if way is None:
            self.stdout.write(
                "The integration “demo” has another key than the one kept in the data folder. "
                "Delete the integration and run this again to get a new one."
            )
            return
        self.stdout.write(way.curl)
