"""Keeps the time of a web process: the database's clock, measured at its start and once a minute."""

import asyncio

import structlog
from django.db import Error, connection

from core import clock

log = structlog.get_logger(__name__)

EVERY = 60.0  # seconds
LONGEST_START = 3.0  # seconds a server may wait for its first measurement


class Clockwork:
    """Runs from a server's start to its end, beside the event loop and never in it."""

    def __init__(self) -> None:
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Measure before the first request is answered, if the database is there, and go on."""
        measured = asyncio.Event()
        self._running = asyncio.create_task(self._run(measured))
        try:
            await asyncio.wait_for(measured.wait(), LONGEST_START)
        except TimeoutError:
            return

    async def stop(self) -> None:
        """Measure no more."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self, measured: asyncio.Event) -> None:
        while True:
            await asyncio.to_thread(_measure)
            measured.set()
            await asyncio.sleep(EVERY)


def _measure() -> None:
    try:
        clock.measure()
    except Error as trouble:  # the last offset still holds; the next minute asks again
        log.warning("clock.not_measured", reason=type(trouble).__name__)
    finally:
        connection.close()  # this thread may never need it again
