"""Heartbeats, and when Tocsin itself was there to hear them."""

from datetime import timedelta

from django.db import models
from django.db.models import Q

from catalog.models import Service
from core import clock
from incidents.models import Severity


class HeartbeatState(models.TextChoices):
    """What is known of something that ought to report regularly."""

    WAITING = "waiting", "Waiting for its first ping"
    ALIVE = "alive", "Alive"
    MISSED = "missed", "Missed"
    PAUSED = "paused", "Paused"


class Heartbeat(models.Model):
    """Something that ought to ping in each period. What stays away for period and grace raises an alert.

    One that was never pinged is waited for and raises nothing. `due_at` is when the engine looks at it next: at the end
    of period and grace, or at once where a ping says something new.
    """

    name = models.CharField(max_length=200, unique=True)
    integration = models.ForeignKey(
        "alerts.Integration",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="heartbeats",
        help_text="Its key pings, too, and its routes are asked where no service is named.",
    )
    service = models.ForeignKey(
        Service,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="heartbeats",
        help_text="Unset: the integration's routes decide.",
    )
    key_hash = models.BinaryField(unique=True, null=True, editable=False)
    key_prefix = models.CharField(max_length=8, blank=True, editable=False)
    period = models.DurationField(help_text="How often it pings.")
    grace = models.DurationField(default=timedelta, help_text="How late a ping may come.")
    severity = models.CharField(max_length=16, choices=Severity.choices, default=Severity.CRITICAL)
    title = models.CharField(max_length=1024, blank=True, help_text="Of the alert; empty: made from the name.")
    description = models.TextField(blank=True, help_text="What to do when it is missed, for whoever is paged.")
    labels = models.JSONField(default=dict, blank=True, help_text="Of the alert, for routes and grouping.")
    state = models.CharField(max_length=8, choices=HeartbeatState.choices, default=HeartbeatState.WAITING)
    state_since = models.DateTimeField(default=clock.now, editable=False)
    reason = models.CharField(max_length=40, default="never_pinged", editable=False)
    last_ping_at = models.DateTimeField(null=True, editable=False)
    due_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(name="heartbeat_state_is_known", condition=Q(state__in=HeartbeatState.values)),
            models.CheckConstraint(
                name="heartbeat_leads_somewhere", condition=Q(service__isnull=False) | Q(integration__isnull=False)
            ),
        ]
        indexes = [models.Index(name="heartbeat_due", fields=["due_at"], condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return self.name


class Attendance(models.Model):
    """When a part of Tocsin was last at its place, so that its own absence is not taken for that of others."""

    who = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.who} {self.at:%Y-%m-%d %H:%M:%S}"
