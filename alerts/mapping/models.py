"""Mappings: the expressions of an integration in versions that are never edited, and which was in use from when on."""

from django.conf import settings
from django.db import models

from core import clock


class MappingVersion(models.Model):
    """The expressions of an integration as somebody saved them. Never changed: a change is a new version."""

    integration = models.ForeignKey("alerts.Integration", on_delete=models.CASCADE, related_name="mapping_versions")
    number = models.PositiveIntegerField()
    expressions = models.JSONField(help_text='{"title": CEL, ..., "labels": {NAME: CEL}}')
    comment = models.CharField(max_length=300, blank=True)
    author = models.CharField(max_length=150, help_text="A username, or the part of Tocsin that wrote it.")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(name="mapping_version_once", fields=["integration", "number"])]

    def __str__(self) -> str:
        return f"version {self.number}"


class MappingUse(models.Model):
    """From when on a version, or none, was in use, and by whom that was wanted."""

    integration = models.ForeignKey("alerts.Integration", on_delete=models.CASCADE, related_name="mapping_uses")
    version = models.ForeignKey(MappingVersion, null=True, on_delete=models.CASCADE, related_name="uses")
    at = models.DateTimeField(default=clock.now)
    actor_name = models.CharField(max_length=150)
    via = models.CharField(max_length=10)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.version or 'no mapping'} since {self.at:%Y-%m-%d %H:%M}"
