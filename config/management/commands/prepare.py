"""`manage.py prepare`: make the database ready; what `up` and the containers run before anything else."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from alerts.pipeline import partitions
from config import demo, env, first_start
from incidents import search_index


class Command(BaseCommand):
    help = (
        "Apply migrations, make the first admin and (TOCSIN_DEMO=1) the demo. Safe to run again and by several at "
        "once. The last line of the output is JSON: admin_password, webhook_url, curl."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="No demo, whatever TOCSIN_DEMO says.")
        parser.add_argument(
            "--keep-password",
            action="store_true",
            help="Keep a generated password in the data folder's `first_password` until `up` has shown it.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        wants_demo = env.flag("TOCSIN_DEMO") and not options["no_demo"]
        with first_start.alone():
            first_start.migrate(verbosity=options["verbosity"] - 1)
            partitions.ensure()
            password = first_start.first_start(wants_demo=wants_demo, keeps_password=options["keep_password"])
        search_index.ensure()
        way = demo.way() if wants_demo else None
        answer = {
            "admin_password": password,
            "webhook_url": way.webhook_url if way else None,
            "curl": way.curl if way else None,
        }
        self.stdout.write(json.dumps(answer))
        self.stdout.flush()
        if not options["keep_password"]:
            first_start.password_is_shown()
