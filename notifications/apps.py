"""Django's entry for this app."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = "Deliveries"

    def ready(self) -> None:
        # They register themselves: lanes with the engine, followers with the hooks below.
        from notifications import delivery, followers, receipts  # noqa: F401, PLC0415  need the models loaded
