"""Incidents and their timelines in the admin: looked at only. They are worked on where responders work."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.administration import RecordAdmin, RecordTabular, display
from incidents.models import Incident, TimelineEntry

_STATUS_COLOURS = {"Triggered": "danger", "Acknowledged": "warning", "Snoozed": "info", "Resolved": "success"}
_SEVERITY_COLOURS = {"Critical": "danger", "Error": "danger", "Warning": "warning", "Info": "info"}


class TimelineInline(RecordTabular):
    """What happened, in order."""

    model = TimelineEntry
    fk_name = "incident"
    fields = ["at", "text", "actor_name", "via", "reason"]
    readonly_fields = fields
    verbose_name_plural = "timeline"
    tab = True


@admin.register(Incident)
class IncidentAdmin(RecordAdmin):
    """Every incident with its timeline; apps above add deliveries and alerts."""

    list_display = ["shown_number", "title", "service", "shown_status", "urgency", "shown_severity", "created_at"]
    list_display_links = ["shown_number", "title"]
    list_filter = ["status", "urgency", "severity", "service__team", "service"]
    list_select_related = ["service"]
    search_fields = ["=id", "title"]
    inlines = [TimelineInline]
    fieldsets = [
        (None, {"fields": ["title", ("service", "origin"), ("status", "urgency", "severity"), "page"]}),
        (
            "When",
            {
                "fields": [
                    ("created_at", "triggered_at"),
                    ("acknowledged_at", "acknowledged_by", "acknowledged_via"),
                    ("resolved_at", "resolved_by"),
                ]
            },
        ),
        (
            "How it was grouped",
            {"fields": ["group_key", ("alert_count", "firing_count"), ("merged_into", "previous"), "description"]},
        ),
    ]
    readonly_fields = ["page"]

    @display("Number", ordering="id")
    def shown_number(self, incident: Incident) -> str:
        """As people say it."""
        return f"#{incident.number}"

    @display("Status", ordering="status", label=_STATUS_COLOURS)
    def shown_status(self, incident: Incident) -> str:
        """As a label."""
        return incident.get_status_display()

    @display("Severity", ordering="severity", label=_SEVERITY_COLOURS)
    def shown_severity(self, incident: Incident) -> str | None:
        """As a label."""
        return incident.get_severity_display() if incident.severity else None

    @display("Responders' page")
    def page(self, incident: Incident) -> SafeString:
        """Where it is worked on."""
        return format_html('<a class="text-link" href="{}">Open #{}</a>', incident.get_absolute_url(), incident.number)
