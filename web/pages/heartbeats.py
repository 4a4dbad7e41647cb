"""What ought to report regularly, and whether it does."""

from collections.abc import Callable

from django.db.models import Case, IntegerField, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Role
from alerts import reading as alerts_reading
from alerts.heartbeats import verbs
from alerts.heartbeats.models import Heartbeat, HeartbeatState
from web import reading
from web.pages.access import page, reader

_PAGE = 60
# What needs somebody first.
_WEIGHT = Case(
    When(state=HeartbeatState.MISSED, then=Value(0)),
    When(state=HeartbeatState.ALIVE, then=Value(1)),
    When(state=HeartbeatState.WAITING, then=Value(2)),
    default=Value(3),
    output_field=IntegerField(),
)


@require_safe
@page()
def heartbeats(request: HttpRequest) -> HttpResponse:
    """Every heartbeat, the missed ones first."""
    start = reading.before(request.GET.get("before", "")) or 0
    found = alerts_reading.heartbeats(reader(request)).order_by(_WEIGHT, "name")
    shown = list(found[start : start + _PAGE + 1])
    context = {"heartbeats": shown[:_PAGE], "older": start + _PAGE if len(shown) > _PAGE else None}
    return render(request, "web/heartbeats.html", context)


@require_POST
@page(Role.RESPONDER)
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Expect nothing of it for now."""
    return _do(pk, verbs.pause)


@require_POST
@page(Role.RESPONDER)
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Expect it again."""
    return _do(pk, verbs.resume)


def _do(pk: int, verb: Callable[[int], bool]) -> HttpResponse:
    verb(get_object_or_404(Heartbeat, pk=pk).pk)
    return HttpResponseRedirect(reverse("web:heartbeats"))
