"""What each role may do in the admin. Every app's `admin.py` builds on these classes, never on unfold's directly."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

from django.db import models
from django.db.models import Field, Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold import decorators
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.enums import ActionVariant
from unfold.paginator import InfinitePaginator

from accounts.admin_forms import DurationField, time_zone_field
from accounts.models import Role, User

Method = TypeVar("Method", bound=Callable[..., Any])


def display(
    description: str, *, ordering: str | None = None, label: Mapping[str, str] | None = None
) -> Callable[[Method], Method]:
    """A column or a read-only field. `label` gives its values colours."""

    def decorate(method: Method) -> Method:
        return cast("Method", decorators.display(description=description, ordering=ordering, label=label)(method))

    return decorate


def action(
    description: str,
    *,
    icon: str,
    permissions: Sequence[str],
    variant: ActionVariant = ActionVariant.DEFAULT,
    dialog: Mapping[str, Any] | None = None,
) -> Callable[[Method], Method]:
    """A button. What changes anything asks first, by a dialog: its form is what makes it a POST."""
    button = decorators.action(
        description=description, icon=icon, permissions=permissions, variant=variant, dialog=dialog
    )

    def decorate(method: Method) -> Method:
        return cast("Method", button(method))

    return decorate


def is_at_least(request: HttpRequest, role: Role | None) -> bool:
    """Whether the one who asks has this role. None is nobody's role."""
    user = request.user
    return role is not None and isinstance(user, User) and user.is_at_least(role)


class ByRole:
    """Permissions by role. Managers see all; what else they may is said class by class."""

    role_to_view: Role | None = Role.MANAGER
    role_to_add: Role | None = Role.ADMIN
    role_to_change: Role | None = Role.ADMIN
    role_to_delete: Role | None = Role.ADMIN
    formfield_overrides: Any = {
        models.URLField: {"assume_scheme": "https"},
        models.DurationField: {"form_class": DurationField},
    }

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        """Time zones are chosen, not typed."""
        if db_field.name == "time_zone":
            return time_zone_field(label="Time zone", help_text=db_field.help_text)
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]  # of unfold's classes

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Who may look."""
        return is_at_least(request, self.role_to_view)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Who may make new ones."""
        return is_at_least(request, self.role_to_add)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Who may change them."""
        return is_at_least(request, self.role_to_change)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Who may delete them."""
        return is_at_least(request, self.role_to_delete)


class ByManagers(ByRole):
    """What changes daily: managers do it."""

    role_to_add = Role.MANAGER
    role_to_change = Role.MANAGER
    role_to_delete = Role.MANAGER


class RoleAdmin(ByRole, ModelAdmin):  # type: ignore[misc]  # unfold publishes no types
    """One kind of thing in the admin."""

    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = True
    warn_unsaved_form = True
    compressed_fields = True

    @classmethod
    def also_show(cls, *inlines: type[Any]) -> None:
        """Apps above add here what they know of this thing: an import upwards would not be allowed."""
        cls.inlines = [*cls.inlines, *inlines]

    def finished(self, request: HttpRequest, url: str) -> HttpResponse:
        """Where an action's dialog leads, with JavaScript and without."""
        if request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Redirect": url})
        return HttpResponseRedirect(url)


class RecordAdmin(RoleAdmin):
    """What happened: looked at, never written. Lists may be long, so their rows are not counted."""

    role_to_add = None
    role_to_change = None
    role_to_delete = None
    paginator = InfinitePaginator
    warn_unsaved_form = False

    def get_actions(self, request: HttpRequest) -> dict[str, tuple[Callable[..., Any], str, str] | None]:
        """None: nothing is done to many records at once."""
        return {}


class RoleTabular(ByRole, TabularInline):  # type: ignore[misc]  # unfold publishes no types
    """Rows of a table under the thing they belong to."""

    extra = 0
    hide_title = True


class RoleStacked(ByRole, StackedInline):  # type: ignore[misc]  # unfold publishes no types
    """Boxes under the thing they belong to."""

    extra = 0


class RecordTabular(RoleTabular):
    """Rows that are looked at only, a page at a time."""

    role_to_add = None
    role_to_change = None
    role_to_delete = None
    per_page = 50
    can_delete = False
    show_change_link = False


def key_shown(
    model_admin: RoleAdmin, request: HttpRequest, *, title: str, key: str, how: str, note: str = ""
) -> HttpResponse:
    """The page that shows a key, once. Nothing keeps it: neither we nor the browser.

    `how` is the line to paste, `note` HTML that says where. In a dialog only the dialog's content is answered.
    """
    meta = model_admin.opts
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": meta,
        "title": title,
        "key": key,
        "how": how,
        "note": note,
        "back": reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"),
    }
    headers = {"Cache-Control": "no-store"}
    if not request.headers.get("HX-Request"):
        return TemplateResponse(request, "admin/key_shown.html", context, headers=headers)
    headers |= {"HX-Retarget": "#modal-content", "HX-Reselect": "#dialog", "HX-Reswap": "innerHTML"}
    return TemplateResponse(request, "admin/key_dialog.html", context, headers=headers)
