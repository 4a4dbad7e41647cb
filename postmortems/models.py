"""What was learnt: postmortems from draft to approval, and the action items that keep it from happening again."""

from datetime import date

from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.models import User
from core import clock
from incidents.models import Incident
from postmortems.states import CHOICES, Move, Status


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


class PostmortemQuerySet(models.QuerySet["Postmortem"]):
    """The vocabulary of lists of postmortems."""

    def visible_to(self, user: User) -> "PostmortemQuerySet":
        """What this person may see: everyone with an account sees every postmortem."""
        return self if user.is_active else self.none()

    def waiting(self) -> "PostmortemQuerySet":
        """Those that lie before the managers."""
        return self.filter(status=Status.IN_REVIEW)


class Postmortem(models.Model):
    """The written review of one incident. `version` guards against two people saving over one another."""

    LONGEST_TITLE = 300

    incident = models.OneToOneField(Incident, on_delete=models.PROTECT, related_name="postmortem")
    title = models.CharField(max_length=LONGEST_TITLE)
    body = models.TextField(help_text="Markdown.")
    status = models.CharField(max_length=20, choices=CHOICES, default=Status.DRAFT)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="postmortems")
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)
    updated_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", editable=False)
    approved_at = models.DateTimeField(null=True, editable=False)
    approved_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", editable=False)

    objects = PostmortemQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [models.CheckConstraint(name="postmortem_status_is_known", condition=Q(status__in=list(Status)))]
        indexes = [models.Index(name="postmortem_by_status", fields=["status", "-id"])]

    def __str__(self) -> str:
        return self.title

    @property
    def is_editable(self) -> bool:
        """Whether its text may still change."""
        return self.status != Status.APPROVED

    @property
    def status_label(self) -> str:
        """Where it stands, for people."""
        return Status(self.status).label

    def get_absolute_url(self) -> str:
        """Path of its page."""
        return reverse("web:postmortem", args=[self.pk])


class Review(models.Model):
    """What a manager (or the owner) said when a postmortem moved."""

    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="reviews")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    move = models.CharField(max_length=20, choices=[(each, each.label) for each in Move])
    comment = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1, help_text="Of the text that it is about.")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.get_move_display()} by {self.by}"


class ActionItemStatus(models.TextChoices):
    """Where an action item stands."""

    OPEN = "open", "Open"
    DONE = "done", "Done"
    WONT_DO = "wont_do", "Won't do"


class ActionItemQuerySet(models.QuerySet["ActionItem"]):
    """The vocabulary of lists of action items."""

    def open(self) -> "ActionItemQuerySet":
        """Still to be done."""
        return self.filter(status=ActionItem.Status.OPEN)

    def overdue(self, today: date) -> "ActionItemQuerySet":
        """Still to be done, and due before this day."""
        return self.open().filter(due_on__lt=today)


class ActionItem(models.Model):
    """Work that keeps it from happening again."""

    LONGEST_TITLE = 300

    Status = ActionItemStatus

    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="action_items")
    title = models.CharField(max_length=LONGEST_TITLE)
    owner = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="action_items")
    due_on = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=ActionItemStatus.choices, default=ActionItemStatus.OPEN)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    done_at = models.DateTimeField(null=True, editable=False)

    objects = ActionItemQuerySet.as_manager()

    class Meta:
        ordering = ["status", "due_on", "id"]
        constraints = [
            models.CheckConstraint(name="action_item_status_is_known", condition=Q(status__in=ActionItemStatus.values))
        ]
        indexes = [models.Index(name="action_item_by_status", fields=["status", "due_on"])]

    def __str__(self) -> str:
        return self.title

    @property
    def is_overdue(self) -> bool:
        """Whether it should have been done by now: its day is over, in UTC."""
        return self.status == self.Status.OPEN and self.due_on is not None and self.due_on < clock.now().date()
