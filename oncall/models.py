"""Schedules: rotations drawn in local wall time, and overrides. `roster` computes who is on call."""

from django.core.validators import MinValueValidator
from django.db import models

from accounts.models import Team, User


class Schedule(models.Model):
    """Says who is on call at any moment: the highest layer that has someone wins, an override before all."""

    name = models.CharField(max_length=100, unique=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="schedules")
    time_zone = models.CharField(max_length=64, default="UTC", help_text="IANA name; hand-offs follow its wall clock.")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class RotationUnit(models.TextChoices):
    """The unit of a turn."""

    DAY = "d", "days"
    WEEK = "w", "weeks"


class Rotation(models.Model):
    """People in turn. Hand-off is every N days or weeks at the same local wall time as the start."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="rotations")
    name = models.CharField(max_length=100)
    layer = models.PositiveSmallIntegerField(default=1, help_text="The highest layer that has someone wins.")
    every_count = models.PositiveSmallIntegerField(default=1, validators=[MinValueValidator(1)])
    every_unit = models.CharField(max_length=1, choices=RotationUnit.choices, default=RotationUnit.WEEK)
    start_date = models.DateField(help_text="First day, in the schedule's time zone.")
    handoff_time = models.TimeField(help_text="Wall time of every hand-off, in the schedule's time zone.")
    people: "models.ManyToManyField[User, RotationMember]" = models.ManyToManyField(
        User, through="RotationMember", related_name="rotations"
    )

    class Meta:
        ordering = ["schedule__name", "-layer", "name"]
        constraints = [
            models.UniqueConstraint(name="rotation_name_once", fields=["schedule", "name"]),
            models.CheckConstraint(name="rotation_turn_is_positive", condition=models.Q(every_count__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.schedule}: {self.name}"


class RotationMember(models.Model):
    """One person's place in the turn order."""

    rotation = models.ForeignKey(Rotation, on_delete=models.CASCADE, related_name="members")
    position = models.PositiveSmallIntegerField()
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="rotation_places")

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(name="rotation_place_once", fields=["rotation", "position"])]

    def __str__(self) -> str:
        return f"{self.position}: {self.user}"


class Override(models.Model):
    """For this stretch of time this person is on call, whatever the rotations say."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="overrides")
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="overrides")
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()

    class Meta:
        ordering = ["start_at"]
        constraints = [
            models.CheckConstraint(
                name="override_ends_after_start", condition=models.Q(end_at__gt=models.F("start_at"))
            ),
            models.UniqueConstraint(name="override_once", fields=["schedule", "person", "start_at"]),
        ]
        indexes = [models.Index(name="override_by_time", fields=["schedule", "end_at"])]

    def __str__(self) -> str:
        return f"{self.person} {self.start_at:%Y-%m-%d %H:%M} to {self.end_at:%Y-%m-%d %H:%M}"
