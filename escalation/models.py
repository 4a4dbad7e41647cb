"""Escalation policies, the immutable versions that runs follow, and the runs themselves."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from accounts.models import Team, User
from catalog.models import Service
from core import clock
from incidents.models import Incident
from oncall.models import Schedule


class Policy(models.Model):
    """Who is paged in which order. Its content is in versions, so that a running escalation never changes."""

    name = models.CharField(max_length=100, unique=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="policies")

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return self.name


class PolicyVersion(models.Model):
    """What a policy said from `created_at` on. Never edited; the highest number is current."""

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    repeat = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(20)], help_text="Further passes after the first."
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["policy__name", "-number"]
        constraints = [models.UniqueConstraint(name="policy_version_once", fields=["policy", "number"])]

    def __str__(self) -> str:
        return f"{self.policy} v{self.number}"


class Step(models.Model):
    """One rung: page these, then wait so long for somebody to answer."""

    version = models.ForeignKey(PolicyVersion, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveSmallIntegerField(help_text="From 1.")
    wait = models.DurationField(help_text="How long until the next step.")

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(name="step_place_once", fields=["version", "number"])]

    def __str__(self) -> str:
        return f"{self.version}, step {self.number}"


class Target(models.Model):
    """Whom a step pages: a person, whoever is on call in a schedule, or a team's members."""

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="targets")
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    schedule = models.ForeignKey(Schedule, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="target_is_one_thing",
                condition=(
                    Q(user__isnull=False, schedule__isnull=True, team__isnull=True)
                    | Q(user__isnull=True, schedule__isnull=False, team__isnull=True)
                    | Q(user__isnull=True, schedule__isnull=True, team__isnull=False)
                ),
            ),
        ]

    def __str__(self) -> str:
        return str(self.user or self.schedule or self.team)


class Coverage(models.Model):
    """Which policy answers for a service. Here and not on the service, which knows nothing of escalation."""

    service = models.OneToOneField(Service, on_delete=models.CASCADE, related_name="coverage")
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="covers")

    class Meta:
        ordering = ["service__name"]
        verbose_name_plural = "coverage"

    def __str__(self) -> str:
        return f"{self.service}: {self.policy}"


class RunStatus(models.TextChoices):
    """Where a run stands."""

    RUNNING = "running", "Running"  # a further step is due at `due_at`
    EXHAUSTED = "exhausted", "Exhausted"  # every step of every pass was taken and nobody answered
    FINISHED = "finished", "Finished"  # does not escalate, and has paged those it had to
    STOPPED = "stopped", "Stopped"


class RunKind(models.TextChoices):
    """What a run follows."""

    POLICY = "policy", "A policy"
    LOW_URGENCY = "low_urgency", "Low urgency: notify once, do not escalate"
    DIRECT = "direct", "Assigned by hand: page these people, do not escalate"


class Run(models.Model):
    """One escalation of one incident. `version` fences late work: whatever carries an older one is void.

    `pass_number` and `next_step` name the place in the policy that is taken when `due_at` comes. Pass 0 is the
    fallback: there, step 1 is the team's managers and step 2 all admins.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="runs")
    policy_version = models.ForeignKey(PolicyVersion, null=True, on_delete=models.PROTECT, related_name="runs")
    kind = models.CharField(max_length=12, choices=RunKind.choices, default=RunKind.POLICY)
    people = models.ManyToManyField(User, blank=True, related_name="+", help_text="For a run assigned by hand.")
    status = models.CharField(max_length=10, choices=RunStatus.choices, default=RunStatus.RUNNING)
    start_reason = models.CharField(max_length=60, blank=True, help_text="Why it began, by name.")
    reason = models.CharField(max_length=60, blank=True, help_text="Why it ended, by name.")
    version = models.PositiveIntegerField(default=1)
    pass_number = models.PositiveSmallIntegerField(default=1)
    next_step = models.PositiveSmallIntegerField(default=1)
    found_anyone = models.BooleanField(default=False)
    due_at = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(name="run_live_once", fields=["incident"], condition=Q(status="running")),
            models.CheckConstraint(name="run_status_is_known", condition=Q(status__in=RunStatus.values)),
        ]
        indexes = [
            models.Index(name="run_due", fields=["due_at", "id"], condition=Q(status="running")),
            models.Index(name="run_of_incident", fields=["incident", "-id"]),
        ]

    def __str__(self) -> str:
        return f"{self.incident}: {self.status}"


class PagedPerson(models.Model):
    """One person chosen by one step, once. Remembers that none of her contact methods is left."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="paged")
    run_version = models.PositiveIntegerField()
    pass_number = models.PositiveSmallIntegerField()
    step_number = models.PositiveSmallIntegerField()
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    unreached_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "paged people"
        constraints = [
            models.UniqueConstraint(
                name="person_paged_once", fields=["run", "run_version", "pass_number", "step_number", "user"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} by step {self.step_number} of pass {self.pass_number}"
