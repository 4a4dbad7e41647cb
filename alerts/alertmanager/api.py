"""Alertmanager's API v2 for those who read and silence: `/alertmanager/<key>/api/v2/...`, as amtool uses it.

Format: Alertmanager's `api/v2/openapi.yaml`. Alerts come in by the door
(`alerts.receiving.entrances.alertmanager_api`). A key sees the alerts of its integration, and silences that concern it:
those it makes mute that integration only.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import wraps
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from alerts.models import Alert, AlertStatus, Integration
from alerts.muting import reading as mute_reading
from alerts.muting import silences
from alerts.muting.judging import Muted
from alerts.muting.matchers import Matcher, NotAMatcher, known, read_all, written
from alerts.muting.models import Silence, SilenceQuerySet, SilenceState
from alerts.muting.silences import SilenceWish
from alerts.parsing import moments
from alerts.parsing.labelsets import fingerprint
from alerts.receiving.letters import hashed
from core import clock
from core.errors import DomainError, Invalid

_MOST = 10_000  # alerts or silences of an answer
_LISTED = timedelta(days=5)  # for so long after its end a silence is listed
_RECEIVER = "tocsin"
_OPERATORS = {(True, False): "=", (False, False): "!=", (True, True): "=~", (False, True): "!~"}
_VERSION = dict.fromkeys(("branch", "buildDate", "buildUser", "goVersion", "revision"), "") | {"version": "0.28.0"}
_STATED = (SilenceState.ACTIVE, SilenceState.PENDING, SilenceState.EXPIRED)
View = Callable[..., HttpResponse]


class Refused(Exception):
    """An answer that is no success: the API's errors are plain texts in JSON."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def _call(*methods: str) -> Callable[[Callable[..., Any]], View]:
    """A view of the integration that has the path's key; what it returns is the answer's JSON."""

    def decorate(view: Callable[..., Any]) -> View:
        @csrf_exempt
        @wraps(view)
        def answer(request: HttpRequest, key: str, **words: Any) -> HttpResponse:
            if request.method not in methods:
                return JsonResponse(f"method {request.method} is not allowed", safe=False, status=405)
            try:
                content = view(request, _integration(key), **words)
            except Refused as refusal:
                return JsonResponse(str(refusal), safe=False, status=refusal.status)
            except (DomainError, NotAMatcher) as problem:
                return JsonResponse(str(problem), safe=False, status=400)
            return HttpResponse() if content is None else JsonResponse(content, safe=False)

        return answer

    return decorate


def _integration(key: str) -> Integration:
    found = Integration.objects.filter(key_hash=hashed(key), is_active=True).first()
    if found is None:
        raise Refused(403, "no integration in Tocsin that is switched on has this key")
    return found


@_call("GET", "HEAD")
def status(request: HttpRequest, integration: Integration) -> Any:
    """What an Alertmanager says of itself; there is no cluster."""
    cluster = {"status": "disabled", "name": "", "peers": []}
    return {
        "cluster": cluster,
        "config": {"original": ""},
        "uptime": integration.created_at.isoformat(),
        "versionInfo": _VERSION,
    }


@_call("GET", "HEAD")
def receivers(request: HttpRequest, integration: Integration) -> Any:
    """One: the services of Tocsin."""
    return [{"name": _RECEIVER}]


@_call("GET", "HEAD")
def alerts(request: HttpRequest, integration: Integration) -> Any:
    """What fires, narrowed as asked."""
    return [shown for _, shown in _firing(request, integration)]


@_call("GET", "HEAD")
def groups(request: HttpRequest, integration: Integration) -> Any:
    """What fires, by the groups that are incidents."""
    found: dict[str, list[tuple[Alert, dict[str, Any]]]] = {}
    for alert, shown in _firing(request, integration):
        found.setdefault(alert.group_key, []).append((alert, shown))
    return [
        {
            "labels": _common([alert for alert, _ in each]),
            "receiver": {"name": _RECEIVER},
            "alerts": [shown for _, shown in each],
        }
        for each in found.values()
    ]


@_call("GET", "HEAD", "POST")
def silence_list(request: HttpRequest, integration: Integration) -> Any:
    """The silences that concern this integration; or a new one, or another in the place of one that is there."""
    if request.method == "POST":
        return {"silenceID": _id_of(_silence_made(request, integration))}
    wanted = _filter(request)
    recent = _concerning(integration).filter(ends_at__gt=clock.now() - _LISTED).order_by("-id")
    found = [each for each in recent[:_MOST] if _is_about(known(tuple(each.matchers)), wanted)]
    return [
        _shown_silence(each, integration)
        for each in sorted(found, key=lambda each: (_STATED.index(each.state), each.ends_at))
    ]


@_call("GET", "HEAD", "DELETE")
def silence(request: HttpRequest, integration: Integration, number: UUID) -> Any:
    """One silence; DELETE ends it."""
    found = _one(integration, number)
    if request.method != "DELETE":
        return _shown_silence(found, integration)
    _check_own(found, integration)
    if not silences.expire(found.pk, by=integration.name):
        raise Refused(500, f"silence {number} already expired")
    return None


def _firing(request: HttpRequest, integration: Integration) -> list[tuple[Alert, dict[str, Any]]]:
    wanted = _filter(request)
    asked = {name: request.GET.get(name, "true").lower() != "false" for name in ("active", "silenced", "inhibited")}
    rows = Alert.objects.filter(integration=integration).exclude(status=AlertStatus.RESOLVED).order_by("-id")[:_MOST]
    listed = [each for each in rows if all(one.holds(each.labels.get(one.name, "")) for one in wanted)]
    muted = mute_reading.muted_now(listed)
    shown = [(alert, _shown_alert(alert, muted.get(alert.pk))) for alert in listed]
    return [(alert, each) for alert, each in shown if _is_asked(each["status"], asked)]


def _is_asked(state: dict[str, Any], asked: dict[str, bool]) -> bool:
    if state["state"] == "active":
        return asked["active"]
    by_silence = asked["silenced"] or not (state["silencedBy"] or state["mutedBy"])
    return by_silence and (asked["inhibited"] or not state["inhibitedBy"])


def _shown_alert(alert: Alert, muted: Muted | None) -> dict[str, Any]:
    causes = muted.causes if muted is not None else ()
    ends_at = alert.expires_at or alert.last_seen_at + timedelta(minutes=5)
    links = [each for each in alert.links if each.get("text") == "Source"]
    return {
        "annotations": alert.annotations,
        "endsAt": ends_at.isoformat(),
        "fingerprint": fingerprint(alert.labels),
        "generatorURL": links[0]["href"] if links else "",
        "labels": alert.labels,
        "receivers": [{"name": _RECEIVER}],
        "startsAt": (alert.started_at or alert.first_seen_at).isoformat(),
        "updatedAt": alert.last_seen_at.isoformat(),
        "status": {
            "state": "active" if muted is None else "suppressed",
            "silencedBy": [_number(each) for each in causes if each.startswith("silence:")],
            "inhibitedBy": [each for each in causes if each.startswith("rule:") and each.count(":") == 1],
            "mutedBy": [each for each in causes if each.startswith("window:")],
        },
    }


def _number(cause: str) -> str:
    return str(UUID(int=int(cause.partition(":")[2])))


def _common(rows: Sequence[Alert]) -> dict[str, str]:
    first = rows[0].labels
    return {name: value for name, value in first.items() if all(each.labels.get(name) == value for each in rows)}


def _filter(request: HttpRequest) -> tuple[Matcher, ...]:
    return read_all(request.GET.getlist("filter"))


def _concerning(integration: Integration) -> SilenceQuerySet:
    """Its own silences, and those that are for all integrations."""
    for_all = Q(integration=None, is_for_integration=False)
    return Silence.objects.filter(for_all | Q(integration=integration)).select_related("service")


def _is_about(matchers: Sequence[Matcher], wanted: Sequence[Matcher]) -> bool:
    return all(any(each.name == one.name and one.holds(each.value) for each in matchers) for one in wanted)


def _one(integration: Integration, number: UUID) -> Silence:
    found = None
    if number.int < 2**63:
        found = _concerning(integration).filter(pk=number.int).first()
    if found is None:
        raise Refused(404, f"silence {number} not found")
    return found


def _check_own(found: Silence, integration: Integration) -> None:
    if found.integration_id != integration.pk:
        raise Refused(403, "this silence is not only for this integration: change and end it in Tocsin")


def _id_of(found: Silence) -> str:
    return str(UUID(int=found.pk))


def _shown_silence(found: Silence, integration: Integration) -> dict[str, Any]:
    comment = found.comment
    if found.integration_id != integration.pk:
        for_whom = "for all integrations" if found.service is None else f"for the service {found.service.name}"
        comment = f"{comment} (made in Tocsin {for_whom}; changed and ended there)"
    return {
        "id": _id_of(found),
        "status": {"state": str(found.state)},
        "updatedAt": found.changed_at.isoformat(),
        "matchers": [
            {
                "name": each.name,
                "value": each.value,
                "isRegex": each.operator in {"=~", "!~"},
                "isEqual": each.operator in {"=", "=~"},
            }
            for each in known(tuple(found.matchers))
        ],
        "startsAt": found.starts_at.isoformat(),
        "endsAt": found.ends_at.isoformat(),
        "createdBy": found.created_by,
        "comment": comment,
    }


def _silence_made(request: HttpRequest, integration: Integration) -> Silence:
    try:
        body = json.loads(request.body)
        matchers = [
            Matcher(
                str(each["name"]),
                _OPERATORS[bool(each.get("isEqual", True)), bool(each.get("isRegex", False))],
                str(each["value"]),
            )
            for each in body["matchers"]
        ]
        starts_at, ends_at = _moment(body, "startsAt"), _moment(body, "endsAt")
        wish = SilenceWish(written(matchers), ends_at, str(body.get("comment", "")), starts_at, None, integration)
        owner = str(body.get("createdBy", "")).replace("\0", "").strip()
        number = UUID(str(body["id"])) if body.get("id") else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as trouble:
        raise Refused(400, f"bad silence: {type(trouble).__name__}: {trouble}"[:300]) from None
    if not owner:
        raise Refused(400, "invalid silence: creator missing")
    if number is None:
        return silences.create(wish, owner=owner)
    there = _one(integration, number)
    _check_own(there, integration)
    if there.state is SilenceState.EXPIRED:
        return silences.create(wish, owner=owner)
    return silences.change(there.pk, wish, owner=owner)


def _moment(body: dict[str, Any], name: str) -> datetime:
    found = moments.moment(body.get(name), now=clock.now())
    if found is None:
        raise Invalid(f"invalid silence: {name} is missing or makes no sense")
    return found


_API = "alertmanager/<str:key>/api/v2"

urlpatterns = [
    path(f"{_API}/status", status),
    path(f"{_API}/receivers", receivers),
    path(f"{_API}/alerts", alerts),
    path(f"{_API}/alerts/groups", groups),
    path(f"{_API}/silences", silence_list),
    path(f"{_API}/silence/<uuid:number>", silence),
]
