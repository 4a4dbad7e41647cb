"""Django's entry for this app."""

from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "incidents"
    verbose_name = "What happens"

    def ready(self) -> None:
        from incidents import jobs  # noqa: F401, PLC0415  registers the lane; needs the models loaded
