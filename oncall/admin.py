"""Schedules in the admin: rotations with their people in order, and overrides."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin_forms import OrderedForm, OrderedRows
from accounts.administration import ByManagers, RoleAdmin, RoleStacked, RoleTabular, display
from accounts.models import Role
from core import clock
from oncall import roster
from oncall.models import Override, Rotation, RotationMember, Schedule


class MemberInline(ByManagers, RoleTabular):
    """People in turn order."""

    model = RotationMember
    form = OrderedForm
    formset = OrderedRows
    fields = ["position", "user"]
    ordering_field = "position"
    autocomplete_fields = ["user"]
    verbose_name = "person"
    verbose_name_plural = "people in turn"


class RotationInline(ByManagers, RoleStacked):
    """Rotations of a schedule."""

    model = Rotation
    inlines = [MemberInline]
    fields = [("name", "layer"), ("every_count", "every_unit"), ("start_date", "handoff_time")]


class OverrideForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A stretch of time; it must have a length."""

    class Meta:
        model = Override
        fields = ["schedule", "person", "start_at", "end_at"]

    def clean(self) -> dict[str, Any]:
        """Refuse an end before the start."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        start_at, end_at = cleaned.get("start_at"), cleaned.get("end_at")
        if start_at and end_at and end_at <= start_at:
            self.add_error("end_at", "It ends before it begins.")
        return cleaned


class OverrideInline(ByManagers, RoleStacked):
    """Overrides of a schedule that are not over."""

    model = Override
    form = OverrideForm
    fields = ["person", ("start_at", "end_at")]
    autocomplete_fields = ["person"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Override]:
        """Those that are over have a list of their own."""
        found: QuerySet[Override] = super().get_queryset(request)
        return found.filter(end_at__gt=clock.now())


@admin.register(Schedule)
class ScheduleAdmin(RoleAdmin):
    """Who is on call when."""

    role_to_add = Role.MANAGER
    role_to_change = Role.MANAGER
    list_display = ["name", "team", "time_zone", "now_on_call", "next_handoff"]
    list_filter = ["team"]
    list_select_related = ["team"]
    search_fields = ["name"]
    autocomplete_fields = ["team"]
    readonly_fields = ["now_on_call", "next_handoff"]
    fieldsets = [(None, {"fields": [("name", "team"), "time_zone", ("now_on_call", "next_handoff")]})]
    inlines = [RotationInline, OverrideInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Schedule]:
        """With what is drawn: a list asks no more of ten schedules than of one."""
        found: QuerySet[Schedule] = super().get_queryset(request)
        return found.prefetch_related(*roster.drawn(clock.now()))

    @display("On call now")
    def now_on_call(self, schedule: Schedule) -> str:
        """Their names."""
        if not schedule.pk:
            return "–"
        names = [each.user.shown_name for each in roster.on_call(schedule, clock.now())]
        return ", ".join(names) or "nobody"

    @display("Next hand-off")
    def next_handoff(self, schedule: Schedule) -> str:
        """In the reader's time zone."""
        at = roster.next_handoff(schedule, clock.now()) if schedule.pk else None
        return f"{timezone.localtime(at):%a %d %b %Y %H:%M}" if at else "–"


@admin.register(Override)
class OverrideAdmin(ByManagers, RoleAdmin):
    """One-off replacements, past and to come."""

    form = OverrideForm
    list_display = ["person", "schedule", "start_at", "end_at"]
    list_filter = ["schedule"]
    list_select_related = ["person", "schedule"]
    search_fields = ["person__username", "schedule__name"]
    autocomplete_fields = ["person", "schedule"]
    date_hierarchy = "start_at"
    fields = ["schedule", "person", ("start_at", "end_at")]
