"""Django's entry for this app."""

from django.apps import AppConfig


class EscalationConfig(AppConfig):
    name = "escalation"
