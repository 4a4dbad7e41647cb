"""The editor of an integration's mapping: the last messages, the expressions, and what they come to."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Role
from alerts.mapping import rules
from alerts.mapping import versions as mapping_versions
from alerts.models import Event, Integration
from alerts.trying import rehearsal
from alerts.trying import trial as mapping_trial
from core import clock
from core.errors import DomainError
from incidents.actor import Via, person
from web import reading, replays
from web.forms.mapping import MappingForm, initial_of
from web.pages.access import page, reader

_VERSIONS_SHOWN = 20
_ONLY_LOOKS = frozenset({"preview", "replay", "show"})  # buttons of the form that save nothing


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.MANAGER)
def mapping(request: HttpRequest, pk: int) -> HttpResponse:
    """The three panes; saving makes a version, which is in use from then on."""
    integration = _integration(pk)
    form = MappingForm(request.POST or None, initial=_initial(request, integration))
    if request.method == "POST" and form.is_valid() and not _ONLY_LOOKS.intersection(request.POST):
        return _save(request, integration, form)
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "web/mapping.html", _context(request, integration, form), status=status)


def _save(request: HttpRequest, integration: Integration, form: MappingForm) -> HttpResponse:
    is_draft = "keep" in request.POST
    by = person(reader(request), Via.WEB)
    comment = form.cleaned_data["comment"]
    saved = mapping_versions.save(integration.pk, form.expressions, comment=comment, by=by, is_used=not is_draft)
    if is_draft:
        messages.success(
            request, f"Version {saved.number} is kept, and not in use." if saved else "There is nothing to keep."
        )
    else:
        text = f"Version {saved.number} is in use" if saved else "No mapping is in use"
        messages.success(request, f"{text} from the next message on.")
    return HttpResponseRedirect(reverse("web:mapping", args=[integration.pk]))


@require_POST
@page(Role.MANAGER)
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """What the expressions as they stand come to; a part of the page."""
    integration = _integration(pk)
    return render(request, "mapping/result.html", _tried(request, integration, MappingForm(request.POST)))


@require_POST
@page(Role.MANAGER)
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    """What stored messages would have come to; a part of the page."""
    form = MappingForm(request.POST)
    return render(request, "mapping/replay.html", _replayed(request, _integration(pk), form))


@require_POST
@page(Role.MANAGER)
def use(request: HttpRequest, pk: int) -> HttpResponse:
    """Put an earlier version into use, or none."""
    text = request.POST.get("version", "")
    try:
        mapping_versions.use(_integration(pk).pk, reading.before(text), by=person(reader(request), Via.WEB))
        messages.success(request, f"Version {text} is in use again." if text else "No mapping is in use.")
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return HttpResponseRedirect(reverse("web:mapping", args=[pk]))


def _integration(pk: int) -> Integration:
    return get_object_or_404(Integration.objects.select_related("mapping"), pk=pk)


def _initial(request: HttpRequest, integration: Integration) -> dict[str, str]:
    number = reading.before(request.GET.get("version", ""))
    if number is None:
        return initial_of(mapping_versions.in_use(integration))
    version = get_object_or_404(integration.mapping_versions, number=number)
    return initial_of(rules.flat(version.expressions))


def _context(request: HttpRequest, integration: Integration, form: MappingForm) -> dict[str, Any]:
    versions = integration.mapping_versions.order_by("-number")[:_VERSIONS_SHOWN]
    uses = integration.mapping_uses.select_related("version").order_by("-id")[:_VERSIONS_SHOWN]
    return {
        "integration": integration,
        "versions": list(versions),
        "uses": list(uses),
        "names": rules.ROOTS,
        "stretches": replays.STRETCHES,
        "stretch": request.POST.get("stretch", replays.USUAL),
        **_tried(request, integration, form),
        **(_replayed(request, integration, form) if "replay" in request.POST else {}),
    }


def _tried(request: HttpRequest, integration: Integration, form: MappingForm) -> dict[str, Any]:
    """The chosen message, or the newest, under what the form says."""
    if form.is_bound:
        form.is_valid()
        expressions = form.expressions
    else:
        expressions = _of_initial(form)
    events = mapping_trial.recent(integration)
    asked = request.POST.get("show") or request.POST.get("event") or request.GET.get("event", "")
    chosen = mapping_trial.named(integration, reading.before(asked), events)
    if chosen is not None and chosen not in events:
        events.append(chosen)
    trial = None
    if chosen is not None:
        event = Event.objects.get(pk=chosen.pk, received_at=chosen.received_at)
        trial = mapping_trial.trial(integration, event, expressions)
    return {"form": form, "events": events, "trial": trial}


def _replayed(request: HttpRequest, integration: Integration, form: MappingForm) -> dict[str, Any]:
    if not form.is_valid():
        return {"replay_refused": "Mend the expressions first: what is wrong stands beside them."}
    wanted = replays.wanted(request.POST.get("stretch", ""), clock.now())
    return {"replay": replays.shown(rehearsal.rehearse(integration, form.expressions, wanted=wanted))}


def _of_initial(form: MappingForm) -> dict[str, str]:
    filled = MappingForm({name: form.initial.get(name, "") for name in form.fields})
    filled.is_valid()
    return filled.expressions
