"""Integrations and their routes in the admin: made and changed by managers, with the key shown once."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm

from accounts.administration import RoleAdmin, RoleStacked, action, display, is_at_least, key_shown
from accounts.models import Role
from alerts.integrations import keys
from alerts.integrations.admin_forms import IntegrationForm, RouteForm, RouteRows, grouping_of
from alerts.models import Integration, Route
from alerts.parsing.source import sources
from alerts.receiving.letters import hashed
from core import markdown

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
