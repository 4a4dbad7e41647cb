"""`python -m tests.ui.fill`: fill the database that the environment names with the demo; `storm` adds one to it."""

import sys

import django

django.setup()

from alerts.models import Integration  # noqa: E402  Django's apps must be ready first
from catalog.models import Service  # noqa: E402
from tests.ui import demo, demo_receiving  # noqa: E402
from tests.world import MovedEngine  # noqa: E402

if __name__ == "__main__":
    if sys.argv[1:] == ["storm"]:
        prometheus, edge = Integration.objects.get(name="prometheus"), Service.objects.get(name="edge-proxy")
        demo_receiving.storm(prometheus, edge, MovedEngine())
    else:
        demo.Demo().fill()
