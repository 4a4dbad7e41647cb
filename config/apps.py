"""Django's entry for the composition root: it carries the management commands, and is the last to be ready."""

import gc

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        # Connects the doorbell of every process, also those that run no worker.
        from config import celery  # noqa: F401, PLC0415  needs the apps loaded

        gc.freeze()  # what stands by now stays; no collection need ever walk it
        gc.enable()
