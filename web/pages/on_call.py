"""Who is on call now."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core import clock
from oncall import roster
from oncall.models import Schedule
from web import on_call as cover
from web import reading
from web.pages.access import page

_PAGE = 60


@require_safe
@page()
def on_call(request: HttpRequest) -> HttpResponse:
    """Each schedule: who has it, until when, who is next."""
    now = clock.now()
    start = reading.before(request.GET.get("before", "")) or 0
    schedules = list(
        Schedule.objects.select_related("team")
        .prefetch_related(*roster.drawn(now))
        .order_by("name", "pk")[start : start + _PAGE + 1]
    )
    context = {
        "covers": cover.covers(schedules[:_PAGE], now),
        "older": start + _PAGE if len(schedules) > _PAGE else None,
    }
    return render(request, "web/on_call.html", context)
