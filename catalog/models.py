"""What is run, who owns it, and how loudly its troubles are told."""

from django.db import models

from accounts.models import Team


class UrgencyRule(models.TextChoices):
    """How a service decides how loudly to notify."""

    HIGH = "high", "Always high"
    LOW = "low", "Always low"
    BY_SEVERITY = "by_severity", "By severity"


class Service(models.Model):
    """A thing that is owned and can break."""

    name = models.CharField(max_length=100, unique=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="services")
    urgency = models.CharField(max_length=16, choices=UrgencyRule.choices, default=UrgencyRule.BY_SEVERITY)
    description = models.TextField(blank=True)
    runbook_url = models.URLField(blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(name="service_urgency_is_known", condition=models.Q(urgency__in=UrgencyRule.values)),
        ]

    def __str__(self) -> str:
        return self.name
