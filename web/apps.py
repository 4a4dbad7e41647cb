"""Django's entry for this app."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "web"

    def ready(self) -> None:
        from web import followers  # noqa: F401, PLC0415  they need the apps loaded
