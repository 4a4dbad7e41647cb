"""Django's entry for the composition root: it carries the management commands."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        # Connects the doorbell of every process, also those that run no worker.
        from config import celery  # noqa: F401, PLC0415  needs the apps loaded
