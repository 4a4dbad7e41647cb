"""`manage.py engine`: the engine in the foreground, without any broker."""

import signal
from typing import Any

import structlog
from django.core.management.base import BaseCommand

from core.engine import Engine
from web import figures

log = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = "Run every lane of due work in this process until Ctrl-C or SIGTERM. Any number may run side by side."

    def handle(self, *args: Any, **options: Any) -> None:
        stops = {signal.SIGTERM, signal.SIGINT}
        # Waited for and not handled: a handler that runs just before the wait begins would leave it waiting for ever.
        signal.pthread_sigmask(signal.SIG_BLOCK, stops)
        engine = Engine()
        engine.start()
        keeper = figures.Keeper()
        keeper.start()
        log.info("engine.running")
        signal.sigwait(stops)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, stops)
        engine.stop()
        keeper.stop()
        log.info("engine.stopped")
