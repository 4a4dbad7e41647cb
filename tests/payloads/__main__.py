"""`make payloads DIR=...`: sends real payloads through the real door, on a throw-away server of its own."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import django
from django.core.management import call_command
from django.db import connections

from tests.own_servers import Servers


def main() -> int:
    """Exit code 0 when everything is as the table says."""
    parser = argparse.ArgumentParser(prog="python -m tests.payloads", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with INDEX.tsv")
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory(prefix="tocsin-payloads-") as data, Servers(Path(data)) as servers:
        os.environ |= {
            "DATABASE_URL": servers.postgres.url,
            "REDIS_URL": "",
            "TOCSIN_DATA_DIR": data,
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        django.setup()
        # What imports models comes after the set-up, which reads the environment above.
        from tests.alerts.doorstep import Doorstep  # noqa: PLC0415
        from tests.payloads.checking import check  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        with Doorstep() as doorstep:
            right, wrong = check(folder, doorstep)
        connections.close_all()
    print("\n".join([*(f"ok    {line}" for line in right), *(f"WRONG {line}" for line in wrong)]))
    print(f"{len(right)} as expected, {len(wrong)} not.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
