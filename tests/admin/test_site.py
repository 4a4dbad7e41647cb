"""What belongs to no app: searching, one's own password, leaving, and what pages cost."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from tests.admin.conftest import As
from tests.factories import a_service, a_user


def test_ones_own_password_is_changed_by_who_knows_the_old_one(admin: Client) -> None:
    me = User.objects.get(role=Role.ADMIN)
    me.set_password("the old one of mine")
    me.save()
    admin.force_login(me)
    secret = "a new and longer secret"
    form = {"new_password1": secret, "new_password2": secret}

    refused = admin.post(reverse("admin:password_change"), {**form, "old_password": "a guess"})
    taken = admin.post(reverse("admin:password_change"), {**form, "old_password": "the old one of mine"})

    assert (refused.status_code, taken.status_code) == (200, 302)
    me.refresh_from_db()
    assert me.check_password(secret)


def test_leaving_leads_to_where_people_sign_in(manager: Client) -> None:
    answer = manager.post(reverse("admin:logout"))

    assert answer.headers["Location"] == "/sign-in/"
    assert manager.get("/admin/").status_code == 302


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMIN])
def test_choosing_by_typing_finds_people(signed_in: As, role: Role) -> None:
    a_user("ada")
    a_service()

    answer = signed_in(role).get(
        reverse("admin:autocomplete"),
        {"term": "ada", "app_label": "oncall", "model_name": "override", "field_name": "person"},
    )

    assert [each["text"] for each in answer.json()["results"]] == ["ada"]


def test_the_menu_is_searched(manager: Client) -> None:
    assert "Postmortems" in manager.get(reverse("admin:search"), {"s": "postm"}).content.decode()


def test_the_overview_asks_no_query_per_row(
    manager: Client, django_assert_max_num_queries: pytest.FixtureRequest
) -> None:
    for _ in range(12):
        a_service()

    with django_assert_max_num_queries(20):  # type: ignore[operator]  # pytest-django's fixture
        assert "Services that nobody answers for" in manager.get("/admin/").content.decode()
