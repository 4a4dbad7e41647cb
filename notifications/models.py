"""How people can be reached, what they wish, and the outbox: every message that must go out is a row here."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from core import clock
from incidents.models import Incident, Urgency
from notifications.states import Status


class ContactMethod(models.Model):
    """One address of a person on one channel. Pages go to verified addresses only."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="contact_methods")
    name = models.CharField(max_length=60)
    channel = models.CharField(max_length=30, help_text="Slug of the channel: email, slack, sms.")
    address = models.CharField(max_length=320)
    verified_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=60, blank=True, help_text="Set when the carrier says: never again.")

    class Meta:
        ordering = ["user__username", "name"]
        constraints = [models.UniqueConstraint(name="contact_method_name_once", fields=["user", "name"])]
        indexes = [models.Index(name="contact_by_address", fields=["channel", "address"])]

    def __str__(self) -> str:
        return f"{self.user}: {self.name}"

    @property
    def is_verified(self) -> bool:
        """Whether she has shown that it is hers."""
        return self.verified_at is not None


class NotificationRule(models.Model):
    """One of a person's ordered wishes: so long after being chosen, use this contact method."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notification_rules")
    urgency = models.CharField(max_length=8, choices=Urgency.choices)
    position = models.PositiveSmallIntegerField()
    after = models.DurationField(help_text="Counted from the moment the step chose the person.")
    contact_method = models.ForeignKey(ContactMethod, on_delete=models.CASCADE, related_name="rules")

    class Meta:
        ordering = ["user__username", "urgency", "position"]
        constraints = [models.UniqueConstraint(name="rule_place_once", fields=["user", "urgency", "position"])]

    def __str__(self) -> str:
        return f"{self.user}, {self.urgency}: after {self.after} use {self.contact_method.name}"


class Kind(models.TextChoices):
    """What a delivery carries."""

    PAGE = "page", "Page"
    UPDATE = "update", "Update of a message already sent"
    NOTICE = "notice", "Notice"
    TEST = "test", "Test page"


class Delivery(models.Model):
    """The outbox: one message to one address of one person, and what became of it.

    The four `run_…`/`pass_number`/`step_number` columns say which step of which escalation run asked for a page
    (null where none did). They are plain numbers: runs belong to an app above this one. `idempotency_key` makes a step
    executed twice a no-op. `due_at` is when it may go out; after an attempt, when it may be tried again; after a send
    on a channel with receipts, `receipt_due_at` is when the next method is asked instead.
    """

    incident = models.ForeignKey(Incident, null=True, on_delete=models.CASCADE, related_name="deliveries")
    user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="deliveries")
    contact_method = models.ForeignKey(ContactMethod, null=True, on_delete=models.SET_NULL, related_name="deliveries")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PAGE)
    channel = models.CharField(max_length=30)
    address = models.CharField(max_length=320)
    urgency = models.CharField(max_length=8, choices=Urgency.choices, default=Urgency.HIGH)
    status = models.CharField(
        max_length=10, choices=[(each, each.capitalize()) for each in Status], default=Status.QUEUED
    )
    reason = models.CharField(max_length=60, blank=True, help_text="Why it is in this status, by name.")
    run_id = models.BigIntegerField(null=True)
    run_version = models.PositiveIntegerField(null=True)
    pass_number = models.PositiveSmallIntegerField(null=True)
    step_number = models.PositiveSmallIntegerField(null=True)
    position = models.PositiveSmallIntegerField(default=0, help_text="Place among the person's rules.")
    idempotency_key = models.CharField(max_length=64, unique=True, editable=False)
    updates = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="updated_by")
    unwanted_reason = models.CharField(
        max_length=60, blank=True, help_text="Set when it was cancelled while a send was under way: no second attempt."
    )
    content = models.JSONField(default=dict, help_text="Subject and text of a notice.")
    attempts = models.PositiveSmallIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0, help_text="Times our own code raised on it.")
    open_outcomes = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Attempts of which the provider never said what became."
    )
    due_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True, help_text="When the first attempt began whose outcome may still count.")
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    provider_ref = models.CharField(max_length=200, blank=True, help_text="What the provider calls it.")
    created_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    receipt_due_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.CheckConstraint(name="delivery_status_is_known", condition=Q(status__in=list(Status))),
        ]
        indexes = [
            models.Index(name="delivery_due", fields=["due_at", "id"], condition=Q(status__in=["queued", "unknown"])),
            models.Index(name="delivery_leased", fields=["lease_until"], condition=Q(status="sending")),
            models.Index(
                name="delivery_receipt_due",
                fields=["receipt_due_at"],
                condition=Q(receipt_due_at__isnull=False),
            ),
            models.Index(name="delivery_of_incident", fields=["incident", "-id"]),
            models.Index(name="delivery_of_run", fields=["run_id", "pass_number", "step_number"]),
            models.Index(name="delivery_by_ref", fields=["provider_ref"], condition=~Q(provider_ref="")),
            models.Index(
                name="delivery_page_to_address",
                fields=["channel", "address", "-tried_at"],
                condition=Q(kind="page"),
            ),
            models.Index(
                name="delivery_in_trouble", fields=["-created_at"], condition=Q(status__in=["failed", "unknown"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} to {self.user_id}: {self.status}"


class Receipt(models.Model):
    """What a carrier reported about a delivery. Append-only; a repeated report changes nothing."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="receipts")
    provider_ref = models.CharField(max_length=200)
    status = models.CharField(max_length=30, help_text="The carrier's own word.")
    code = models.CharField(max_length=30, blank=True, help_text="The carrier's error code, if any.")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(name="receipt_once", fields=["provider_ref", "status"])]

    def __str__(self) -> str:
        return f"{self.provider_ref}: {self.status}"


class SeenRequest(models.Model):
    """The memory against replays: signatures of inbound requests, kept while they could still be accepted."""

    digest = models.BinaryField(unique=True)
    at = models.DateTimeField(default=clock.now, db_index=True)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return self.at.isoformat()
