"""People, teams and API keys in the admin."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.enums import ActionVariant
from unfold.forms import AdminPasswordChangeForm, BaseDialogForm, UserChangeForm, UserCreationForm

from accounts import api_keys
from accounts.administration import (
    ByManagers,
    RecordAdmin,
    RoleAdmin,
    RoleTabular,
    action,
    display,
    is_at_least,
    key_shown,
)
from accounts.models import ApiKey, Membership, Role, Scope, SignInAttempt, Team, User
from core import clock

# Roles are ours; Django's groups say nothing here.
admin.site.unregister(Group)


class MembershipInline(RoleTabular):
    """The teams of a person."""

    model = Membership
    autocomplete_fields = ["team"]
    verbose_name_plural = "teams"
    tab = True


class MemberInline(ByManagers, RoleTabular):
    """The people of a team."""

    model = Membership
    autocomplete_fields = ["user"]
    verbose_name_plural = "members"


class PersonForm(UserChangeForm):  # type: ignore[misc]  # unfold publishes no types
    """Changes a person; somebody must be left who can do everything."""

    class Meta:
        model = User
        fields = "__all__"

    def clean(self) -> dict[str, Any]:
        """Refuse to leave nobody in charge."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        stays = cleaned.get("is_active", self.instance.is_active) and cleaned.get("role") == Role.ADMIN
        if not stays and not User.objects.admins().exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("This is the last admin. Make somebody else an admin first.")
        return cleaned


class NewPersonForm(UserCreationForm):  # type: ignore[misc]  # unfold publishes no types
    """Makes a person, with or without a password."""

    class Meta:
        model = User
        fields = ("username",)


@admin.register(User)
class UserAdmin(RoleAdmin, DjangoUserAdmin):  # type: ignore[type-arg]  # generic for the checker only
    """People. They are switched off, not deleted: what they did stays in the records."""

    role_to_delete = None
    form = PersonForm
    add_form = NewPersonForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["shown_name", "username", "email", "shown_role", "time_zone", "is_active"]
    list_filter = ["role", "is_active", "memberships__team"]
    search_fields = ["username", "full_name", "email"]
    ordering = ["username"]
    filter_horizontal = ()
    readonly_fields = ["created_at", "last_login"]
    inlines: ClassVar[Any] = [MembershipInline]
    fieldsets = [
        (None, {"fields": [("username", "full_name"), ("email", "time_zone")]}),
        ("Role", {"fields": [("role", "is_active")]}),
        ("Signing in", {"fields": ["password", ("last_login", "created_at")]}),
    ]
    add_fieldsets = [
        (
            None,
            {
                "fields": [
                    ("username", "full_name"),
                    ("email", "time_zone"),
                    "role",
                    "usable_password",
                    "password1",
                    "password2",
                ]
            },
        ),
    ]

    @display("Role", ordering="role", label={"Admin": "danger", "Manager": "warning", "Responder": "info"})
    def shown_role(self, user: User) -> str:
        """As a label."""
        return user.get_role_display()

    def get_inlines(self, request: HttpRequest, obj: User | None = None) -> list[type[Any]]:
        """A person is made first; how she is reached is said on her page."""
        return list(self.inlines) if obj else []


@admin.register(Team)
class TeamAdmin(ByManagers, RoleAdmin):
    """Teams and their members."""

    list_display = ["name", "people", "services"]
    search_fields = ["name"]
    inlines = [MemberInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        """With the figures of the list."""
        counted: QuerySet[Team] = super().get_queryset(request)
        return counted.annotate(
            people=Count("memberships", distinct=True), service_count=Count("services", distinct=True)
        )

    @display("Members", ordering="people")
    def people(self, team: Any) -> int:
        """How many."""
        return int(team.people)

    @display("Services", ordering="service_count")
    def services(self, team: Any) -> int:
        """How many."""
        return int(team.service_count)


@admin.register(ApiKey)
class ApiKeyAdmin(RoleAdmin):
    """Keys of scripts. The text of a key is shown once, when it is made; a key is revoked, not deleted."""

    role_to_delete = None
    list_display = ["name", "user", "scope", "prefix", "last_used_at", "expires_at", "state"]
    list_filter = ["scope"]
    list_select_related = ["user"]
    search_fields = ["name", "user__username", "prefix"]
    autocomplete_fields = ["user"]
    actions_detail = ["revoke"]

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[Any]:
        """What can be said of a new key, and what is known of one."""
        if obj is None:
            return ["name", "user", "scope", "expires_at"]
        return ["name", ("user", "scope"), "prefix", "expires_at", ("created_at", "last_used_at"), "revoked_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[str]:
        """A key that is in use keeps its meaning."""
        return [] if obj is None else ["user", "scope", "prefix", "created_at", "last_used_at", "revoked_at"]

    @display("State", label={"live": "success", "expired": "warning", "revoked": "danger"})
    def state(self, key: ApiKey) -> str:
        """Whether it opens anything."""
        if key.revoked_at:
            return "revoked"
        return "expired" if key.expires_at and key.expires_at <= clock.now() else "live"

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        """Make the key where it is new; its text goes to `response_add` and nowhere else."""
        if change:
            obj.save(update_fields=["name", "expires_at"])
            return
        made, text = api_keys.create(name=obj.name, user=obj.user, scope=Scope(obj.scope))
        made.expires_at = obj.expires_at
        made.save(update_fields=["expires_at"])
        obj.pk = made.pk
        request.new_key = text  # type: ignore[attr-defined]  # lives as long as this request

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """Show the key, this once."""
        return key_shown(
            self,
            request,
            title=f"API key “{obj.name}”",
            key=request.new_key,  # type: ignore[attr-defined]  # set in save_model
            how=f"Authorization: Bearer {request.new_key}",  # type: ignore[attr-defined]
        )

    def has_revoke_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Admins, while it is not revoked."""
        if not is_at_least(request, Role.ADMIN) or object_id is None:
            return False
        return ApiKey.objects.filter(pk=object_id, revoked_at=None).exists()

    @action(
        "Revoke",
        icon="block",
        variant=ActionVariant.DANGER,
        permissions=["revoke"],
        dialog={
            "title": "Revoke this key?",
            "description": "Scripts that use it are refused from now on. It cannot be taken back.",
            "form_class": BaseDialogForm,
            "form_submit_text": "Revoke",
        },
    )
    def revoke(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Close the way in."""
        key = ApiKey.objects.get(pk=object_id)
        key.revoked_at = clock.now()
        key.save(update_fields=["revoked_at"])
        self.log_change(request, key, "Revoked.")
        messages.success(request, f"{key.name} is revoked.")
        return self.finished(request, reverse("admin:accounts_apikey_changelist"))


@admin.register(SignInAttempt)
class SignInAttemptAdmin(RecordAdmin):
    """Failed sign-ins, to see who is guessing."""

    role_to_view = Role.ADMIN
    list_display = ["at", "account", "address"]
    search_fields = ["account", "address"]
    ordering = ["-at"]
