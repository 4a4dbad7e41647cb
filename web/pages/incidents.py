"""The list of incidents and the page of one."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.models import Team, User
from alerts.reading import alerts_of
from catalog.models import Service
from core import bounded
from incidents import reading as incidents_reading
from incidents.models import Incident
from incidents.states import Status
from web import reading
from web.forms.actions import action_forms
from web.pages.access import page, reader

_TABS = [
    ("open", "Open"),
    (Status.TRIGGERED, "Triggered"),
    (Status.ACKNOWLEDGED, "Acknowledged"),
    (Status.SNOOZED, "Snoozed"),
    (Status.RESOLVED, "Resolved"),
]


@require_safe
@page()
def incident_list(request: HttpRequest) -> HttpResponse:
    """What is going on, or what went on."""
    params = {"status": "open", **request.GET.dict()}
    wish = incidents_reading.wanted(params)
    with bounded.search(wish.q):
        counts = reading.counts(reader(request), wish)
        listed = reading.listed(reader(request), wish, before=reading.before(params.get("before", "")))
    context = {
        "listed": listed,
        "counts": counts,
        "tabs": [(value, label, counts.get(value, 0), value == params["status"]) for value, label in _TABS],
        "storms": reading.storms(reader(request)),
        "params": params,
        "is_narrowed": bool(wish.service or wish.team or wish.q or wish.is_mine or wish.urgency),
        "services": Service.objects.order_by("name").values_list("name", flat=True),
        "teams": Team.objects.order_by("name").values_list("name", flat=True),
    }
    return render(request, "web/incidents.html", context)


@require_safe
@page()
def incident(request: HttpRequest, pk: int) -> HttpResponse:
    """All about one incident."""
    try:
        shown = reading.incident_page(reader(request), pk)
    except Incident.DoesNotExist:
        raise Http404(f"There is no incident #{pk}.") from None
    return render(request, "web/incident.html", {"shown": shown, "forms": action_forms()})


@require_safe
@page()
def timeline(request: HttpRequest, pk: int) -> HttpResponse:
    """Earlier entries of an incident's timeline."""
    found = _visible(reader(request), pk)
    start = reading.before(request.GET.get("before", ""))
    entries = reading.keyset(found.timeline.order_by("-id"), start, size=reading.TIMELINE_SHOWN)
    return render(request, "web/incident_timeline.html", {"incident": found, "entries": entries})


@require_safe
@page()
def alerts(request: HttpRequest, pk: int) -> HttpResponse:
    """Every alert of an incident, newest first."""
    found = _visible(reader(request), pk)
    start = reading.before(request.GET.get("before", ""))
    alerts = reading.keyset(alerts_of(found.pk), start)
    return render(request, "web/incident_alerts.html", {"incident": found, "alerts": alerts})


def _visible(user: User, pk: int) -> Incident:
    return get_object_or_404(Incident.objects.visible_to(user), pk=pk)
