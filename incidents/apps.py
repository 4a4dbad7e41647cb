"""Django's entry for this app."""

from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "incidents"
