"""Messages and the alerts they were understood to tell of, in the admin: looked at only."""

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm

from accounts.administration import RecordAdmin, RecordTabular, action, display, is_at_least
from accounts.models import Role
from alerts.heartbeats import admin as heartbeats_admin  # noqa: F401  they register their own
from alerts.integrations import admin as integrations_admin  # noqa: F401  they register their own
from alerts.models import Alert, Event, EventStatus
from alerts.muting import admin as mute_admin  # noqa: F401  they register their own
from alerts.parsing.mend import clean_text, decode
from alerts.pipeline import quarantine
from core.errors import DomainError
from incidents.admin import IncidentAdmin

_MOST_SHOWN = 100_000  # bytes of a message's body


@admin.register(Event)
class EventAdmin(RecordAdmin):
    """Raw messages. Those that could not be read lie in quarantine until the mapping is mended."""

    list_display = ["received_at", "integration", "shown_status", "reason", "problem", "body_size"]
    list_filter = ["status", "integration"]
    list_select_related = ["integration"]
    search_fields = ["=id"]
    fieldsets = [
        (
            None,
            {"fields": [("integration", "source"), ("received_at", "processed_at"), ("status", "reason"), "problem"]},
        ),
        ("Understood as", {"fields": ["understood_as", "marks"]}),
        ("As it came", {"fields": [("content_type", "body_size"), "query", "shown_headers", "shown_body"]}),
    ]
    readonly_fields = ["understood_as", "shown_headers", "shown_body"]
    actions_detail = ["replay"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        """Lists need no bodies: they may be large."""
        found: QuerySet[Event] = super().get_queryset(request)
        match = request.resolver_match
        return found if match and "object_id" in match.kwargs else found.defer("body", "headers", "understood")

    @display(
        "Status",
        ordering="status",
        label={"Processed": "success", "Quarantined": "danger", "Received": "info"},
    )
    def shown_status(self, event: Event) -> str:
        """As a label."""
        return event.get_status_display()

    @display("Alerts")
    def understood_as(self, event: Event) -> SafeString:
        """What this message was understood to tell of."""
        return _pretty(event.understood)

    @display("Headers")
    def shown_headers(self, event: Event) -> SafeString:
        """Those that were kept."""
        return _pretty(event.headers or {})

    @display("Body")
    def shown_body(self, event: Event) -> SafeString:
        """As text, whatever it was."""
        body = bytes(event.body)
        try:
            text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            text = decode(body)[0]
        text = clean_text(text)[0]  # half a character may stand in JSON, and cannot be sent
        more = f"\n… {len(text) - _MOST_SHOWN} more characters" if len(text) > _MOST_SHOWN else ""
        return format_html('<pre class="message">{}{}</pre>', text[:_MOST_SHOWN], more)

    def has_replay_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Managers, for what lies in quarantine."""
        if not is_at_least(request, Role.MANAGER) or object_id is None:
            return False
        return Event.objects.filter(pk=object_id, status=EventStatus.QUARANTINED).exists()

    @action(
        "Replay",
        icon="replay",
        variant=ActionVariant.PRIMARY,
        permissions=["replay"],
        dialog={
            "title": "Read this message again?",
            "description": "It is read, routed and grouped as if it came now. Mend the integration's mapping first.",
            "form_class": BaseDialogForm,
            "form_submit_text": "Replay",
        },
    )
    def replay(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Put it back in front of the pipeline."""
        try:
            quarantine.replay(int(object_id))
            messages.success(request, "It is being read again; reload to see what became of it.")
        except DomainError as refusal:
            messages.error(request, str(refusal))
        return self.finished(request, reverse("admin:alerts_event_change", args=[object_id]))


def _pretty(value: Any) -> SafeString:
    return format_html('<pre class="message">{}</pre>', json.dumps(value, indent=2, ensure_ascii=False))


class AlertInline(RecordTabular):
    """The alerts of an incident."""

    model = Alert
    fields = ["title", "severity", "status", "count", "first_seen_at", "last_seen_at", "resolved_at"]
    readonly_fields = fields
    show_change_link = True
    tab = True


IncidentAdmin.also_show(AlertInline)


@admin.register(Alert)
class AlertAdmin(RecordAdmin):
    """Conditions, deduplicated."""

    list_display = ["title", "shown_status", "shown_severity", "service", "incident", "count", "last_seen_at"]
    list_filter = ["status", "severity", "integration", "service"]
    list_select_related = ["service", "incident"]
    search_fields = ["title", "=dedup_key"]
    fieldsets = [
        (None, {"fields": ["title", ("status", "severity"), ("integration", "service", "incident"), "description"]}),
        (
            "Seen",
            {"fields": [("count", "first_seen_at", "last_seen_at"), ("started_at", "resolved_at"), "last_event_id"]},
        ),
        ("Why here", {"fields": ["dedup_key", "group_key", "shown_reasons"]}),
        ("As told", {"fields": ["shown_labels", "shown_annotations"]}),
    ]
    readonly_fields = ["shown_reasons", "shown_labels", "shown_annotations"]

    @display(
        "Status",
        ordering="status",
        label={"Firing": "danger", "Acknowledged at the source": "warning", "Resolved": "success"},
    )
    def shown_status(self, alert: Alert) -> str:
        """As a label."""
        return alert.get_status_display()

    @display(
        "Severity",
        ordering="severity",
        label={"Critical": "danger", "Error": "danger", "Warning": "warning", "Info": "info"},
    )
    def shown_severity(self, alert: Alert) -> str | None:
        """As a label."""
        return alert.get_severity_display() if alert.severity else None

    @display("Decisions")
    def shown_reasons(self, alert: Alert) -> SafeString:
        """Each by name, and why."""
        return _pretty(alert.reasons)

    @display("Labels")
    def shown_labels(self, alert: Alert) -> SafeString:
        """For routing."""
        return _pretty(alert.labels)

    @display("Annotations")
    def shown_annotations(self, alert: Alert) -> SafeString:
        """For people."""
        return _pretty(alert.annotations)
