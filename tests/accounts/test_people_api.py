"""People and teams through the API."""

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, Scope, Team, User
from tests.accounts.conftest import ApiClient
from tests.factories import a_service, a_team, a_user

pytestmark = pytest.mark.django_db


def names(client: Client, path: str, key: str = "username", **asked: str) -> list[str]:
    """The names in a page, in its order."""
    return [each[key] for each in client.get(path, asked).json()["results"]]


def fields(response: Any) -> dict[str, list[str]]:
    """What is wrong with which field."""
    told: dict[str, list[str]] = json.loads(response.content)["error"]["fields"]
    return told


def test_a_person_as_everybody_sees_her(api: ApiClient) -> None:
    ada = a_user("ada", time_zone="Europe/Berlin")
    a_team("platform", members=[ada])

    seen = api(Role.VIEWER, Scope.READ).get(f"/api/v1/users/{ada.pk}/").json()

    assert seen.pop("created_at").endswith("Z")
    assert seen == {
        "id": ada.pk,
        "username": "ada",
        "full_name": "",
        "email": "ada@example.com",
        "role": "responder",
        "time_zone": "Europe/Berlin",
        "active": True,
        "teams": ["platform"],
    }


def test_people_are_found_by_name_team_role_and_whether_they_are_active(api: ApiClient) -> None:
    ada, _ben, _gone = a_user("ada", role=Role.MANAGER), a_user("ben"), a_user("gone", is_active=False)
    a_team("platform", members=[ada])
    client = api(user=a_user("root", role=Role.ADMIN))

    assert names(client, "/api/v1/users/") == ["root", "gone", "ben", "ada"]
    assert names(client, "/api/v1/users/", q="AD") == ["ada"]
    assert names(client, "/api/v1/users/", team="platform") == ["ada"]
    assert names(client, "/api/v1/users/", role="manager") == ["ada"]
    assert names(client, "/api/v1/users/", active="false") == ["gone"]


def test_lists_come_in_pages_newest_first(api: ApiClient) -> None:
    client = api(user=a_user("root", role=Role.ADMIN))
    for number in range(5):
        a_team(f"t{number}")

    first = client.get("/api/v1/teams/", {"page_size": "2"}).json()
    second = client.get(first["next"]).json()

    assert set(first) == {"next", "previous", "results"}
    assert [each["name"] for each in first["results"]] == ["t4", "t3"]
    assert [each["name"] for each in second["results"]] == ["t2", "t1"]
    assert client.get(second["previous"]).json()["results"] == first["results"]


@pytest.mark.parametrize("path", ["/api/v1/users/", "/api/v1/teams/"])
def test_a_longer_list_needs_no_more_queries(
    path: str, api: ApiClient, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = api()
    for _ in range(20):
        a_team(members=[a_user(), a_user()])
    client.get(path)

    with django_assert_max_num_queries(3):
        client.get(path)


def test_an_admin_makes_a_person_who_can_sign_in(api: ApiClient) -> None:
    wish = {
        "username": "ada",
        "password": "correct horse battery staple",
        "role": "manager",
        "email": "ada@example.com",
    }

    response = api().post("/api/v1/users/", wish, "application/json")

    ada = User.objects.get(username="ada")
    assert response.status_code == 201
    assert "password" not in response.json()
    assert ada.role == Role.MANAGER
    assert ada.check_password("correct horse battery staple")


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({}, "username"),
        ({"username": "two words"}, "username"),
        ({"username": "root"}, "username"),
        ({"username": "x", "role": "boss"}, "role"),
        ({"username": "x", "time_zone": "Mars/Base"}, "time_zone"),
        ({"username": "x", "time_zone": "../../etc/passwd"}, "time_zone"),
        ({"username": "x", "email": "nobody"}, "email"),
        ({"username": "x", "password": "short"}, "password"),
        ({"username": "x", "password": "passwordpassword1" * 40}, "password"),
    ],
)
def test_a_person_who_cannot_be_made(wish: dict[str, str], field: str, api: ApiClient) -> None:
    client = api(user=a_user("root", role=Role.ADMIN))

    response = client.post("/api/v1/users/", wish, "application/json")

    assert response.status_code == 400
    assert list(fields(response)) == [field]
    assert User.objects.count() == 1


@pytest.mark.parametrize("role", [Role.VIEWER, Role.RESPONDER, Role.MANAGER])
def test_only_admins_make_and_change_people(role: Role, api: ApiClient) -> None:
    somebody = a_user("somebody", role=role)
    client = api(user=somebody)

    made = client.post("/api/v1/users/", {"username": "x"}, "application/json")
    changed = client.patch(f"/api/v1/users/{somebody.pk}/", {"role": "admin"}, "application/json")

    somebody.refresh_from_db()
    assert made.status_code == changed.status_code == 403
    assert somebody.role == role


def test_an_admin_changes_a_person_and_what_is_not_said_stays(api: ApiClient) -> None:
    ada = a_user("ada", time_zone="Europe/Berlin")

    response = api().patch(f"/api/v1/users/{ada.pk}/", {"active": False, "role": "viewer"}, "application/json")

    ada.refresh_from_db()
    assert response.json()["active"] is False
    assert (ada.is_active, ada.role, ada.time_zone) == (False, Role.VIEWER, "Europe/Berlin")


@pytest.mark.parametrize("change", [{"active": False}, {"role": "manager"}])
def test_the_last_admin_stays_one(change: dict[str, object], api: ApiClient) -> None:
    root = a_user("root", role=Role.ADMIN)

    response = api(user=root).patch(f"/api/v1/users/{root.pk}/", change, "application/json")

    root.refresh_from_db()
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "last_admin"
    assert root.is_at_least(Role.ADMIN)


def test_everybody_sees_and_changes_what_is_hers(api: ApiClient) -> None:
    ada = a_user("ada", role=Role.VIEWER)
    client = api(user=ada)

    changed = client.patch("/api/v1/users/me/", {"time_zone": "Asia/Tokyo", "role": "admin"}, "application/json")

    ada.refresh_from_db()
    assert changed.json() == client.get("/api/v1/users/me/").json()
    assert (ada.time_zone, ada.role) == ("Asia/Tokyo", Role.VIEWER)


def test_a_manager_makes_a_team_and_replaces_its_members(api: ApiClient) -> None:
    for name in ("ada", "ben"):
        a_user(name)
    client = api(Role.MANAGER, Scope.WRITE)

    made = client.post("/api/v1/teams/", {"name": "platform", "members": ["ben", "ada"]}, "application/json")
    changed = client.patch(f"/api/v1/teams/{made.json()['id']}/", {"members": ["ben"]}, "application/json")
    renamed = client.patch(f"/api/v1/teams/{made.json()['id']}/", {"name": "storage"}, "application/json")

    assert made.status_code == 201
    assert made.json()["members"] == ["ada", "ben"]
    assert changed.json()["members"] == ["ben"]
    assert renamed.json() == {"id": made.json()["id"], "name": "storage", "members": ["ben"]}


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"name": "x", "members": ["nobody"]}, "members"),
        ({"name": "x", "members": ["ada", "ada"]}, "members"),
        ({"name": "x", "members": "ada"}, "members"),
        ({"name": "taken"}, "name"),
    ],
)
def test_a_team_that_cannot_be_made(wish: dict[str, object], field: str, api: ApiClient) -> None:
    a_user("ada")
    a_team("taken")

    response = api().post("/api/v1/teams/", wish, "application/json")

    assert response.status_code == 400
    assert list(fields(response)) == [field]


def test_a_team_that_owns_nothing_can_be_deleted(api: ApiClient) -> None:
    owner, idle = a_team("owner"), a_team("idle")
    a_service("db", team=owner)
    client = api(Role.MANAGER)

    refused = client.delete(f"/api/v1/teams/{owner.pk}/")
    deleted = client.delete(f"/api/v1/teams/{idle.pk}/")

    assert refused.status_code == 409
    assert refused.json()["error"]["message"] == "owner still owns db. Give that to another team first."
    assert deleted.status_code == 204
    assert list(Team.objects.all()) == [owner]
