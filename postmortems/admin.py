"""Where managers review: the queue, the document as it reads, approval or a request for changes; and templates."""

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, Max, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.enums import ActionVariant

from accounts.administration import RecordAdmin, RecordTabular, RoleAdmin, action, display, is_at_least
from accounts.models import Role, User
from core import markdown
from core.errors import DomainError
from incidents.actor import Via
from postmortems import action_items, export, review
from postmortems.admin_forms import ActionItemForm, ChangesForm, CommentForm, TemplateForm
from postmortems.models import ActionItem, Postmortem, Review, Template
from postmortems.states import Move, MoveNotAllowed, Status, after

_STATUS_COLOURS = {"In review": "warning", "Changes requested": "info", "Approved": "success"}
_ITEM_COLOURS = {"overdue": "danger", "open": "info", "done": "success"}


class ReviewInline(RecordTabular):
    """Who said what, when."""

    model = Review
    fields = ["at", "by", "move", "comment", "version"]
    readonly_fields = fields
    verbose_name_plural = "history of reviews"


class ActionItemInline(RecordTabular):
    """What is to be done. Each is changed on its own page, so that every change is recorded."""

    model = ActionItem
    fields = ["title", "owner", "due_on", "state"]
    readonly_fields = fields
    show_change_link = True

    @display("Status", label=_ITEM_COLOURS)
    def state(self, item: ActionItem) -> str:
        """Open, overdue, done."""
        return _state(item)


@admin.register(Postmortem)
class PostmortemAdmin(RecordAdmin):
    """The managers' queue. The text itself is edited where responders work."""

    compressed_fields = False
    list_display = ["title", "service", "owner", "shown_status", "asked_at", "items"]
    list_filter = ["status", "incident__service__team", "owner"]
    search_fields = ["title", "body", "=incident__id"]
    inlines = [ActionItemInline, ReviewInline]
    actions_detail = ["approve", "request_changes", "reopen", "download"]
    fields = ["standing", "document"]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Postmortem]:
        """With what the list shows."""
        found: QuerySet[Postmortem] = super().get_queryset(request)
        items = ActionItem.objects.select_related("owner")
        return (
            found.select_related("incident__service", "owner")
            .prefetch_related(Prefetch("action_items", items))
            .annotate(
                asked_at=Max("reviews__at", filter=Q(reviews__move=Move.ASK_FOR_REVIEW)),
                open_items=Count("action_items", filter=Q(action_items__status="open"), distinct=True),
            )
        )

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The buttons carry the version that is shown: nobody approves a text she has not read."""
        response: HttpResponse = super().changeform_view(request, object_id, form_url, extra_context)
        context = getattr(response, "context_data", None) or {}
        shown = context.get("original")
        if isinstance(response, TemplateResponse) and shown is not None:
            for button in context.get("actions_detail", []):
                button["path"] += f"?version={shown.version}"
        return response

    @display("Service", ordering="incident__service__name")
    def service(self, postmortem: Postmortem) -> str:
        """The incident's."""
        return postmortem.incident.service.name

    @display("Status", ordering="status", label=_STATUS_COLOURS)
    def shown_status(self, postmortem: Postmortem) -> str:
        """As a label."""
        return postmortem.status_label

    @display("Review asked", ordering="asked_at")
    def asked_at(self, postmortem: Any) -> Any:
        """When it was last put before the managers."""
        return postmortem.asked_at

    @display("Open items", ordering="open_items")
    def items(self, postmortem: Any) -> int:
        """How many."""
        return int(postmortem.open_items)

    @display("")
    def standing(self, postmortem: Postmortem) -> SafeString:
        """Where it stands, and the ways to the incident and to the writer's page."""
        return format_html(
            '<p class="standing">{}, version {}, by {}. <a class="text-link" href="{}">Incident #{}</a> · '
            '<a class="text-link" href="{}">Writer’s page</a></p>',
            postmortem.status_label,
            postmortem.version,
            postmortem.owner.shown_name,
            postmortem.incident.get_absolute_url(),
            postmortem.incident_id,
            postmortem.get_absolute_url(),
        )

    @display("")
    def document(self, postmortem: Postmortem) -> SafeString:
        """As it reads."""
        return format_html('<article class="document">{}</article>', markdown.html(export.text(postmortem)))

    def has_approve_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Managers, while it lies before them; not the one who wrote it."""
        return _may(request, object_id, Move.APPROVE)

    def has_request_changes_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Managers, while it lies before them."""
        return _may(request, object_id, Move.REQUEST_CHANGES)

    def has_reopen_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Managers, once it is approved."""
        return _may(request, object_id, Move.REOPEN)

    @action(
        "Approve",
        icon="check",
        variant=ActionVariant.SUCCESS,
        permissions=["approve"],
        dialog={
            "title": "Approve this postmortem",
            "description": "It is closed for editing from then on. Its action items stay open to change.",
            "form_class": CommentForm,
            "form_submit_text": "Approve",
        },
    )
    def approve(self, request: HttpRequest, form: CommentForm, object_id: str) -> HttpResponse:
        """Close it."""
        return self._move(request, form, object_id, Move.APPROVE)

    @action(
        "Request changes",
        icon="edit_note",
        variant=ActionVariant.WARNING,
        permissions=["request_changes"],
        dialog={
            "title": "Request changes",
            "description": "It goes back to its writer with your comment.",
            "form_class": ChangesForm,
            "form_submit_text": "Request changes",
        },
    )
    def request_changes(self, request: HttpRequest, form: CommentForm, object_id: str) -> HttpResponse:
        """Hand it back."""
        return self._move(request, form, object_id, Move.REQUEST_CHANGES)

    @action(
        "Reopen",
        icon="lock_open",
        permissions=["reopen"],
        dialog={
            "title": "Reopen this postmortem",
            "description": "It becomes a draft again and needs a new review.",
            "form_class": CommentForm,
            "form_submit_text": "Reopen",
        },
    )
    def reopen(self, request: HttpRequest, form: CommentForm, object_id: str) -> HttpResponse:
        """Make it a draft again."""
        return self._move(request, form, object_id, Move.REOPEN)

    @action("Markdown", icon="download", permissions=["view"])
    def download(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The whole document."""
        assert isinstance(request.user, User)
        postmortem = Postmortem.objects.get(pk=object_id)
        text = export.markdown(postmortem, time_zone=request.user.time_zone)
        disposition = f'attachment; filename="{export.file_name(postmortem)}"'
        return HttpResponse(
            text, content_type="text/markdown; charset=utf-8", headers={"Content-Disposition": disposition}
        )

    def _move(self, request: HttpRequest, form: CommentForm, object_id: str, what: Move) -> HttpResponse:
        assert isinstance(request.user, User)
        comment = form.cleaned_data["comment"]
        version = request.GET.get("version", "")
        try:
            review.move(
                int(object_id),
                what,
                by=request.user,
                via=Via.ADMIN,
                comment=comment,
                version=int(version) if version.isdecimal() else None,
            )
            messages.success(request, f"{what.label}.")
        except DomainError as refusal:
            messages.error(request, str(refusal))
        return self.finished(request, reverse("admin:postmortems_postmortem_change", args=[object_id]))


@admin.register(ActionItem)
class ActionItemAdmin(RoleAdmin):
    """What is to be done so that it does not happen again."""

    role_to_add = Role.MANAGER
    role_to_change = Role.MANAGER
    role_to_delete = None
    form = ActionItemForm
    list_display = ["title", "state", "owner", "due_on", "postmortem"]
    list_filter = ["status", "owner", "postmortem__incident__service__team"]
    list_select_related = ["owner", "postmortem"]
    search_fields = ["title"]
    autocomplete_fields = ["owner", "postmortem"]
    date_hierarchy = "due_on"
    fields = ["postmortem", "title", ("owner", "due_on"), "status"]

    def get_readonly_fields(self, request: HttpRequest, obj: ActionItem | None = None) -> list[str]:
        """It stays with its postmortem."""
        return ["postmortem"] if obj else []

    def save_model(self, request: HttpRequest, obj: ActionItem, form: Any, change: bool) -> None:
        """Through the verbs, so that the incident's timeline tells of it."""
        assert isinstance(request.user, User)
        if change:
            action_items.change(obj.pk, by=request.user, wish=form.wish(), via=Via.ADMIN)
        else:
            made = action_items.add(obj.postmortem_id, by=request.user, wish=form.wish(), via=Via.ADMIN)
            obj.pk = made.pk

    @display("Status", ordering="status", label=_ITEM_COLOURS)
    def state(self, item: ActionItem) -> str:
        """Open, overdue, done."""
        return _state(item)


@admin.register(Template)
class TemplateAdmin(RoleAdmin):
    """What a postmortem starts with."""

    role_to_add = Role.MANAGER
    role_to_change = Role.MANAGER
    form = TemplateForm
    list_display = ["name", "is_default"]
    fields = [("name", "is_default"), "text"]

    def save_model(self, request: HttpRequest, obj: Template, form: Any, change: bool) -> None:
        """There is one default."""
        with transaction.atomic():
            if obj.is_default:
                Template.objects.filter(is_default=True).exclude(pk=obj.pk).update(is_default=False)
            obj.save()


def _may(request: HttpRequest, object_id: str | None, what: Move) -> bool:
    if not is_at_least(request, Role.MANAGER) or object_id is None:
        return False
    postmortem = Postmortem.objects.filter(pk=object_id).first()
    if postmortem is None:
        return False
    is_own = postmortem.owner_id == request.user.pk and not is_at_least(request, Role.ADMIN)
    if what is Move.APPROVE and is_own:
        return False
    try:
        return after(Status(postmortem.status), what) is not None
    except MoveNotAllowed:
        return False


def _state(item: ActionItem) -> str:
    return "overdue" if item.is_overdue else item.get_status_display().lower()
