"""Django's entry for this app."""

from django.apps import AppConfig


class EscalationConfig(AppConfig):
    name = "escalation"
    verbose_name = "Escalation"

    def ready(self) -> None:
        from escalation import engine, followers  # noqa: F401, PLC0415  registers the lane and the followers
