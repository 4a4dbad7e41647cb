"""Heartbeats in the admin: made and changed by managers, with the address to ping shown once."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm

from accounts.administration import ByManagers, RoleAdmin, action, display, is_at_least, key_shown
from accounts.models import Role
from alerts.heartbeats import verbs as heartbeats
from alerts.heartbeats.models import Heartbeat, HeartbeatState
from alerts.integrations import keys
from alerts.receiving.letters import hashed

_NOTE = "<p>Ping it by GET, HEAD or POST after each success, for example as the last command of a job.</p>"


@admin.register(Heartbeat)
class HeartbeatAdmin(ByManagers, RoleAdmin):
    """What ought to ping, and what is known of it."""

    list_display = ["name", "shown_state", "service", "integration", "period", "grace", "last_ping_at"]
    list_filter = ["state", "service", "integration"]
    list_select_related = ["service", "integration"]
    search_fields = ["name"]
    autocomplete_fields = ["service", "integration"]
    readonly_fields = ["shown_state", "state_since", "key_prefix", "last_ping_at", "due_at"]
    actions_detail = ["new_key", "pause", "resume"]
    _fields = [
        ("When", {"fields": [("period", "grace")]}),
        ("Whose", {"fields": [("service", "integration")]}),
        ("Its alert", {"fields": ["severity", "title", "description", "labels"]}),
    ]
    fieldsets = [
        (None, {"fields": ["name", ("shown_state", "state_since"), ("last_ping_at", "due_at"), "key_prefix"]}),
        *_fields,
    ]
    add_fieldsets = [(None, {"fields": ["name"]}), *_fields]

    @display(
        "State",
        ordering="state",
        label={"Alive": "success", "Missed": "danger", "Paused": "warning", "Waiting for its first ping": "info"},
    )
    def shown_state(self, heartbeat: Heartbeat) -> str:
        """As a label."""
        return heartbeat.get_state_display()

    def save_model(self, request: HttpRequest, obj: Heartbeat, form: Any, change: bool) -> None:
        """Write what has changed and nothing else: a ping may come meanwhile."""
        if change:
            heartbeats.change(obj.pk, **{name: form.cleaned_data[name] for name in form.changed_data})
            return
        key = keys.new_key()
        obj.key_hash, obj.key_prefix = hashed(key), key[:4]
        request.new_key = key  # type: ignore[attr-defined]  # lives as long as this request
        super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Heartbeat) -> None:
        """What it raised is resolved."""
        heartbeats.delete(obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """The same for several."""
        for heartbeat in queryset:
            heartbeats.delete(heartbeat.pk)

    def response_add(self, request: HttpRequest, obj: Heartbeat, post_url_continue: str | None = None) -> HttpResponse:
        """Show the address with its key, this once."""
        return self._shown(request, obj, request.new_key)  # type: ignore[attr-defined]  # set in save_model

    def has_manage_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Managers."""
        return is_at_least(request, Role.MANAGER)

    def has_pause_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Managers, for one that is not paused."""
        return self._is(object_id, paused=False) and is_at_least(request, Role.MANAGER)

    def has_resume_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Managers, for one that is paused."""
        return self._is(object_id, paused=True) and is_at_least(request, Role.MANAGER)

    @action(
        "New key",
        icon="key",
        variant=ActionVariant.WARNING,
        permissions=["manage"],
        dialog={
            "title": "Replace the key?",
            "description": "Pings with the old key are refused from this moment, and it will be missed.",
            "form_class": BaseDialogForm,
            "form_submit_text": "Make a new key",
        },
    )
    def new_key(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Replace the key; the old one is dead at once."""
        heartbeat = Heartbeat.objects.get(pk=object_id)
        key = heartbeats.new_key_for(heartbeat.pk)
        self.log_change(request, heartbeat, "Made a new key.")
        return self._shown(request, heartbeat, key)

    @action(
        "Pause",
        icon="pause",
        permissions=["pause"],
        dialog={
            "title": "Expect nothing of it for now?",
            "description": "It cannot be missed while it is paused. An alert it raised is resolved.",
            "form_class": BaseDialogForm,
            "form_submit_text": "Pause",
        },
    )
    def pause(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Expect nothing of it for now."""
        heartbeats.pause(int(object_id))
        self.log_change(request, Heartbeat.objects.get(pk=object_id), "Paused.")
        return self.finished(request, reverse("admin:alerts_heartbeat_change", args=[object_id]))

    @action(
        "Resume",
        icon="play_arrow",
        permissions=["resume"],
        dialog={
            "title": "Expect it again?",
            "description": "It has a whole period and its grace from now.",
            "form_class": BaseDialogForm,
            "form_submit_text": "Resume",
        },
    )
    def resume(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Expect it again."""
        heartbeats.resume(int(object_id))
        self.log_change(request, Heartbeat.objects.get(pk=object_id), "Resumed.")
        return self.finished(request, reverse("admin:alerts_heartbeat_change", args=[object_id]))

    def _is(self, object_id: str | None, *, paused: bool) -> bool:
        found = Heartbeat.objects.filter(pk=object_id or 0).values_list("state", flat=True).first()
        return found is not None and (found == HeartbeatState.PAUSED) == paused

    def _shown(self, request: HttpRequest, heartbeat: Heartbeat, key: str) -> HttpResponse:
        url = settings.PUBLIC_URL + heartbeats.ping_path(key)
        return key_shown(
            self, request, title=f"Heartbeat “{heartbeat.name}”", key=key, how=f"curl -fsS {url}", note=_NOTE
        )
