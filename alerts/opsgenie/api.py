"""What Opsgenie's clients read: `GET /v2/alerts...`, with the integration's key in `Authorization: GenieKey <key>`.

What they send goes to the door (`alerts.receiving.entrances.opsgenie`). A key shows the alerts of its own integration.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import re_path
from django.views.decorators.http import require_safe

from alerts.models import Alert, Integration
from alerts.opsgenie import reading as opsgenie_reading
from alerts.opsgenie import shapes
from alerts.opsgenie.calls import Refused, call, plain_answer
from alerts.receiving.entrances.opsgenie import ALERTS, failed

_LARGEST_PAGE = 100
_PAGE = 20
_LONGEST_ASKED = "10s"
# While a request waits for its turn, its status is waited for a little, in seconds: most clients ask at once.
_WAITS = (0.05, 0.1, 0.2, 0.4)


@call
def list_alerts(request: HttpRequest, integration: Integration) -> dict[str, Any]:
    """A page of the alerts that a query finds."""
    asked = request.GET
    offset, limit = _number(request, "offset", 0, opsgenie_reading.MOST), _limit(request)
    sort, order = asked.get("sort", "createdAt"), asked.get("order", "desc")
    if offset + limit > opsgenie_reading.MOST:
        raise Refused(422, f"The sum of [offset] and [limit] can not exceed {opsgenie_reading.MOST}.")
    with _bounded():
        found = opsgenie_reading.found_by(integration, _query(request))
        alerts = list(opsgenie_reading.in_order(found, sort, order)[offset : offset + limit])
        total = found.order_by()[: opsgenie_reading.MOST].count()
    kept = {name: value for name in ("query", "sort", "order") if (value := asked.get(name))}

    def page(start: int) -> str:
        return f"{settings.PUBLIC_URL}{ALERTS}?{urlencode({**kept, 'offset': start, 'limit': limit})}"

    last = max(0, (total - 1) // limit * limit)
    paging = {"first": page(0), "last": page(last)}
    if offset + limit < total:
        paging["next"] = page(offset + limit)
    if offset > 0:
        paging["prev"] = page(max(0, offset - limit))
    return {"data": [shapes.short(alert) for alert in alerts], "paging": paging}


@call
def count_alerts(request: HttpRequest, integration: Integration) -> dict[str, Any]:
    """How many alerts a query finds."""
    with _bounded():
        return {"data": {"count": opsgenie_reading.found_by(integration, _query(request)).order_by().count()}}


@call
def get_alert(request: HttpRequest, integration: Integration, name: str) -> dict[str, Any]:
    """One alert."""
    return {"data": shapes.whole(_alert(request, integration, name))}


@call
def list_notes(request: HttpRequest, integration: Integration, name: str) -> dict[str, Any]:
    """What people wrote about the alert's incident."""
    return _entries(request, integration, name, only_notes=True)


@call
def list_logs(request: HttpRequest, integration: Integration, name: str) -> dict[str, Any]:
    """Everything that happened to the alert's incident."""
    return _entries(request, integration, name, only_notes=False)


@call
def request_status(request: HttpRequest, integration: Integration, number: str) -> dict[str, Any]:
    """What became of a request."""
    event = opsgenie_reading.request(integration, number)
    if event is None:
        raise Refused(404, "There is no request of this id.")
    for pause in _WAITS:
        if opsgenie_reading.is_processed(event):
            break
        connection.close()  # others need it meanwhile
        time.sleep(pause)
        event.refresh_from_db(fields=["status", "reason", "problem", "understood", "processed_at"])
    else:
        if not opsgenie_reading.is_processed(event):
            # The vendor's clients know by the header that they shall ask again.
            message = "Request not found. It might not be processed, yet."
            raise Refused(404, message, ("x-opsgenie-errortype", "RequestNotProcessed"))
    return {"data": shapes.status(event, opsgenie_reading.alert_of_request(event))}


@require_safe
def nothing_here(request: HttpRequest) -> HttpResponse:
    """Calls of the vendor's that are not answered."""
    return plain_answer(failed(404, "Tocsin does not answer this call: see “Leave Opsgenie” in its documentation."))


def _entries(request: HttpRequest, integration: Integration, name: str, *, only_notes: bool) -> dict[str, Any]:
    alert = _alert(request, integration, name)
    limit, order = _limit(request), request.GET.get("order", "desc")
    if order not in ("asc", "desc"):
        raise Refused(422, "[order] must be asc or desc.")
    given = request.GET.get("offset", "")
    after = int(given) if given.isascii() and given.isdecimal() and len(given) < 18 else None
    found = opsgenie_reading.entries(alert, only_notes=only_notes, order=order, limit=limit + 1, after=after)
    shown = found[:limit]
    kind = request.GET.get("identifierType", "id")

    def page(start: int | None) -> str:
        offset = {"offset": start} if start is not None else {}
        words = urlencode({"identifierType": kind, "limit": limit, "order": order, **offset})
        return f"{settings.PUBLIC_URL}{request.path}?{words}"

    paging = {"first": page(None)}
    if len(found) > limit:
        paging["next"] = page(shown[-1].pk)
    shape = shapes.note if only_notes else shapes.log
    return {"data": [shape(entry) for entry in shown], "paging": paging}


def _alert(request: HttpRequest, integration: Integration, name: str) -> Alert:
    kind = request.GET.get("identifierType", "id").lower()
    if kind not in opsgenie_reading.NAMES:
        raise Refused(422, f"[identifierType] must be one of {', '.join(opsgenie_reading.NAMES)}.")
    alert = opsgenie_reading.one(integration, name.replace("\0", ""), kind)
    if alert is None:
        raise Refused(404, "Alert not found. By its alias an alert is found while it is open.")
    return alert


def _query(request: HttpRequest) -> str:
    if request.GET.get("searchIdentifier"):
        raise Refused(422, "Saved searches are not kept in Tocsin. Send the query itself.")
    return request.GET.get("query", "").replace("\0", "")


def _limit(request: HttpRequest) -> int:
    return max(1, _number(request, "limit", _PAGE, _LARGEST_PAGE))


def _number(request: HttpRequest, name: str, default: int, most: int) -> int:
    given = request.GET.get(name, "")
    if not given:
        return default
    if not (given.isascii() and given.isdecimal()) or len(given) > 9 or int(given) > most:
        raise Refused(422, f"[{name}] must be a number from 0 to {most}.")
    return int(given)


@contextmanager
def _bounded() -> Iterator[None]:
    """No question may hold up the database, whatever was asked."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"set local statement_timeout = '{_LONGEST_ASKED}'")
        yield


urlpatterns = [
    re_path(r"^v2/alerts/?$", list_alerts),
    re_path(r"^v2/alerts/count/?$", count_alerts),
    re_path(r"^v2/alerts/requests/(?P<number>[^/]+)/?$", request_status),
    re_path(r"^v2/alerts/saved-searches(?:/.*)?$", nothing_here),
    re_path(r"^v2/alerts/(?P<name>.+)/notes/?$", list_notes),
    re_path(r"^v2/alerts/(?P<name>.+)/logs/?$", list_logs),
    re_path(r"^v2/alerts/.+/(?:recipients|attachments(?:/.+)?)/?$", nothing_here),
    re_path(r"^v2/alerts/(?P<name>.+?)/?$", get_alert),
]
