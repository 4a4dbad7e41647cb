"""Opening an incident by hand."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.models import Role
from incidents.actor import Via, person
from incidents.models import Incident, Urgency
from incidents.opening import Opening, open_incident
from web.forms.opening import OpenForm
from web.pages.access import page, reader


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.RESPONDER)
def open_by_hand(request: HttpRequest) -> HttpResponse:
    """The form; then the new incident."""
    form = OpenForm(request.POST or None, initial={"token": uuid.uuid4(), "service": request.GET.get("service")})
    if request.method == "POST" and form.is_valid():
        incident = _open(request, form)
        messages.success(request, f"#{incident.number} is open, and people are being paged.")
        return HttpResponseRedirect(incident.get_absolute_url())
    return render(request, "web/open_incident.html", {"form": form}, status=422 if form.is_bound else 200)


def _open(request: HttpRequest, form: OpenForm) -> Incident:
    wish = form.cleaned_data
    incident, _ = open_incident(
        Opening(
            service=wish["service"],
            title=wish["title"],
            description=wish["description"],
            urgency=Urgency(wish["urgency"]),
            open_key=f"by-hand-{wish['token']}",
            reason="opened_by_hand",
        ),
        by=person(reader(request), Via.WEB),
    )
    return incident
