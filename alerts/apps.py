"""Django's entry for this app."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "alerts"
    verbose_name = "What comes in"

    def ready(self) -> None:
        from alerts import followers, jobs  # noqa: F401, PLC0415  registers them; needs the models loaded
