"""What arrives: integrations and their routes, raw events, and the alerts they were understood to tell of."""

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from alerts import identities
from alerts.decisions import hours
from alerts.decisions.flapping import FLAP_CHANGES, FLAP_WINDOW
from alerts.heartbeats import models as heartbeat_models  # noqa: F401  more models; Django finds them by this
from alerts.mapping import models as mapping_models  # noqa: F401  more models; Django finds them by this
from alerts.muting import models as muting_models  # noqa: F401  more models; Django finds them by this
from catalog.models import Service
from core import clock
from incidents.models import Incident, Severity

STORM_AFTER = 10


class Integration(models.Model):
    """An entry point with its own key. Only the key's hash is kept: the key is shown once, when it is made."""

    name = models.CharField(max_length=100, unique=True)
    source = models.CharField(max_length=60, help_text="Slug of the source that reads its messages.")
    key_hash = models.BinaryField(unique=True, editable=False)
    key_prefix = models.CharField(max_length=8, editable=False)
    sealed_secret = models.BinaryField(
        null=True, editable=False, help_text="What its sender must prove to know, sealed; unset: the key is enough."
    )
    mail_rules = models.JSONField(
        null=True, blank=True, help_text="How mail is read, where its words alone do not tell."
    )
    mapping = models.ForeignKey(
        "alerts.MappingVersion",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The expressions that say what its alerts are; unset: what the source reads.",
    )
    is_active = models.BooleanField(default=True)
    group_by = ArrayField(
        models.CharField(max_length=200),
        null=True,
        blank=True,
        help_text="Labels; unset: the source's own default, an empty list: everything in one group.",
    )
    hold = models.DurationField(default=timedelta, help_text="No page for what resolves within this time.")
    reopen_within = models.DurationField(
        default=timedelta, help_text="Firing again so soon re-opens the same incident."
    )
    storm_after = models.PositiveSmallIntegerField(
        default=STORM_AFTER,
        db_default=STORM_AFTER,
        help_text="More new incidents than this on one service within a minute become one that pages once; 0: never.",
    )
    group_expression = models.TextField(
        blank=True,
        default="",
        db_default="",
        help_text="CEL that gives a text: what has the same text becomes one incident. It goes before the labels.",
    )
    group_window = models.DurationField(
        null=True,
        blank=True,
        help_text="An incident takes in alerts for so long, then another opens; unset: as long as it is open.",
    )
    group_window_rolls = models.BooleanField(
        default=False, db_default=False, help_text="The time begins anew with each alert that joins."
    )
    resolve_after = models.DurationField(
        null=True,
        blank=True,
        help_text="An alert nobody tells of for so long is over; unset: as its source suggests, 0: never.",
    )
    flap_changes = models.PositiveSmallIntegerField(
        default=FLAP_CHANGES,
        db_default=FLAP_CHANGES,
        help_text="So many changes between firing and resolved within the time below are flapping; 0: never.",
    )
    flap_window = models.DurationField(
        default=FLAP_WINDOW, db_default=FLAP_WINDOW, help_text="The time in which they are counted."
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)
    last_event_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def has_secret(self) -> bool:
        """Whether its sender must prove to know a secret."""
        return self.sealed_secret is not None


class Route(models.Model):
    """Ordered: the first whose condition holds names the service. The last has no condition and always matches."""

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="routes")
    position = models.PositiveSmallIntegerField()
    condition = models.TextField(
        blank=True, help_text="CEL over labels, annotations, severity, title, source, integration."
    )
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="routes")
    more_than = models.PositiveIntegerField(
        null=True, blank=True, help_text="Page only when more than so many messages come within the time beside it."
    )
    within = models.DurationField(null=True, blank=True, help_text="The time in which they are counted.")
    hours = models.CharField(
        max_length=hours.LONGEST,
        blank=True,
        default="",
        db_default="",
        help_text="When it is asked at all, for example mon-fri 09:00-17:00 Europe/Berlin; empty: always.",
    )

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(name="route_place_once", fields=["integration", "position"])]

    def __str__(self) -> str:
        return f"{self.integration} {self.position}: {self.condition or 'default'}"

    @property
    def threshold(self) -> dict[str, int | timedelta] | None:
        """Both parts, or nothing."""
        if self.more_than is None or self.within is None:
            return None
        return {"more_than": self.more_than, "within": self.within}


class ErrandKind(models.TextChoices):
    """What is to be fetched."""

    CONFIRM = "confirm", "Confirm a subscription"
    CERTIFICATE = "certificate", "Fetch a certificate"


class Errand(models.Model):
    """What a message asks to be fetched from outside. The row is gone when it is done."""

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="errands")
    kind = models.CharField(max_length=12, choices=ErrandKind.choices)
    target = models.CharField(max_length=500, help_text="What is asked for only once at a time.")
    event_id = models.BigIntegerField()
    received_at = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["due_at"]
        constraints = [models.UniqueConstraint(name="errand_once", fields=["integration", "kind", "target"])]

    def __str__(self) -> str:
        return f"{self.kind} for {self.integration_id}"


class SigningCertificates(models.QuerySet["SigningCertificate"]):
    """Certificates as messages name them."""

    def known(self) -> "SigningCertificates":
        """Those that were found, and those that were looked for in vain lately."""
        return self.filter(~Q(pem="") | Q(fetched_at__gt=clock.now() - timedelta(hours=1)))


class SigningCertificate(models.Model):
    """With which Amazon SNS signs, by its address. Empty where none was found."""

    url = models.CharField(max_length=500, unique=True)
    pem = models.TextField(blank=True)
    fetched_at = models.DateTimeField()

    objects = SigningCertificates.as_manager()

    def __str__(self) -> str:
        return self.url


class Threshold(models.Model):
    """An incident that is held until more messages have come, and when those came that count so far."""

    incident = models.OneToOneField(Incident, primary_key=True, on_delete=models.CASCADE, related_name="threshold")
    more_than = models.PositiveIntegerField()
    within = models.DurationField()
    moments = ArrayField(models.DateTimeField())

    def __str__(self) -> str:
        return f"{len(self.moments)} of more than {self.more_than} within {self.within}"


class EventStatus(models.TextChoices):
    """What became of a raw message."""

    RECEIVED = "received", "Received"
    PROCESSED = "processed", "Processed"
    IGNORED = "ignored", "Ignored"
    QUARANTINED = "quarantined", "Quarantined"


class Event(models.Model):
    """One raw message, byte for byte, from the moment it was answered. Partitioned by day of `received_at`.

    The table is made by hand in the first migration (Django has no words for partitions): its primary key is
    (id, received_at), and nothing may point at it by a foreign key.
    """

    id = models.BigAutoField(primary_key=True)
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="events", db_constraint=False)
    received_at = models.DateTimeField(default=clock.now)
    status = models.CharField(max_length=12, choices=EventStatus.choices, default=EventStatus.RECEIVED)
    reason = models.CharField(max_length=100, blank=True, help_text="Why it was ignored or quarantined, by name.")
    problem = models.TextField(blank=True, help_text="The same as a sentence, for people.")
    source = models.CharField(
        max_length=60, blank=True, help_text="Slug of the door it came by, if not the integration's own."
    )
    content_type = models.CharField(max_length=200, blank=True)
    headers = models.JSONField(null=True, help_text="The few headers a source needs to read the body.")
    query = models.TextField(blank=True)
    body = models.BinaryField()
    body_size = models.PositiveIntegerField(default=0, help_text="As sent; larger than the body kept when it was cut.")
    marks = models.JSONField(default=list, help_text="What was mended, by name.")
    understood = models.JSONField(default=list, help_text="The alerts this message was understood to tell of.")
    failures = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=clock.now)
    processed_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "alerts_event"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.integration_id} {self.received_at:%Y-%m-%d %H:%M:%S}: {self.status}"


class AlertStatus(models.TextChoices):
    """Whether the condition holds now."""

    FIRING = "firing", "Firing"
    ACKNOWLEDGED = "acknowledged", "Acknowledged at the source"
    RESOLVED = "resolved", "Resolved"


class Alert(models.Model):
    """A condition, deduplicated: firing or resolved, counted. One row per episode; one open row per identity."""

    # None of these is checked by the database for every row: each check costs as much as the row itself. A batch holds
    # the locks of its integration and its incidents, and a service that a route names cannot be deleted.
    integration = models.ForeignKey(
        Integration, on_delete=models.PROTECT, related_name="alerts", db_index=False, db_constraint=False
    )
    fingerprint = models.CharField(max_length=64, help_text="Hash of the dedup key.")
    dedup_key = models.TextField(help_text="The identity as the source gives it.")
    status = models.CharField(max_length=12, choices=AlertStatus.choices, default=AlertStatus.FIRING)
    severity = models.CharField(max_length=16, choices=Severity.choices, null=True)
    title = models.CharField(max_length=1024)
    description = models.TextField(blank=True)
    labels = models.JSONField(default=dict)
    annotations = models.JSONField(default=dict)
    links = models.JSONField(default=list, help_text='[{"text", "href"}]')
    count = models.PositiveIntegerField(default=1, help_text="Messages that told of it.")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, help_text="As the source says.")
    ended_at = models.DateTimeField(null=True, help_text="As the source says.")
    resolved_at = models.DateTimeField(null=True)
    service = models.ForeignKey(
        Service, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    incident = models.ForeignKey(
        Incident, null=True, on_delete=models.SET_NULL, related_name="alerts", db_index=False, db_constraint=False
    )
    also_in = ArrayField(
        models.BigIntegerField(),
        default=list,
        blank=True,
        help_text="Incidents it was moved from when it got worse and its route named another service.",
    )
    group_key = models.TextField(blank=True)
    reasons = models.JSONField(default=dict, help_text="Each decision by name: dedup, route, group, and why.")
    last_event_id = models.BigIntegerField(null=True)
    content_hash = models.BigIntegerField(null=True, help_text="Of what it says: a repeat that says the same is cheap.")
    expires_at = models.DateTimeField(null=True, help_text="When it is over unless it is told of again.")
    changes = ArrayField(
        models.DateTimeField(), null=True, help_text="When it last changed between firing and resolved, oldest first."
    )
    flapping_until = models.DateTimeField(null=True, help_text="Until when it is flapping unless it changes again.")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                name="alert_open_once", fields=["integration", "fingerprint"], condition=~Q(status="resolved")
            ),
            models.CheckConstraint(name="alert_status_is_known", condition=Q(status__in=AlertStatus.values)),
        ]
        indexes = [
            models.Index(
                *("integration", identities.period_of_end(), identities.short("fingerprint"), F("id").desc()),
                name="alert_by_end_and_identity",
            ),
            models.Index(name="alert_of_incident", fields=["incident", "-id"]),
            models.Index(name="alert_expires", fields=["expires_at"], condition=Q(expires_at__isnull=False)),
            models.Index(name="alert_flaps", fields=["flapping_until"], condition=Q(flapping_until__isnull=False)),
            GinIndex(name="alert_also_in", fields=["also_in"], condition=~Q(also_in=[])),
        ]

    def __str__(self) -> str:
        return self.title


class Storm(models.Model):
    """So much that is new on one service at once that it is gathered in one incident, until it is quiet again."""

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="storms")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+")
    is_held_back = models.BooleanField(
        default=False, db_default=False, help_text="It gathers what a threshold holds back, and nothing that pages."
    )
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="storms")
    began_at = models.DateTimeField()
    last_at = models.DateTimeField(help_text="When something new was last gathered.")
    groups = models.PositiveIntegerField(default=0, help_text="That would each have been an incident.")
    gathered_at = models.DateTimeField(
        null=True, help_text="When the incidents that had opened just before were merged into it."
    )
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                name="storm_open_once",
                fields=["integration", "service", "is_held_back"],
                condition=Q(ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"Storm of {self.integration} on {self.service} since {self.began_at:%Y-%m-%d %H:%M}"


class Change(models.Model):
    """Something that was done, as a deployment: kept beside incidents, whose cause it may be. It pages nobody."""

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="changes")
    service = models.ForeignKey(Service, null=True, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField(help_text="When it was done, as its sender says; else when that was received.")
    received_at = models.DateTimeField(default=clock.now)
    summary = models.CharField(max_length=1024)
    by = models.CharField(max_length=300, blank=True, help_text="What did it: a pipeline, a tool.")
    links = models.JSONField(default=list, help_text='[{"text", "href"}]')
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(name="change_by_time", fields=["-at"]),
            models.Index(name="change_of_service", fields=["service", "-at"]),
        ]

    def __str__(self) -> str:
        return self.summary
