"""Django's entry for this app."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "alerts"
