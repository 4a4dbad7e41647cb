"""Messages that could not be read: what each is, why it lies here, what to do; read again or dismissed by managers."""

from typing import Any

from django.contrib import messages
from django.db.models import BinaryField, Count, F, Func, QuerySet, Value
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Role
from alerts.models import Event, EventStatus, Integration
from alerts.pipeline import quarantine as verbs
from core.errors import DomainError
from incidents.actor import Via, person
from web import reading
from web.pages.access import page, reader

_PAGE = 30
_HEAD = 800  # bytes of a message
_MOST_REASONS = 50


@require_safe
@page(Role.RESPONDER)
def quarantined(request: HttpRequest) -> HttpResponse:
    """Newest first, of one integration and reason where these are named."""
    found = _asked(request.GET.get("integration", ""), request.GET.get("reason", ""))
    shown = found.select_related("integration").defer("body", "headers", "query", "understood")
    head = Func(F("body"), Value(1), Value(_HEAD), function="substring", output_field=BinaryField())
    context = {
        "events": reading.keyset(shown.annotate(head=head), reading.before(request.GET.get("before", "")), size=_PAGE),
        "integrations": Integration.objects.order_by("name"),
        "reasons": _reasons(),
        "chosen": {"integration": request.GET.get("integration", ""), "reason": request.GET.get("reason", "")},
    }
    return render(request, "web/quarantine.html", context)


@require_POST
@page(Role.MANAGER)
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    """Read one again."""
    try:
        verbs.replay(get_object_or_404(Event, pk=pk).pk)
        messages.success(request, "It is being read again.")
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return _back(request)


@require_POST
@page(Role.MANAGER)
def replay_all(request: HttpRequest) -> HttpResponse:
    """Read all again that lie here for the same reason, of one integration where it is named."""
    found = _asked(request.POST.get("integration", ""), request.POST.get("reason", ""))
    count = verbs.replay_all(found)
    more = " There are more: press again." if count == verbs.MOST_AT_ONCE else ""
    messages.success(request, f"{count} message{'s are' if count != 1 else ' is'} being read again.{more}")
    return _back(request)


@require_POST
@page(Role.MANAGER)
def dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    """Put one away for good, with a reason."""
    try:
        why = request.POST.get("why", "")
        verbs.dismiss(get_object_or_404(Event, pk=pk).pk, why=why, by=person(reader(request), Via.WEB))
        messages.success(request, "It is dismissed, and kept with the others.")
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return _back(request)


def _asked(integration: str, reason: str) -> QuerySet[Event]:
    found = Event.objects.filter(status=EventStatus.QUARANTINED).order_by("-id")
    number = reading.before(integration)
    if number is not None:
        found = found.filter(integration_id=number)
    return found.filter(reason=reason) if reason else found


def _reasons() -> list[dict[str, Any]]:
    found = Event.objects.filter(status=EventStatus.QUARANTINED).order_by()
    return list(found.values("reason").annotate(found=Count("pk")).order_by("-found", "reason")[:_MOST_REASONS])


def _back(request: HttpRequest) -> HttpResponse:
    kept = {name: request.POST[name] for name in ("integration", "reason") if request.POST.get(name)}
    query = f"?{urlencode(kept)}" if kept else ""
    return HttpResponseRedirect(reverse("web:quarantine") + query)
