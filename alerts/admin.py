"""Integrations, what they sent and what it was understood as, in the admin. Messages and alerts are looked at only."""

import json
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm

from accounts.administration import (
    RecordAdmin,
    RecordTabular,
    RoleAdmin,
    RoleStacked,
    action,
    display,
    is_at_least,
    key_shown,
)
from accounts.models import Role
from alerts.heartbeats import admin as heartbeats_admin  # noqa: F401  they register their own
from alerts.integrations import keys
from alerts.integrations.admin_forms import IntegrationForm, RouteForm, RouteRows, grouping_of
from alerts.models import Alert, Event, EventStatus, Integration, Route
from alerts.muting import admin as mute_admin  # noqa: F401  they register their own
from alerts.parsing.mend import clean_text, decode
from alerts.parsing.source import sources
from alerts.pipeline import quarantine
from alerts.receiving.letters import hashed
from core import markdown
from core.errors import DomainError
from incidents.admin import IncidentAdmin

_MOST_SHOWN = 100_000  # bytes of a message's body


_BEHAVIOUR: list[tuple[str, dict[str, Any]]] = [
    (
        "Grouping",
        {
            "fields": [
                ("grouping", "group_by"),
                "group_expression",
                ("group_window", "group_window_rolls"),
                ("hold", "reopen_within"),
                "storm_after",
            ]
        },
    ),
    ("What ends by itself", {"fields": ["resolve_after", ("flap_changes", "flap_window")]}),
]


class RouteInline(RoleStacked):
    """Which service a message is about."""

    model = Route
    form = RouteForm
    formset = RouteRows
    fields = [
        ("service", "condition"),
        ("label", "operator", "value"),
        "hours",
        ("more_than", "within"),
        "position",
    ]
    ordering_field = "position"
    autocomplete_fields = ["service"]
    min_num = 1


@admin.register(Integration)
class IntegrationAdmin(RoleAdmin):
    """Where monitoring systems post to."""

    form = IntegrationForm
    list_display = ["name", "source", "key_prefix", "shown_secret", "is_active", "last_event_at"]
    list_filter = ["source", "is_active"]
    search_fields = ["name"]
    readonly_fields = ["key_prefix", "created_at", "last_event_at", "shown_mapping"]
    inlines = [RouteInline]
    actions_detail = ["rotate_key"]
    fieldsets = [
        (None, {"fields": [("name", "source"), "is_active", ("key_prefix", "last_event_at"), "shown_mapping"]}),
        ("Proof", {"fields": [("secret", "no_secret")]}),
        ("Mail", {"fields": ["mail_rules"], "classes": ["collapse"]}),
        *_BEHAVIOUR,
    ]
    add_fieldsets = [
        (None, {"fields": [("name", "source"), "secret"]}),
        *_BEHAVIOUR,
    ]

    @display("Mapping")
    def shown_mapping(self, integration: Integration) -> SafeString:
        """Which version is in use, and where its expressions are written."""
        text = f"Version {integration.mapping.number}" if integration.mapping else "None: as the source reads"
        return format_html('<a href="{}">{}</a>', reverse("web:mapping", args=[integration.pk]), text)

    @display("Secret")
    def shown_secret(self, integration: Integration) -> str:
        """Whether the sender must prove one."""
        return "yes" if integration.has_secret else "no"

    @display("Secret")
    def secret(self, integration: Integration) -> str:
        """For those who may only look; others have the form's field of this name."""
        return "The sender must prove one." if integration.has_secret else "None."

    @display("Remove the secret")
    def no_secret(self, integration: Integration) -> str:
        """For those who may only look."""
        return ""

    @display("Grouping")
    def grouping(self, integration: Integration) -> str:
        """For those who may only look; others have the form's field of this name."""
        return str(grouping_of(integration.group_by).label)

    def save_model(self, request: HttpRequest, obj: Integration, form: Any, change: bool) -> None:
        """Make the key of a new one; its text goes to `response_add` and nowhere else."""
        if not change:
            key = keys.new_key()
            obj.key_hash, obj.key_prefix = hashed(key), key[:4]
            request.new_key = key  # type: ignore[attr-defined]  # lives as long as this request
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: Integration, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the address with its key, this once."""
        return self._shown(request, obj, request.new_key)  # type: ignore[attr-defined]  # set in save_model

    def has_rotate_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Admins."""
        return is_at_least(request, Role.ADMIN)

    @action(
        "New key",
        icon="key",
        variant=ActionVariant.WARNING,
        permissions=["rotate"],
        dialog={
            "title": "Replace the key?",
            "description": "Senders that use the old key are refused from this moment, until they have the new one.",
            "form_class": BaseDialogForm,
            "form_submit_text": "Make a new key",
        },
    )
    def rotate_key(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Replace the key; the old one is dead at once."""
        integration = Integration.objects.get(pk=object_id)
        key = keys.new_key_for(integration)
        self.log_change(request, integration, "Made a new key.")
        return self._shown(request, integration, key)

    def _shown(self, request: HttpRequest, integration: Integration, key: str) -> HttpResponse:
        url = f"{settings.PUBLIC_URL}{keys.webhook_path(integration, key)}"
        source = sources.get(integration.source)
        text = source.set_up_text(url=url, base_url=settings.PUBLIC_URL, key=key) if source else ""
        title = f"Integration “{integration.name}”"
        return key_shown(self, request, title=title, key=key, how=url, note=markdown.html(text))


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
