"""Incidents, the groups of alerts that page people, and their timelines."""

from django.conf import settings
from django.db import models
from django.urls import reverse

from accounts.models import User
from catalog.models import Service
from core import clock
from incidents.states import OPEN, Status


class Urgency(models.TextChoices):
    """How loudly to notify."""

    HIGH = "high", "High"
    LOW = "low", "Low"


class Severity(models.TextChoices):
    """How bad the condition is; in order of weight, the heaviest first."""

    CRITICAL = "critical", "Critical"
    ERROR = "error", "Error"
    WARNING = "warning", "Warning"
    INFO = "info", "Info"


class IncidentQuerySet(models.QuerySet["Incident"]):
    """The vocabulary of lists of incidents."""

    def open(self) -> "IncidentQuerySet":
        """Not resolved."""
        return self.filter(status__in=OPEN)

    def visible_to(self, user: User) -> "IncidentQuerySet":
        """What this person may see: everyone with an account sees every incident."""
        return self if user.is_active else self.none()

    def with_last_entry(self) -> "IncidentQuerySet":
        """Adds `last_entry_text` and `last_entry_kind`: what happened last, for lists."""
        last = TimelineEntry.objects.filter(incident=models.OuterRef("pk")).order_by("-id")
        return self.annotate(
            last_text=models.Subquery(last.values("text")[:1]),
            last_kind=models.Subquery(last.values("kind")[:1]),
        )


class Incident(models.Model):
    """Something is wrong with a service, and somebody has to have it.

    `open_key` is the opaque identity of its group (integration, service and group key, hashed by `alerts`): at most
    one incident that is not resolved has it. `group_key` is the same for people to read. `version` grows with every
    change, for browsers and for the order of messages that are updated in place.
    """

    title = models.CharField(max_length=1024)
    description = models.TextField(blank=True)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="incidents")
    status = models.CharField(max_length=16, choices=[(each, each.capitalize()) for each in Status])
    status_since = models.DateTimeField(default=clock.now)
    urgency = models.CharField(max_length=8, choices=Urgency.choices, default=Urgency.HIGH)
    severity = models.CharField(max_length=16, choices=Severity.choices, null=True, blank=True)
    origin = models.CharField(
        max_length=100, blank=True, help_text="Name of the integration; empty when opened by hand."
    )
    group_key = models.TextField(blank=True)
    open_key = models.CharField(max_length=64, null=True, editable=False)
    alert_count = models.PositiveIntegerField(default=0, help_text="Distinct alerts in it.")
    firing_count = models.PositiveIntegerField(default=0, help_text="How many of them fire now.")
    version = models.PositiveBigIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    triggered_at = models.DateTimeField(null=True, editable=False)
    acknowledged_at = models.DateTimeField(null=True, editable=False)
    acknowledged_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", editable=False)
    acknowledged_via = models.CharField(max_length=16, blank=True, editable=False)
    resolved_at = models.DateTimeField(null=True, editable=False)
    resolved_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", editable=False)
    due_at = models.DateTimeField(null=True, editable=False, help_text="When a hold or a snooze ends.")
    failures = models.PositiveSmallIntegerField(default=0, editable=False)
    muted = models.JSONField(
        null=True, blank=True, editable=False, help_text="Why it is held and pages nobody: what mutes it, until when."
    )
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged", editable=False)
    previous = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", editable=False)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(name="incident_status_is_known", condition=models.Q(status__in=list(Status))),
            models.CheckConstraint(name="incident_urgency_is_known", condition=models.Q(urgency__in=Urgency.values)),
            models.UniqueConstraint(
                name="incident_open_once",
                fields=["open_key"],
                condition=~models.Q(status=Status.RESOLVED) & models.Q(open_key__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="incident_open", fields=["-id"], condition=~models.Q(status=Status.RESOLVED)),
            models.Index(name="incident_by_service", fields=["service", "-id"]),
            models.Index(name="incident_by_status", fields=["status", "-id"]),
            models.Index(name="incident_due", fields=["due_at"], condition=models.Q(due_at__isnull=False)),
            models.Index(name="incident_by_key", fields=["open_key", "-id"]),
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.title}"

    @property
    def number(self) -> int:
        """What people call it by: in texts, replies and on the phone."""
        return int(self.pk)

    @property
    def is_open(self) -> bool:
        """Whether it is not resolved."""
        return self.status in OPEN

    @property
    def last_entry_text(self) -> str:
        """What happened last, where `with_last_entry` asked for it."""
        return str(getattr(self, "last_text", "") or "")

    @property
    def last_entry_kind(self) -> str:
        """Of which kind that was (`note`, `snoozed` …)."""
        return str(getattr(self, "last_kind", "") or "")

    def get_absolute_url(self) -> str:
        """Path of its page."""
        return reverse("web:incident", args=[self.pk])

    @property
    def url(self) -> str:
        """Whole address of its page, as people outside reach it."""
        return f"{settings.PUBLIC_URL}{self.get_absolute_url()}"


class TimelineEntry(models.Model):
    """One thing that happened to an incident: who, when, what, and the named reason."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="timeline")
    at = models.DateTimeField(default=clock.now)
    kind = models.CharField(max_length=40, help_text="What happened, for example acknowledged or person_paged.")
    actor_kind = models.CharField(max_length=8)
    actor_name = models.CharField(max_length=150)
    actor_user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    via = models.CharField(max_length=16)
    reason = models.CharField(max_length=60, blank=True, help_text="The named reason, for example rule_matched.")
    text = models.TextField(blank=True, help_text="The sentence people read.")
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "timeline entries"
        indexes = [models.Index(name="timeline_of_incident", fields=["incident", "id"])]

    def __str__(self) -> str:
        return f"{self.kind} by {self.actor_name}"
