"""Who may call what. The addresses come from the URL configuration; one that has no rule here fails."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from django.test import Client

from accounts import api_keys
from accounts.models import ApiKey, Role, Scope, User
from core import clock
from tests.accounts.endpoints import Endpoint, endpoints
from tests.factories import a_user

pytestmark = pytest.mark.django_db

# What a caller needs: the role, and the scope if she comes with a key.
Need = tuple[Role, Scope]
SEE: Need = (Role.VIEWER, Scope.READ)
OWN: Need = (Role.VIEWER, Scope.WRITE)
ACT: Need = (Role.RESPONDER, Scope.WRITE)
LEAD: Need = (Role.MANAGER, Scope.WRITE)
SET_UP: Need = (Role.ADMIN, Scope.WRITE)
RULE: Need = (Role.ADMIN, Scope.ADMIN)

_READ = {"GET": SEE}
_INCIDENT = "/api/v1/incidents/{pk}/"
_MAPPING = "/api/v1/integrations/{pk}/mapping/"
_POSTMORTEM = "/api/v1/postmortems/{pk}/"
RULES: dict[str, Mapping[str, Need]] = {
    "/api/v1/users/": {"GET": SEE, "POST": RULE},
    "/api/v1/users/me/": {"GET": SEE, "PATCH": OWN},
    "/api/v1/users/{pk}/": {"GET": SEE, "PATCH": RULE},
    "/api/v1/teams/": {"GET": SEE, "POST": LEAD},
    "/api/v1/teams/{pk}/": {"GET": SEE, "PATCH": LEAD, "DELETE": LEAD},
    "/api/v1/services/": _READ,
    "/api/v1/services/{pk}/": _READ,
    "/api/v1/schedules/": _READ,
    "/api/v1/schedules/{pk}/": _READ,
    "/api/v1/schedules/{pk}/shifts/": _READ,
    "/api/v1/escalation-policies/": _READ,
    "/api/v1/escalation-policies/{pk}/": _READ,
    "/api/v1/alerts/": _READ,
    "/api/v1/alerts/{pk}/": _READ,
    "/api/v1/changes/": _READ,
    "/api/v1/changes/{pk}/": _READ,
    "/api/v1/events/": _READ,
    "/api/v1/events/{pk}/": _READ,
    "/api/v1/events/{pk}/replay/": {"POST": LEAD},
    "/api/v1/integrations/": {"GET": SEE, "POST": SET_UP},
    "/api/v1/integrations/{pk}/": {"GET": SEE, "PATCH": SET_UP},
    "/api/v1/integrations/{pk}/new-key/": {"POST": SET_UP},
    _MAPPING: _READ,
    **{f"{_MAPPING}{verb}/": {"POST": LEAD} for verb in ("use", "preview", "replay")},
    f"{_MAPPING}versions/": {"GET": SEE, "POST": LEAD},
    f"{_MAPPING}versions/{{number}}/": _READ,
    "/api/v1/silences/": {"GET": SEE, "POST": ACT},
    "/api/v1/silences/{pk}/": {"GET": SEE, "PATCH": ACT},
    "/api/v1/silences/{pk}/expire/": {"POST": ACT},
    "/api/v1/silences/preview/": {"POST": ACT},
    "/api/v1/maintenance-windows/": {"GET": SEE, "POST": ACT},
    "/api/v1/maintenance-windows/{pk}/": {"GET": SEE, "PATCH": ACT, "DELETE": ACT},
    "/api/v1/maintenance-windows/{pk}/end/": {"POST": ACT},
    "/api/v1/maintenance-windows/preview/": {"POST": ACT},
    "/api/v1/inhibition-rules/": {"GET": SEE, "POST": LEAD},
    "/api/v1/inhibition-rules/{pk}/": {"GET": SEE, "PATCH": LEAD, "DELETE": LEAD},
    "/api/v1/heartbeats/": {"GET": SEE, "POST": LEAD},
    "/api/v1/heartbeats/{pk}/": {"GET": SEE, "PATCH": LEAD, "DELETE": LEAD},
    "/api/v1/heartbeats/{pk}/pause/": {"POST": ACT},
    "/api/v1/heartbeats/{pk}/new-key/": {"POST": LEAD},
    "/api/v1/deliveries/": _READ,
    "/api/v1/deliveries/{pk}/": _READ,
    "/api/v1/incidents/": {"GET": SEE, "POST": ACT},
    _INCIDENT: _READ,
    f"{_INCIDENT}timeline/": _READ,
    f"{_INCIDENT}deliveries/": _READ,
    f"{_INCIDENT}alerts/": _READ,
    **{
        f"{_INCIDENT}{verb}/": {"POST": ACT}
        for verb in (
            "acknowledge",
            "unacknowledge",
            "resolve",
            "reopen",
            "snooze",
            "reassign",
            "escalate",
            "merge",
            "notes",
        )
    },
    "/api/v1/postmortems/": {"GET": SEE, "POST": ACT},
    _POSTMORTEM: {"GET": SEE, "PATCH": ACT},
    f"{_POSTMORTEM}export/": _READ,
    f"{_POSTMORTEM}ask_for_review/": {"POST": ACT},
    **{f"{_POSTMORTEM}{verb}/": {"POST": LEAD} for verb in ("request_changes", "approve", "reopen")},
    "/api/v1/action-items/": {"GET": SEE, "POST": ACT},
    "/api/v1/action-items/{pk}/": {"GET": SEE, "PATCH": ACT},
}
API = endpoints("/api/v1/")
Headers = dict[str, str]
_client = Client()  # one for all: a new one loads the middleware anew


@pytest.mark.parametrize("endpoint", API, ids=str)
def test_every_address_of_the_api_lets_in_whom_it_should(endpoint: Endpoint) -> None:
    need = RULES.get(endpoint.path, {}).get(endpoint.method)
    assert need is not None, f"Say in RULES who may {endpoint}."

    answers = {caller: _answer(headers, endpoint) for caller, headers in _callers().items()}

    assert answers == _expected(*need)


def test_no_rule_is_left_over() -> None:
    there = {(each.path, each.method) for each in API}

    assert {(path, method) for path, its in RULES.items() for method in its} <= there


def _callers() -> dict[str, Headers]:
    past = clock.now() - timedelta(minutes=1)
    people = {role: a_user(role=role) for role in Role}
    callers: dict[str, Headers] = {"nobody": {}}
    for role, user in people.items():
        callers[f"a {role}"] = _with_key(user, Scope.ADMIN)
    for scope in Scope:
        callers[f"an admin's key to {scope}"] = _with_key(people[Role.ADMIN], scope)
    callers["an expired key"] = _with_key(people[Role.ADMIN], Scope.ADMIN, expires_at=past)
    callers["a revoked key"] = _with_key(people[Role.ADMIN], Scope.ADMIN, revoked_at=past)
    callers["a key of somebody switched off"] = _with_key(a_user(role=Role.ADMIN, is_active=False), Scope.ADMIN)
    return callers


def _with_key(user: User, scope: Scope, **changes: object) -> Headers:
    row, key = api_keys.create(name=f"key {ApiKey.objects.count()}", user=user, scope=scope)
    ApiKey.objects.filter(pk=row.pk).update(**{"expires_at": None, **changes})
    return {"Authorization": f"Bearer {key}"}


def _answer(headers: Headers, endpoint: Endpoint) -> str:
    response = _client.generic(endpoint.method, endpoint.with_values(), b"{}", "application/json", headers=headers)
    assert response.status_code < 500, response.content
    if response.status_code in {401, 403}:
        return str(response.status_code)
    return "passes"


def _expected(role: Role, scope: Scope) -> dict[str, str]:
    roles, scopes = list(Role), list(Scope)
    return {
        "nobody": "401",
        **{f"a {each}": "passes" if roles.index(each) >= roles.index(role) else "403" for each in roles},
        **{
            f"an admin's key to {each}": "passes" if scopes.index(each) >= scopes.index(scope) else "403"
            for each in scopes
        },
        "an expired key": "401",
        "a revoked key": "401",
        "a key of somebody switched off": "401",
    }


# Pages and inbound addresses that do without a session, and what guards them instead.
WITHOUT_SESSION = {
    "/slack/interactivity/": "Slack's signature",
    "/slack/commands/": "Slack's signature",
    "/slack/events/": "Slack's signature",
    "/twilio/sms/": "Twilio's signature",
    "/email/inbound/": "the mail provider's signature or password",
    "/email/inbound": "the same",
    "/twilio/voice/": "Twilio's signature",
    "/twilio/status/": "Twilio's signature",
    **{
        f"/alertmanager/{{key}}/api/v2/{each}": "the integration's key in the address"
        for each in ("status", "receivers", "alerts", "alerts/groups", "silences", "silence/{number}")
    },
    "/e/{token}/": "a signed link for one person and one incident",
    "/sign-in/": "is the way in",
    "/sign-out/": "leads out",
    "/healthz": "says no more than that the process lives",
    "/readyz": "details only to loopback or with a key",
    "/metrics": "loopback or a key",
    "/api/schema/": "is in the source code anyway",
    "/api/docs/": "is in the source code anyway",
    "/api(?:/.*)?": "leads nowhere",
}
_WAYS_IN = {"/admin/login/", "/admin/logout/", "/admin/jsi18n/"}


def test_nobody_sees_a_page_without_signing_in() -> None:
    pages = [each for each in endpoints("/") if not each.path.startswith(("/api/v1/", "/admin/"))]

    for endpoint in pages:
        if endpoint.path not in WITHOUT_SESSION:
            response = _client.generic(endpoint.method, endpoint.with_values())

            assert response.status_code in {302, 401, 403, 405}, endpoint
            assert response.get("Location", "/sign-in/").startswith("/sign-in/"), endpoint


def test_nobody_below_a_manager_enters_the_admin() -> None:
    responder = Client()
    responder.force_login(a_user(role=Role.RESPONDER))
    pages = [each for each in endpoints("/admin/") if each.method == "GET" and each.path not in _WAYS_IN]

    for endpoint in pages:
        for client in (_client, responder):
            assert client.get(endpoint.with_values()).status_code in {302, 403, 404}, endpoint

    assert pages
