"""Where alerts come in: every integration, when it was last heard, and what of it could not be read."""

from datetime import timedelta

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from alerts import reading as alerts_reading
from alerts.models import Event, EventStatus
from alerts.parsing.source import sources
from core import clock
from web import reading
from web.pages.access import page, reader

_PAGE = 60
LOOK_BACK = timedelta(days=30)


@require_safe
@page()
def integrations(request: HttpRequest) -> HttpResponse:
    """By name."""
    start = reading.before(request.GET.get("before", "")) or 0
    found = alerts_reading.integrations(reader(request)).select_related("mapping").order_by("name")
    rows = list(found[start : start + _PAGE + 1])
    unread = _unread()
    shown = [(each, _label(each.source), unread.get(each.pk, 0)) for each in rows[:_PAGE]]
    context = {"integrations": shown, "older": start + _PAGE if len(rows) > _PAGE else None}
    return render(request, "web/integrations.html", context)


def _unread() -> dict[int, int]:
    """How many messages of each lie in quarantine."""
    since = clock.now() - LOOK_BACK
    found = Event.objects.filter(status=EventStatus.QUARANTINED, received_at__gt=since).order_by()
    return dict(found.values_list("integration_id").annotate(Count("pk")))


def _label(slug: str) -> str:
    source = sources.get(slug)
    return source.label if source is not None else slug
