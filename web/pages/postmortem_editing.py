"""Writing a postmortem: the editor, its preview, and the page that shows what somebody else saved meanwhile."""

from difflib import unified_diff
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Role
from core import markdown
from core.errors import Invalid
from postmortems import editing, export
from postmortems.models import Postmortem
from web.forms.postmortems import TextForm
from web.pages.access import page, reader


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.RESPONDER)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The editor. Its button “Preview” answers the same page with the text as it will read."""
    shown = _found(pk)
    if not shown.is_editable:
        raise editing.AlreadyApproved("It is approved and no longer edited. A manager can reopen it.")
    if request.method != "POST":
        form = TextForm(initial={"title": shown.title, "body": shown.body, "version": shown.version})
        return _editor(request, shown, form)
    form = TextForm(request.POST)
    if not form.is_valid():
        return _editor(request, shown, form, status=422)
    if "preview" in request.POST:
        return _editor(request, shown, form, preview=_as_it_reads(shown, form))
    return _save(request, shown, form)


@require_POST
@page(Role.RESPONDER)
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The text as it will read, to be put beside the editor."""
    shown, form = _found(pk), TextForm(request.POST)
    document = _as_it_reads(shown, form) if form.is_valid() else ""
    return render(request, "postmortems/preview.html", {"preview": document, "form": form})


def _save(request: HttpRequest, shown: Postmortem, form: TextForm) -> HttpResponse:
    wish = form.cleaned_data
    try:
        editing.edit(shown.pk, by=reader(request), version=wish["version"], title=wish["title"], body=wish["body"])
    except Invalid as problem:
        for name, text in problem.fields.items():
            form.add_error(name, text)
        return _editor(request, shown, form, status=422)
    except editing.Stale as conflict:
        return _conflict(request, conflict, wish)
    messages.success(request, "Saved.")
    return HttpResponseRedirect(shown.get_absolute_url())


def _conflict(request: HttpRequest, conflict: editing.Stale, wish: dict[str, Any]) -> HttpResponse:
    """Both texts: hers in the editor, on top of the new version, and what was saved meanwhile beside it."""
    current = conflict.current
    mine = wish["body"].replace("\r\n", "\n")
    form = TextForm(initial={"title": wish["title"], "body": mine, "version": current.version})
    difference = unified_diff(current.body.splitlines(), mine.splitlines(), "saved", "yours", lineterm="", n=2)
    context = {"conflict": str(conflict), "current": current, "difference": [_marked(line) for line in difference][2:]}
    return _editor(request, current, form, status=409, **context)


def _marked(line: str) -> tuple[str, str]:
    kinds = {"+": "yours", "-": "saved", "@": "place"}
    return kinds.get(line[:1], "same"), line


def _editor(request: HttpRequest, shown: Postmortem, form: TextForm, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {"postmortem": shown, "form": form, **more}
    return render(request, "postmortems/edit.html", context, status=status)


def _as_it_reads(shown: Postmortem, form: TextForm) -> str:
    # Never saved: only its text is shown.
    shown.body = form.cleaned_data["body"]
    return markdown.html(export.text(shown))


def _found(pk: int) -> Postmortem:
    return get_object_or_404(Postmortem.objects.select_related("incident__service", "owner", "updated_by"), pk=pk)
