"""What was learnt: postmortems from draft to approval, and the action items that keep it from happening again."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from core import clock
from incidents.models import Incident
from postmortems.states import Status


class Template(models.Model):
    """The sections a postmortem starts with. `sections` is a list of {"heading", "guidance"}."""

    name = models.CharField(max_length=100, unique=True)
    sections = models.JSONField(default=list)
    is_default = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(name="template_default_once", fields=["is_default"], condition=Q(is_default=True))
        ]

    def __str__(self) -> str:
        return self.name


class Postmortem(models.Model):
    """The written review of one incident. `version` guards against two people saving over one another."""

    incident = models.OneToOneField(Incident, on_delete=models.PROTECT, related_name="postmortem")
    title = models.CharField(max_length=300)
    body = models.TextField(help_text="Markdown.")
    status = models.CharField(max_length=20, choices=[(each, each.label) for each in Status], default=Status.DRAFT)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="postmortems")
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)
    approved_at = models.DateTimeField(null=True, editable=False)
    approved_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [models.CheckConstraint(name="postmortem_status_is_known", condition=Q(status__in=list(Status)))]

    def __str__(self) -> str:
        return self.title


class Review(models.Model):
    """What a manager (or the owner) said when a postmortem moved."""

    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="reviews")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    move = models.CharField(max_length=20)
    comment = models.TextField(blank=True)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.move} by {self.by}"


class ActionItem(models.Model):
    """Work that keeps it from happening again."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Done"
        WONT_DO = "wont_do", "Won't do"

    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="action_items")
    title = models.CharField(max_length=300)
    owner = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="action_items")
    due_on = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    done_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["status", "due_on", "id"]
        indexes = [models.Index(name="action_item_by_status", fields=["status", "due_on"])]

    def __str__(self) -> str:
        return self.title
