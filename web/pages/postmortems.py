"""Postmortems for those who write them: the list, the document, drafting, asking for review, taking it away."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Role
from catalog.models import Service
from core import markdown
from core.errors import DomainError
from incidents.actor import Via
from incidents.models import Incident
from postmortems import drafting, export, reading, review
from postmortems.models import Postmortem
from postmortems.states import Move, MoveNotAllowed, Status, after
from web.forms.postmortems import ActionItemForm, CommentForm
from web.pages.access import page, reader
from web.reading import before as place_before
from web.reading import keyset

_SHOWN = ("incident__service__team", "owner", "approved_by", "updated_by")
_TABS = [("", "All"), *((status.value, status.label) for status in Status)]


@require_safe
@page()
def postmortem_list(request: HttpRequest) -> HttpResponse:
    """Every postmortem, newest first."""
    params = request.GET.dict()
    found = keyset(reading.postmortems(reader(request), params), place_before(params.get("before", "")))
    context = {
        "rows": found.rows,
        "older": found.older,
        "params": params,
        "tabs": [(value, label, value == params.get("status", "")) for value, label in _TABS],
        "services": Service.objects.order_by("name").values_list("name", flat=True),
    }
    return render(request, "postmortems/list.html", context)


@require_safe
@page()
def postmortem(request: HttpRequest, pk: int) -> HttpResponse:
    """The document as it reads, what reviewers said, and what is to be done."""
    shown = _found(request, pk)
    context = {
        "postmortem": shown,
        "document": markdown.html(export.text(shown)),
        "reviews": shown.reviews.select_related("by").order_by("-id"),
        "items": reading.action_items(reader(request), {"postmortem": str(pk)}),
        "may_ask": _may_ask(shown),
        "item_form": ActionItemForm(prefix="new"),
        "comment_form": CommentForm(),
    }
    return render(request, "postmortems/postmortem.html", context)


@require_POST
@page(Role.RESPONDER)
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """The incident's postmortem, made from its timeline where it has none."""
    try:
        made = drafting.draft(pk, by=reader(request), via=Via.WEB)
    except Incident.DoesNotExist:
        raise Http404(f"There is no incident #{pk}.") from None
    return HttpResponseRedirect(made.get_absolute_url())


@require_POST
@page(Role.RESPONDER)
def ask_for_review(request: HttpRequest, pk: int) -> HttpResponse:
    """Put it before the managers."""
    shown = _found(request, pk)
    form = CommentForm(request.POST)
    comment = form.cleaned_data["comment"] if form.is_valid() else ""
    try:
        review.ask_for_review(pk, by=reader(request), via=Via.WEB, comment=comment)
        messages.success(request, "It lies before the managers now.")
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return HttpResponseRedirect(shown.get_absolute_url())


@require_safe
@page()
def export_markdown(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole document, to be kept elsewhere."""
    shown = _found(request, pk)
    return HttpResponse(
        export.markdown(shown, time_zone=reader(request).time_zone),
        content_type="text/markdown; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{export.file_name(shown)}"'},
    )


def _found(request: HttpRequest, pk: int) -> Postmortem:
    visible = Postmortem.objects.visible_to(reader(request)).select_related(*_SHOWN)
    return get_object_or_404(visible, pk=pk)


def _may_ask(shown: Postmortem) -> bool:
    try:
        return after(Status(shown.status), Move.ASK_FOR_REVIEW) is not None
    except MoveNotAllowed:
        return False
