"""`manage.py send_test_page`: how somebody would be woken."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from notifications import rehearsal
from web import figures


class Command(BaseCommand):
    help = "Send a test page to every contact method of a person, now, and say what became of each."
    requires_system_checks: list[str] = []  # `prepare` has made them, before anything else started

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", metavar="USER", help="User name.")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no user “{options['user']}”.")
        outcomes = rehearsal.page(user)
        figures.write()
        if not outcomes:
            raise CommandError(f"{user} has no contact method and no e-mail address: nobody could page her.")
        for outcome in outcomes:
            self.stdout.write(f"{outcome.label:<8} {outcome.address:<24} {outcome.told}")
        if not any(outcome.is_good for outcome in outcomes):
            raise CommandError(f"No test page reached a provider: {user} cannot be paged.")
