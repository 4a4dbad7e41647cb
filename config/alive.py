"""Signs of life of worker and beat: a file in the data folder each, touched as long as their work goes on.

A container's health check reads them (`config.up.health`): that costs nothing, while asking a worker through the broker
would start a Django of its own each time and call a worker ill when only the broker is.
"""

import threading
from collections.abc import Callable
from typing import Any

from celery.beat import PersistentScheduler

from config import env
from config.up import health

_EVERY = 5.0  # seconds
_TOO_SILENT = 60.0  # longer than any one send may take


def keep_signing(name: str, silence: Callable[[], float]) -> None:
    """Touch the file every few seconds while `silence()` stays below a minute, until the process ends."""

    def sign() -> None:
        while True:
            if silence() < _TOO_SILENT:
                health.sign(env.data_dir(), name)
            pause.wait(_EVERY)

    pause = threading.Event()
    threading.Thread(target=sign, name="sign-of-life", daemon=True).start()


class Scheduler(PersistentScheduler):
    """Celery's own scheduler, which signs at every turn of its loop."""

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        health.sign(env.data_dir(), "beat")
        return super().tick(*args, **kwargs)
