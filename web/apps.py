"""Django's entry for this app."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "web"
