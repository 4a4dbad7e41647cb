"""`manage.py engine`: the engine in the foreground, without any broker."""

import signal
import threading
from types import FrameType
from typing import Any

import structlog
from django.core.management.base import BaseCommand

from core.engine import Engine

log = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = "Run every lane of due work in this process until Ctrl-C or SIGTERM. Any number may run side by side."

    def handle(self, *args: Any, **options: Any) -> None:
        leaving = threading.Event()

        def leave(_signal: int, _frame: FrameType | None) -> None:
            leaving.set()

        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, leave)
        engine = Engine()
        engine.start()
        log.info("engine.running")
        leaving.wait()
        engine.stop()
        log.info("engine.stopped")
