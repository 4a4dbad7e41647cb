"""Escalation policies in the admin. Saving one writes a new version; versions are never edited."""

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from accounts.administration import ByManagers, RecordTabular, RoleAdmin, RoleStacked, display
from accounts.models import Role
from catalog.admin import ServiceAdmin
from core import durations
from escalation.models import Coverage, Policy, PolicyVersion, Run, Step
from escalation.policies import save_policy
from escalation.policy_form import PolicyForm
from incidents.admin import IncidentAdmin


class CoverageInline(ByManagers, RoleStacked):
    """Which policy answers for a service."""

    model = Coverage
    autocomplete_fields = ["policy"]
    verbose_name_plural = "who answers for it"


ServiceAdmin.also_show(CoverageInline)


class VersionInline(RecordTabular):
    """What the policy said and says."""

    model = PolicyVersion
    fields = ["number", "created_at", "repeat", "said"]
    readonly_fields = fields
    verbose_name_plural = "versions"
    per_page = 10

    def get_queryset(self, request: HttpRequest) -> QuerySet[PolicyVersion]:
        """The newest first, with their steps."""
        found: QuerySet[PolicyVersion] = super().get_queryset(request)
        steps = Step.objects.prefetch_related("targets__user", "targets__schedule", "targets__team").order_by("number")
        return found.prefetch_related(Prefetch("steps", steps)).order_by("-number")

    @display("Steps")
    def said(self, version: PolicyVersion) -> SafeString:
        """Each step on a line."""
        lines = [
            (step.number, ", ".join(str(target) for target in step.targets.all()), durations.write(step.wait))
            for step in version.steps.all()
        ]
        return format_html_join("", "<div>{}. {}, then wait {}</div>", lines)


class CoveredInline(RecordTabular):
    """The services a policy answers for."""

    model = Coverage
    fields = ["service"]
    readonly_fields = fields
    verbose_name_plural = "answers for"


@admin.register(Policy)
class PolicyAdmin(RoleAdmin):
    """Who is paged in which order. Escalations under way keep the version they began with."""

    role_to_add = Role.MANAGER
    role_to_change = Role.MANAGER
    form = PolicyForm
    list_display = ["name", "team", "version", "steps", "services"]
    list_filter = ["team"]
    list_select_related = ["team"]
    search_fields = ["name"]
    autocomplete_fields = ["team"]
    fieldsets = [(None, {"fields": [("name", "team"), "repeat"]})]
    inlines = [CoveredInline, VersionInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Policy]:
        """With what the list shows."""
        found: QuerySet[Policy] = super().get_queryset(request)
        services = Coverage.objects.select_related("service").order_by("service__name")
        return found.prefetch_related("versions__steps", Prefetch("covers", services))

    def get_inlines(self, request: HttpRequest, obj: Policy | None = None) -> list[type[Any]]:
        """A new policy has no past."""
        return list(self.inlines) if obj else []

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: bool) -> None:
        """A new version, where the content differs."""
        if change:
            obj.save(update_fields=["name", "team"])
        version = save_policy(name=obj.name, team=obj.team, repeat=form.cleaned_data["repeat"], steps=form.drafts())
        obj.pk = version.policy_id

    @display("Version")
    def version(self, policy: Policy) -> str:
        """The current one's number."""
        current = _current(policy)
        return f"v{current.number}" if current else "–"

    @display("Steps")
    def steps(self, policy: Policy) -> str:
        """How many, and how often again."""
        current = _current(policy)
        if current is None:
            return "none"
        again = f", {current.repeat} more times" if current.repeat else ""
        return f"{len(current.steps.all())}{again}"

    @display("Answers for")
    def services(self, policy: Policy) -> str:
        """Their names."""
        return ", ".join(each.service.name for each in policy.covers.all()) or "nothing"


def _current(policy: Policy) -> PolicyVersion | None:
    return max(policy.versions.all(), key=lambda version: version.number, default=None)


class RunInline(RecordTabular):
    """The escalations of an incident."""

    model = Run
    fields = ["started_at", "kind", "policy_version", "status", "reason", "pass_number", "next_step", "due_at"]
    readonly_fields = fields
    verbose_name_plural = "escalations"
    tab = True


IncidentAdmin.also_show(RunInline)
