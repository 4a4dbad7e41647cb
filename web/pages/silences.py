"""Silences: the list, making and changing one with a live preview, ending it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Role
from alerts.muting import reading as mute_reading
from alerts.muting import silences
from alerts.muting.matchers import known
from alerts.muting.models import Silence, SilenceState
from alerts.muting.reading import Preview
from core.errors import DomainError, Invalid
from incidents.models import Incident
from web import reading
from web.forms.muting import SilenceForm, WindowForm, of_silence
from web.pages.access import page, reader

_TABS = (SilenceState.ACTIVE, SilenceState.PENDING, SilenceState.EXPIRED)


@require_safe
@page()
def silence_list(request: HttpRequest) -> HttpResponse:
    """Who mutes what, until when and why."""
    state = request.GET.get("state", SilenceState.ACTIVE)
    found = mute_reading.silences(reader(request), state=state)
    context = {
        "silences": reading.keyset(found, reading.before(request.GET.get("before", ""))),
        "tabs": [(each.value, each.label, each == state) for each in _TABS],
        "state": state,
    }
    return render(request, "web/silences.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.RESPONDER)
def silence_new(request: HttpRequest) -> HttpResponse:
    """The form, filled in from an incident where one is named; then the silence."""
    form = SilenceForm(request.POST or None, initial=_from_incident(request.GET.get("incident", "")))
    if _is_sent(request, form):
        try:
            silence = silences.create(form.wish(), owner=reader(request).username)
            messages.success(request, f"Silence {silence.pk} is made. Nobody is paged for what it matches.")
            return HttpResponseRedirect(reverse("web:silences"))
        except Invalid as problem:
            _complain(form, problem)
    return _shown(request, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.RESPONDER)
def silence_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of one that is there."""
    silence = get_object_or_404(Silence, pk=pk)
    form = SilenceForm(request.POST or None, initial=of_silence(silence), silence=silence)
    if _is_sent(request, form):
        try:
            silences.change(pk, form.wish())
            messages.success(request, f"Silence {pk} is changed.")
            return HttpResponseRedirect(reverse("web:silences"))
        except Invalid as problem:
            _complain(form, problem)
        except DomainError as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(reverse("web:silences"))
    return _shown(request, form, silence)


@require_POST
@page(Role.RESPONDER)
def silence_expire(request: HttpRequest, pk: int) -> HttpResponse:
    """End it: what it mutes and still fires pages now."""
    get_object_or_404(Silence, pk=pk)
    if silences.expire(pk, by=reader(request).username):
        messages.success(request, f"Silence {pk} is over. What still fires pages now.")
    else:
        messages.info(request, f"Silence {pk} was over already.")
    return HttpResponseRedirect(reverse("web:silences"))


@require_POST
@page(Role.RESPONDER)
def preview(request: HttpRequest) -> HttpResponse:
    """What the form as it stands would match; a part of its page."""
    form = SilenceForm(request.POST) if "span" in request.POST else WindowForm(request.POST)
    return render(request, "muting/preview.html", previewed(form))


def previewed(form: forms.Form) -> dict[str, Any]:
    """What a form would match, whatever else is missing in it; or what is wrong with its matchers."""
    form.is_valid()
    asked = form.cleaned_data
    problem = next(iter(form.errors.get("matchers", [])), "")
    services = asked.get("services") or [each for each in [asked.get("service")] if each]
    integrations = asked.get("integrations") or [each for each in [asked.get("integration")] if each]
    matchers = asked.get("matchers") or []
    found: Preview | None = None
    if not problem and (matchers or services or integrations):
        found = mute_reading.preview(
            known(tuple(matchers)),
            service_ids=[each.pk for each in services],
            integration_ids=[each.pk for each in integrations],
        )
    return {"preview": found, "problem": problem}


def _is_sent(request: HttpRequest, form: SilenceForm) -> bool:
    return request.method == "POST" and "preview" not in request.POST and form.is_valid()


def _complain(form: forms.Form, problem: Invalid) -> None:
    for field, text in (problem.fields or {"__all__": str(problem)}).items():
        form.add_error(field if field in form.fields else None, text)


def _shown(request: HttpRequest, form: SilenceForm, silence: Silence | None) -> HttpResponse:
    asks_preview = "preview" in request.POST
    context: dict[str, Any] = {"form": form, "silence": silence}
    if asks_preview:
        context |= previewed(form)
    status = 422 if form.is_bound and not asks_preview else 200
    return render(request, "web/silence_form.html", context, status=status)


def _from_incident(number: str) -> dict[str, Any]:
    if not number.isdecimal() or len(number) > 18:
        return {}
    incident = Incident.objects.filter(pk=int(number)).first()
    if incident is None:
        return {}
    return {
        "matchers": "\n".join(silences.common_matchers(incident.pk)),
        "service": incident.service_id,
        "comment": f"#{incident.number} {incident.title}"[:200],
    }
