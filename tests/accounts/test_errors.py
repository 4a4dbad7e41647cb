"""However the API refuses, it refuses in one shape, and says what to do."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts import api_keys
from accounts.models import ApiKey, Role, Scope
from core import clock
from core.api import error
from tests.accounts.conftest import ApiClient
from tests.factories import a_team, a_user

pytestmark = pytest.mark.django_db


def told(response: Any) -> dict[str, Any]:
    """The error of an answer that has nothing else."""
    answer: dict[str, Any] = json.loads(response.content)
    assert set(answer) == {"error"}
    assert set(answer["error"]) == {"code", "message", "fields"}
    assert answer["error"]["message"]
    refusal: dict[str, Any] = answer["error"]
    return refusal


def test_nobody_is_told_how_to_become_somebody() -> None:
    response = Client().get("/api/v1/teams/")

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert told(response)["code"] == "not_authenticated"


@pytest.mark.parametrize("authorization", ["Bearer nonsense", "Bearer \x00", "bearer  ", "Basic YTpi", "Bearer ü"])
def test_a_bad_key_is_401(authorization: str) -> None:
    response = Client().get("/api/v1/teams/", headers={"Authorization": authorization})

    assert response.status_code == 401
    assert told(response)["code"] in {"authentication_failed", "not_authenticated"}


def test_revoked_expired_and_orphaned_keys_are_401(api: ApiClient) -> None:
    past = clock.now() - timedelta(seconds=1)
    for change in ({"revoked_at": past}, {"expires_at": past}):
        client = api()
        ApiKey.objects.filter(revoked_at=None, expires_at=None).update(**change)

        assert client.get("/api/v1/teams/").status_code == 401

    gone = a_user(is_active=False)

    assert api(user=gone).get("/api/v1/teams/").status_code == 401


def test_a_key_works_until_it_expires(api: ApiClient) -> None:
    client = api()
    ApiKey.objects.update(expires_at=clock.now() + timedelta(minutes=1))

    assert client.get("/api/v1/teams/").status_code == 200


def test_too_low_a_role_is_403_and_named(api: ApiClient) -> None:
    response = api(Role.RESPONDER).post("/api/v1/teams/", {"name": "x"}, "application/json")

    assert response.status_code == 403
    assert told(response)["message"] == "This needs the role manager; yours is responder. Ask an admin."


def test_too_low_a_scope_is_403_and_named(api: ApiClient) -> None:
    response = api(Role.ADMIN, Scope.READ).post("/api/v1/teams/", {"name": "x"}, "application/json")

    assert response.status_code == 403
    assert told(response)["message"] == "This needs a key with scope write; this one has read."


@pytest.mark.parametrize(
    "path", ["/api/", "/api", "/api/v1/", "/api/v1/nothing/", "/api/v2/teams/", "/api/v1/teams/x/"]
)
def test_an_unknown_address_is_404_in_json(path: str, api: ApiClient) -> None:
    response = api().get(path)

    assert response.status_code == 404
    assert told(response)["code"] == "not_found"


@pytest.mark.parametrize("method", ["get", "post", "patch", "put", "delete"])
def test_a_missing_slash_is_named_where_csrf_is_checked(method: str) -> None:
    _, key = api_keys.create(name="k", user=a_user(role=Role.ADMIN), scope=Scope.WRITE)
    script = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {key}"})

    response = script.generic(method.upper(), "/api/v1/teams", b'{"name": "x"}', "application/json")

    assert response.status_code == 404
    assert told(response)["message"] == "Addresses end with a slash: /api/v1/teams/"


@pytest.mark.parametrize("number", ["999999", "9" * 18])
def test_an_unknown_thing_is_404(number: str, api: ApiClient) -> None:
    response = api().get(f"/api/v1/teams/{number}/")

    assert response.status_code == 404
    assert told(response)["message"] == "There is nothing here."


def test_a_wrong_method_is_405(api: ApiClient) -> None:
    response = api().put("/api/v1/teams/", {}, "application/json")

    assert response.status_code == 405
    assert told(response)["code"] == "method_not_allowed"


@pytest.mark.parametrize("body", [b"{", b"[", b"\xff", b'{"name": NaN}', b"\x00", b'{"name": "\xc3"}', b"[" * 100_000])
def test_malformed_json_is_400(body: bytes, api: ApiClient) -> None:
    response = api().post("/api/v1/teams/", body, "application/json")

    assert response.status_code == 400
    assert told(response)["code"] == "parse_error"


@pytest.mark.parametrize("body", ["[]", "1", '"x"', "null"])
def test_json_that_is_no_object_is_400(body: str, api: ApiClient) -> None:
    response = api().post("/api/v1/teams/", body, "application/json")

    assert response.status_code == 400
    assert told(response)["code"] == "invalid"


@pytest.mark.parametrize("name", ["a\x00b", "\ud800", "", " ", "x" * 101, None, [], {}])
def test_a_bad_name_is_400_and_names_the_field(name: object, api: ApiClient) -> None:
    response = api().post("/api/v1/teams/", json.dumps({"name": name}), "application/json")

    assert response.status_code == 400
    assert list(told(response)["fields"]) == ["name"]


def test_another_kind_of_body_is_415(api: ApiClient) -> None:
    response = api().post("/api/v1/teams/", "name=x", "application/x-www-form-urlencoded")

    assert response.status_code == 415
    assert told(response)["code"] == "unsupported_media_type"


@pytest.mark.parametrize("cursor", ["nonsense", "cD0lMDA=", "\x00", "cj0xJnA9eA=="])
def test_a_bad_cursor_is_no_failure_of_ours(cursor: str, api: ApiClient) -> None:
    a_team()

    response = api().get("/api/v1/teams/", {"cursor": cursor})

    assert response.status_code in {200, 400, 404}


@pytest.mark.parametrize("path", ["/api/v1/users/?q=a%00b", "/api/v1/users/?%00=x", "/api/v1/te%00ams/"])
def test_a_nul_in_the_address_is_400(path: str, api: ApiClient) -> None:
    response = api().get(path)

    assert response.status_code == 400
    assert "NUL" in told(response)["message"]


def test_somebody_signed_in_may_read_and_needs_the_token_to_write() -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(a_user(role=Role.ADMIN))

    read = browser.get("/api/v1/teams/")
    written = browser.post("/api/v1/teams/", {"name": "x"}, "application/json")

    assert read.status_code == 200
    assert written.status_code == 403
    assert "CSRF" in told(written)["message"]


def test_the_use_of_a_key_is_noted_at_most_once_a_minute() -> None:
    row, key = api_keys.create(name="k", user=a_user(), scope=Scope.READ)
    client = Client(headers={"Authorization": f"Bearer {key}"})

    client.get("/api/v1/teams/")
    row.refresh_from_db()
    first = row.last_used_at
    clock.move(timedelta(seconds=30))
    client.get("/api/v1/teams/")
    row.refresh_from_db()
    second = row.last_used_at
    clock.move(timedelta(seconds=31))
    client.get("/api/v1/teams/")
    row.refresh_from_db()

    assert first is not None
    assert second == first
    assert row.last_used_at is not None
    assert row.last_used_at > first


def test_only_a_hash_of_a_key_is_kept() -> None:
    row, key = api_keys.create(name="k", user=a_user(), scope=Scope.READ)

    row.refresh_from_db()
    assert bytes(row.key_hash) == api_keys.hashed(key)
    assert key.startswith(row.prefix)
    assert len(row.prefix) * 2 < len(key)


def test_inner_fields_are_joined_by_dots() -> None:
    refusal = error("invalid", "No.", {"steps": [{"wait": ["Too long."]}, {}], "name": ["Empty.", "Bad."], "x": "Y."})

    assert refusal["error"]["fields"] == {"steps.0.wait": ["Too long."], "name": ["Empty.", "Bad."], "x": ["Y."]}
