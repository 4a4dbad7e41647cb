"""What mutes pages: silences, maintenance windows and inhibition rules; and the incidents watched because of them."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from catalog.models import Service
from core import clock
from incidents.models import Incident

DUE = "Null: nothing is to be done about it until somebody changes it."


NARROW = "So it mutes nothing, and not everything, where what it was for has been deleted."
MATCHERS = 'As Alertmanager writes them, for example alertname="DiskFull" or instance=~"db-.*".'


class SilenceState(models.TextChoices):
    """Whether it mutes now. Follows from its times."""

    PENDING = "pending", "Pending"
    ACTIVE = "active", "Active"
    EXPIRED = "expired", "Expired"


class SilenceQuerySet(models.QuerySet["Silence"]):
    """The vocabulary of lists of silences."""

    def in_state(self, state: str, now: datetime) -> "SilenceQuerySet":
        """Those that are pending, active or expired at this moment."""
        if state == SilenceState.PENDING:
            return self.filter(starts_at__gt=now, ends_at__gt=now)
        if state == SilenceState.ACTIVE:
            return self.filter(starts_at__lte=now, ends_at__gt=now)
        return self.filter(ends_at__lte=now)


class Silence(models.Model):
    """Mutes what its matchers match, from here to there. Never deleted: it expires."""

    matchers = ArrayField(models.TextField(), default=list, help_text=MATCHERS)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    created_by = models.CharField(max_length=150, help_text="Who it is of: a username, or what a client said.")
    comment = models.TextField(help_text="Why.")
    service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.SET_NULL, related_name="silences")
    integration = models.ForeignKey(
        "alerts.Integration", null=True, blank=True, on_delete=models.SET_NULL, related_name="silences"
    )
    is_for_service = models.BooleanField(default=False, db_default=False, editable=False, help_text=NARROW)
    is_for_integration = models.BooleanField(default=False, db_default=False, editable=False, help_text=NARROW)
    ended_by = models.CharField(max_length=150, blank=True, editable=False, help_text="Who ended it before its time.")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    changed_at = models.DateTimeField(default=clock.now, editable=False)
    due_at = models.DateTimeField(null=True, editable=False, help_text=f"When it next begins or ends. {DUE}")

    objects = SilenceQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(name="silence_ends_after_start", condition=Q(ends_at__gte=F("starts_at"))),
        ]
        indexes = [
            models.Index(name="silence_by_end", fields=["ends_at"]),
            models.Index(name="silence_due", fields=["due_at"], condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"Silence {self.pk}: {', '.join(self.matchers)}"

    @property
    def is_for_nothing(self) -> bool:
        """Whether the one service or integration that it was for has been deleted."""
        has_lost_service = self.is_for_service and self.service_id is None
        return has_lost_service or (self.is_for_integration and self.integration_id is None)

    @property
    def state(self) -> SilenceState:
        """Whether it mutes now."""
        now = clock.now()
        if self.ends_at <= now:
            return SilenceState.EXPIRED
        return SilenceState.PENDING if self.starts_at > now else SilenceState.ACTIVE


class MaintenanceWindow(models.Model):
    """Work on something is planned: mutes it, once or again and again, by local wall time.

    `occurrence_starts_at` and `occurrence_ends_at` are the occurrence that is on or comes next, with those that follow
    without a gap, as `alerts.muting.windows` reckons it; null where none comes any more.
    """

    name = models.CharField(max_length=100, unique=True)
    comment = models.TextField(blank=True, help_text="Why, or what is done.")
    start_date = models.DateField(help_text="Of the first occurrence, local.")
    start_time = models.TimeField(help_text="Local.")
    duration = models.DurationField()
    time_zone = models.CharField(max_length=64, default="UTC")
    recurrence = models.CharField(
        max_length=300, blank=True, help_text="RRULE of RFC 5545, for example FREQ=WEEKLY;BYDAY=SU. Empty: once."
    )
    matchers = ArrayField(models.TextField(), default=list, blank=True, help_text=MATCHERS)
    services = models.ManyToManyField(Service, blank=True, related_name="maintenance_windows")
    integrations = models.ManyToManyField("alerts.Integration", blank=True, related_name="maintenance_windows")
    is_for_services = models.BooleanField(default=False, db_default=False, editable=False, help_text=NARROW)
    is_for_integrations = models.BooleanField(default=False, db_default=False, editable=False, help_text=NARROW)
    created_by = models.CharField(max_length=150, blank=True)
    is_active = models.BooleanField(default=True)
    ended_at = models.DateTimeField(
        null=True, editable=False, help_text="When somebody ended an occurrence early: those begun by then are over."
    )
    ended_by = models.CharField(max_length=150, blank=True, editable=False)
    occurrence_starts_at = models.DateTimeField(null=True, editable=False)
    occurrence_ends_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    changed_at = models.DateTimeField(default=clock.now, editable=False)
    due_at = models.DateTimeField(null=True, editable=False, help_text=f"When it next begins or ends. {DUE}")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(name="window_lasts", condition=Q(duration__gt=models.Value("0"))),
        ]
        indexes = [
            models.Index(name="window_by_end", fields=["occurrence_ends_at"]),
            models.Index(name="window_due", fields=["due_at"], condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def starts(self) -> datetime:
        """When the first occurrence begins: local time, without a zone."""
        return datetime.combine(self.start_date, self.start_time)

    @property
    def is_on(self) -> bool:
        """Whether it mutes now."""
        start, end = self.occurrence_starts_at, self.occurrence_ends_at
        return self.is_active and start is not None and end is not None and start <= clock.now() < end


class InhibitionRule(models.Model):
    """While an alert fires that the source matchers match, those that the target matchers match page nobody."""

    name = models.CharField(max_length=100, unique=True)
    source_matchers = ArrayField(models.TextField(), default=list, help_text=MATCHERS)
    target_matchers = ArrayField(models.TextField(), default=list, help_text=MATCHERS)
    equal = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        help_text="Labels that must say the same in both. Where all are missing, nothing is inhibited.",
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    changed_at = models.DateTimeField(default=clock.now, editable=False)
    due_at = models.DateTimeField(null=True, editable=False, help_text=f"When its sources are to be found anew. {DUE}")

    class Meta:
        ordering = ["name"]
        indexes = [models.Index(name="inhibition_rule_due", fields=["due_at"], condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return self.name


class InhibitionSource(models.Model):
    """An alert that fires and mutes others. Written by the pipeline in the alert's own transaction.

    It is due when it has begun or ended and nobody has looked yet at the incidents that changes.
    """

    rule = models.ForeignKey(InhibitionRule, on_delete=models.CASCADE, related_name="sources", db_index=False)
    integration_id = models.BigIntegerField()
    fingerprint = models.CharField(max_length=64)
    key = models.CharField(max_length=32, help_text="Hash of the labels that must be equal.")
    is_target = models.BooleanField(help_text="Whether the rule's target matchers match it as well.")
    title = models.CharField(max_length=200)
    ended_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, help_text=f"When it is to be looked at. {DUE}")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="inhibition_source_once", fields=["integration_id", "fingerprint", "rule"]),
        ]
        indexes = [
            models.Index(name="inhibition_source_by_key", fields=["rule", "key"]),
            models.Index(name="inhibition_source_due", fields=["due_at"], condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.title


class MuteWatch(models.Model):
    """An incident that pages nobody because all that fires in it is muted, or that may have come to that.

    `causes` name what mutes it, as `silence:12`, `window:3`, `rule:5` and `rule:5:<key>`: when one of them ends, the
    incident is looked at again.
    """

    incident = models.OneToOneField(Incident, primary_key=True, on_delete=models.CASCADE, related_name="mute_watch")
    causes = ArrayField(models.TextField(), default=list)
    hold_until = models.DateTimeField(null=True, help_text="When the hold time of its integration is over.")
    due_at = models.DateTimeField(db_index=True)
    failures = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"#{self.incident_id}: {', '.join(self.causes) or 'to be looked at'}"
