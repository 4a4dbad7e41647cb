"""Action items: the list over all postmortems, adding one, changing one."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Role
from core.errors import Invalid
from incidents.actor import Via
from postmortems import action_items, reading
from postmortems.models import ActionItem, Postmortem
from web.forms.postmortems import ActionItemForm, item_form
from web.pages.access import page, reader

_PAGE = 50
_TABS = [
    ("Open", {"status": "open"}),
    ("Overdue", {"overdue": "1"}),
    ("Done", {"status": "done"}),
    ("Won't do", {"status": "wont_do"}),
]


@require_safe
@page()
def item_list(request: HttpRequest) -> HttpResponse:
    """What is to be done, what is due first."""
    params = request.GET.dict()
    if not {"status", "overdue"} & set(params):
        params["status"] = "open"
    found = Paginator(reading.action_items(reader(request), params), _PAGE).get_page(params.get("page"))
    tabs = [(label, _query(wish, params), _is_here(wish, params)) for label, wish in _TABS]
    context = {"found": found, "params": params, "tabs": tabs, "is_mine": reading.is_wished(params, "mine")}
    return render(request, "postmortems/action_items.html", context)


@require_POST
@page(Role.RESPONDER)
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """A new item of this postmortem."""
    postmortem = get_object_or_404(Postmortem, pk=pk)
    form = ActionItemForm(request.POST, prefix="new")
    if form.is_valid():
        try:
            action_items.add(pk, by=reader(request), wish=form.wish(), via=Via.WEB)
            messages.success(request, "Added.")
        except Invalid as problem:
            messages.error(request, str(problem))
    else:
        messages.error(request, "; ".join(f"{form[name].label}: {texts[0]}" for name, texts in form.errors.items()))
    return HttpResponseRedirect(f"{postmortem.get_absolute_url()}#action-items")


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.RESPONDER)
def item(request: HttpRequest, pk: int) -> HttpResponse:
    """One item, to be changed."""
    shown = get_object_or_404(ActionItem.objects.select_related("owner", "postmortem"), pk=pk)
    form = ActionItemForm(request.POST, of=shown) if request.method == "POST" else item_form(shown)
    if form.is_bound and form.is_valid():
        try:
            action_items.change(pk, by=reader(request), wish=form.wish(), via=Via.WEB)
        except Invalid as problem:
            for name, text in problem.fields.items():
                form.add_error(name, text)
        else:
            messages.success(request, "Saved.")
            return HttpResponseRedirect(f"{shown.postmortem.get_absolute_url()}#action-items")
    context = {"item": shown, "form": form}
    return render(request, "postmortems/action_item.html", context, status=422 if form.errors else 200)


def _query(wish: dict[str, str], params: dict[str, str]) -> str:
    return urlencode({**wish, **({"mine": "1"} if reading.is_wished(params, "mine") else {})})


def _is_here(wish: dict[str, str], params: dict[str, str]) -> bool:
    return all(params.get(name) == value for name, value in wish.items())
