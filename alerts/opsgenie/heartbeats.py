"""Opsgenie's Heartbeat API but for the pings: heartbeats are listed, made, changed, switched and deleted.

A key reaches the heartbeats of its own integration, whose routes say who is paged when one is missed.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt

from alerts.heartbeats import verbs as heartbeats
from alerts.heartbeats.models import Heartbeat, HeartbeatState
from alerts.heartbeats.verbs import Wish
from alerts.models import Integration
from alerts.opsgenie.calls import STATUS, Refused, answered
from alerts.opsgenie.shapes import moment_text
from alerts.parsing import opsgenie
from alerts.parsing.fields import text_at
from alerts.parsing.mend import Unreadable, read_json_at_once

_UNITS = {"minutes": timedelta(minutes=1), "hours": timedelta(hours=1), "days": timedelta(days=1)}
_LONGEST_NAME = 200
_MOST_TAGS = 20


def _whole(request: HttpRequest, integration: Integration) -> dict[str, Any]:
    if request.method == "GET":
        found = Heartbeat.objects.filter(integration=integration).order_by("name")
        return {"data": {"heartbeats": [_shape(each) for each in found]}}
    if request.method == "POST":
        return _make(request, integration)
    raise Refused(405, "Heartbeats are listed with GET and made with POST.")


def _single(request: HttpRequest, integration: Integration, name: str) -> dict[str, Any]:
    heartbeat = _found(integration, name)
    if request.method == "GET":
        return {"data": _shape(heartbeat)}
    if request.method in ("PATCH", "PUT"):
        return {"data": _meta(_changed(heartbeat, _body(request))), "result": "Updated"}
    if request.method == "DELETE":
        heartbeats.delete(heartbeat.pk)
        return {"result": "Deleted", "data": {"name": name, "enabled": False, "expired": False}}
    raise Refused(405, "A heartbeat is read with GET, changed with PATCH and deleted with DELETE.")


def _switch(request: HttpRequest, integration: Integration, name: str, wish: str) -> dict[str, Any]:
    if request.method != "POST":
        raise Refused(405, "Heartbeats are enabled and disabled with POST.")
    heartbeat = _found(integration, name)
    (heartbeats.resume if wish == "enable" else heartbeats.pause)(heartbeat.pk)
    heartbeat.refresh_from_db()
    return {"data": _meta(heartbeat)}


def _found(integration: Integration, name: str) -> Heartbeat:
    found = Heartbeat.objects.filter(integration=integration, name=name.replace("\0", "")).first()
    if found is None:
        raise Refused(404, f"No heartbeat is called “{name[:_LONGEST_NAME]}” in the integration of this key.")
    return found


@transaction.atomic
def _make(request: HttpRequest, integration: Integration) -> dict[str, Any]:
    body = _body(request)
    name = text_at(body, "name").strip()
    if not name or len(name) > _LONGEST_NAME or "/" in name:
        raise Refused(422, f"[name] must have 1 to {_LONGEST_NAME} characters, none of them a slash.")
    priority = text_at(body, "alertPriority").upper()
    fields = opsgenie.Fields(tags=_tags(body), priority=priority)
    wish = Wish(
        name=name,
        period=_period(body, default=None),
        integration=integration,
        title=text_at(body, "alertMessage")[:1024],
        description=text_at(body, "description"),
        labels=fields.labels(),
    )
    severity = opsgenie.severity_for(priority)
    if severity is not None:
        wish = replace(wish, severity=severity)
    heartbeat, _ = heartbeats.create(wish)
    if body.get("enabled") is False:
        heartbeats.pause(heartbeat.pk)
        heartbeat.refresh_from_db()
    return {"data": _meta(heartbeat), "result": "Created", STATUS: 201}


@transaction.atomic
def _changed(heartbeat: Heartbeat, body: dict[str, Any]) -> Heartbeat:
    wished: dict[str, Any] = {}
    if "interval" in body or "intervalUnit" in body:
        wished["period"] = _period(body, default=heartbeat.period)
    if "description" in body:
        wished["description"] = text_at(body, "description")
    if text_at(body, "alertMessage"):
        wished["title"] = text_at(body, "alertMessage")[:1024]
    severity = opsgenie.severity_for(text_at(body, "alertPriority"))
    if severity is not None:
        wished["severity"] = severity
    if isinstance(body.get("alertTags"), list):
        wished["labels"] = replace(opsgenie.fields_of(heartbeat.labels), tags=_tags(body)).labels()
    if wished:
        heartbeats.change(heartbeat.pk, **wished)
    if isinstance(body.get("enabled"), bool):
        (heartbeats.resume if body["enabled"] else heartbeats.pause)(heartbeat.pk)
    heartbeat.refresh_from_db()
    return heartbeat


def _tags(body: dict[str, Any]) -> tuple[str, ...]:
    given = body.get("alertTags")
    return tuple(opsgenie.tag(str(each)) for each in given[:_MOST_TAGS]) if isinstance(given, list) else ()


def _period(body: dict[str, Any], *, default: timedelta | None) -> timedelta:
    unit = text_at(body, "intervalUnit") or "minutes"
    if unit not in _UNITS:
        raise Refused(422, f"[intervalUnit] must be one of {', '.join(_UNITS)}.")
    interval = body.get("interval")
    if interval is None and default is not None:
        interval = _interval(default)[0]
    if not isinstance(interval, int) or isinstance(interval, bool) or not 1 <= interval <= 1_000_000:
        raise Refused(422, "[interval] must be a number of at least 1.")
    return interval * _UNITS[unit]


def _body(request: HttpRequest) -> dict[str, Any]:
    try:
        body = read_json_at_once(request.body) if request.body.strip() else {}
    except Unreadable as problem:
        raise Refused(400, str(problem)) from None
    if not isinstance(body, dict):
        raise Refused(400, "The body must be a JSON object.")
    return body


def _interval(period: timedelta) -> tuple[int, str]:
    """In the largest unit that tells it whole."""
    for unit in ("days", "hours"):
        if period % _UNITS[unit] == timedelta():
            return period // _UNITS[unit], unit
    return max(1, round(period / _UNITS["minutes"])), "minutes"


def _meta(heartbeat: Heartbeat) -> dict[str, Any]:
    return {
        "name": heartbeat.name,
        "enabled": heartbeat.state != HeartbeatState.PAUSED,
        "expired": heartbeat.state == HeartbeatState.MISSED,
    }


def _shape(heartbeat: Heartbeat) -> dict[str, Any]:
    interval, unit = _interval(heartbeat.period)
    last = {"lastPingTime": moment_text(heartbeat.last_ping_at)} if heartbeat.last_ping_at is not None else {}
    return {
        **_meta(heartbeat),
        "description": heartbeat.description,
        "interval": interval,
        "intervalUnit": unit,
        "alertMessage": heartbeat.title,
        "alertTags": list(opsgenie.fields_of(heartbeat.labels).tags),
        "alertPriority": opsgenie.priority_for(heartbeat.severity),
        **last,
    }


# Whoever calls has a key and no session: nothing here goes by a cookie.
urlpatterns = [
    re_path(r"^v2/heartbeats/?$", csrf_exempt(answered(_whole))),
    re_path(r"^v2/heartbeats/(?P<name>[^/]+)/enable/?$", csrf_exempt(answered(_switch)), {"wish": "enable"}),
    re_path(r"^v2/heartbeats/(?P<name>[^/]+)/disable/?$", csrf_exempt(answered(_switch)), {"wish": "disable"}),
    re_path(r"^v2/heartbeats/(?P<name>[^/]+)/?$", csrf_exempt(answered(_single))),
]
