"""Silences, maintenance windows and inhibition rules in the admin.

Silences are looked at here; they are made where responders work.
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts.administration import RecordAdmin, RoleAdmin, display
from accounts.models import Role
from alerts.muting import inhibition, matchers, silences, windows
from alerts.muting.inhibition import RuleWish
from alerts.muting.matchers import known
from alerts.muting.models import InhibitionRule, MaintenanceWindow, Silence
from alerts.muting.windows import WindowWish
from core.errors import Invalid

_HOW = 'One a line, as Alertmanager writes them: alertname="DiskFull", instance=~"db-.*".'
_STATES = {"Active": "success", "Pending": "info", "Expired": "warning"}


class MatchersField(forms.CharField):
    """Matchers, one a line."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3, "placeholder": 'alertname="DiskFull"'})

    def __init__(self, **more: Any) -> None:
        super().__init__(**{"help_text": _HOW, **more})

    def prepare_value(self, value: Any) -> Any:
        """A list as lines."""
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        """Refuses what is none, in words."""
        text = super().clean(value)
        try:
            return silences.checked([text]) if text else []
        except Invalid as problem:
            raise forms.ValidationError(str(problem)) from None


class WindowForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A window that is on at some time, and mutes something."""

    matchers = MatchersField(required=False)

    class Meta:
        model = MaintenanceWindow
        fields = [
            *("name", "comment", "start_date", "start_time", "duration", "time_zone", "recurrence"),
            *("services", "integrations", "matchers", "is_active"),
        ]
        widgets = {"recurrence": UnfoldAdminTextInputWidget(attrs={"placeholder": "FREQ=WEEKLY;BYDAY=SU"})}

    def clean(self) -> dict[str, Any]:
        """As everywhere."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors or "name" not in cleaned:
            return cleaned
        start, at = cleaned["start_date"], cleaned["start_time"]
        wish = WindowWish(
            name=cleaned["name"],
            starts=windows.combined(start, at),
            duration=cleaned["duration"],
            time_zone=cleaned["time_zone"],
            recurrence=cleaned["recurrence"],
            comment=cleaned["comment"],
        )
        for field, problem in windows.check(wish).items():
            self.add_error("start_date" if field == "starts" else field, problem)
        if not (cleaned.get("services") or cleaned.get("integrations") or cleaned.get("matchers")):
            self.add_error("services", windows.NO_SCOPE)
        for field, problem in windows.lost_scope(self.instance).items():
            if cleaned.get("is_active") and not cleaned.get(field):
                self.add_error(field, problem)
        return cleaned


@admin.register(MaintenanceWindow)
class WindowAdmin(RoleAdmin):
    """Planned work, once or again and again."""

    role_to_add = Role.MANAGER
    role_to_change = Role.MANAGER
    role_to_delete = Role.MANAGER
    form = WindowForm
    list_display = ["name", "shown_on", "recurrence", "time_zone", "occurrence_starts_at", "occurrence_ends_at"]
    list_filter = ["is_active", "services"]
    search_fields = ["name", "comment"]
    autocomplete_fields = ["services", "integrations"]
    fieldsets = [
        (None, {"fields": [("name", "is_active"), "comment"]}),
        ("When", {"fields": [("start_date", "start_time"), ("duration", "time_zone"), "recurrence"]}),
        ("What it mutes", {"fields": [("services", "integrations"), "matchers"]}),
    ]

    @display("Now", label={"On": "success", "Off": "info"})
    def shown_on(self, window: MaintenanceWindow) -> str:
        """As a label."""
        return "On" if window.is_on else "Off"

    def save_model(self, request: HttpRequest, obj: MaintenanceWindow, form: Any, change: bool) -> None:
        """With its owner and its next occurrence."""
        if not change:
            obj.created_by = request.user.get_username()
        given = form.cleaned_data
        windows.place_anew(obj, services=bool(given["services"]), integrations=bool(given["integrations"]))
        super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: MaintenanceWindow) -> None:
        """With whatever it mutes."""
        windows.delete(obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: "models.QuerySet[MaintenanceWindow]") -> None:
        """Each."""
        for window in queryset:
            windows.delete(window.pk)


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A rule with both sides."""

    source_matchers = MatchersField(label="While an alert fires that matches")
    target_matchers = MatchersField(label="those page nobody that match")

    class Meta:
        model = InhibitionRule
        fields = ["name", "source_matchers", "target_matchers", "equal", "is_active"]
        widgets = {"equal": UnfoldAdminTextInputWidget(attrs={"placeholder": "cluster, region"})}


@admin.register(InhibitionRule)
class RuleAdmin(RoleAdmin):
    """Which alerts mute which others while they fire."""

    role_to_add = Role.MANAGER
    role_to_change = Role.MANAGER
    role_to_delete = Role.MANAGER
    form = RuleForm
    list_display = ["name", "source_matchers", "target_matchers", "equal", "is_active"]
    search_fields = ["name"]
    fieldsets = [(None, {"fields": [("name", "is_active"), ("source_matchers", "target_matchers"), "equal"]})]

    def save_model(self, request: HttpRequest, obj: InhibitionRule, form: Any, change: bool) -> None:
        """By its verb, which finds its sources."""
        wish = RuleWish(
            name=obj.name,
            source_matchers=obj.source_matchers,
            target_matchers=obj.target_matchers,
            equal=obj.equal or [],
            is_active=obj.is_active,
        )
        obj.pk = (inhibition.change(obj.pk, wish) if change else inhibition.create(wish)).pk

    def delete_model(self, request: HttpRequest, obj: InhibitionRule) -> None:
        """With whatever it mutes."""
        inhibition.delete(obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: "models.QuerySet[InhibitionRule]") -> None:
        """Each."""
        for rule in queryset:
            inhibition.delete(rule.pk)


@admin.register(Silence)
class SilenceAdmin(RecordAdmin):
    """Who muted what, until when and why."""

    list_display = ["id", "shown_matchers", "shown_state", "created_by", "starts_at", "ends_at", "comment"]
    list_filter = ["service", "integration"]
    search_fields = ["comment", "created_by", "=id"]
    fieldsets = [
        (None, {"fields": ["shown_matchers", ("service", "integration"), "comment"]}),
        ("When", {"fields": [("starts_at", "ends_at"), ("created_by", "ended_by")]}),
    ]
    readonly_fields = ["shown_matchers"]

    @display("Matchers")
    def shown_matchers(self, silence: Silence) -> str:
        """As people write them."""
        return ", ".join(matchers.written(known(tuple(silence.matchers))))

    @display("State", label=_STATES)
    def shown_state(self, silence: Silence) -> str:
        """As a label."""
        return str(silence.state.label)
