"""A web process follows the database's clock as engines do, and starts without a database all the same."""

import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings

_SERVER = """
import asyncio
from config.asgi import application
from core import clock

async def live():
    events = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    async def receive():
        return events.pop(0)
    async def send(event):
        print(event["type"], bool(clock.offset()))
    await application({"type": "lifespan"}, receive, send)

asyncio.run(live())
"""


@pytest.mark.parametrize(
    ("database", "is_measured"), [({}, True), ({"DATABASE_URL": "postgresql://127.0.0.1:1/x"}, False)]
)
def test_the_clock_is_measured_when_the_server_starts(database: dict[str, Any], is_measured: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SERVER],
        env={**os.environ, "TOCSIN_DB_POOL": "0", **database},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.stdout.splitlines() == [
        f"lifespan.startup.complete {is_measured}",
        f"lifespan.shutdown.complete {is_measured}",
    ], done.stderr
