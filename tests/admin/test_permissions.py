"""Who may enter the admin, and who may do what there."""

import pytest
from django.contrib import admin as django_admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from accounts.models import ApiKey, Role, SignInAttempt, Team, User
from alerts.heartbeats.models import Heartbeat
from alerts.models import Alert, Event, Integration
from alerts.muting.models import InhibitionRule, MaintenanceWindow, Silence
from catalog.models import Service
from escalation.models import Policy
from incidents.models import Incident
from notifications.models import Delivery
from oncall.models import Override, Schedule
from postmortems.models import ActionItem, Postmortem, Template
from tests.admin.conftest import As

BY_MANAGERS = {
    *(Team, Schedule, Override, Policy, Service, ActionItem, Template),
    *(MaintenanceWindow, InhibitionRule, Heartbeat),
}
BY_ADMINS = {User, ApiKey, Integration}
BY_NOBODY = {Incident, Delivery, Event, Alert, Postmortem, SignInAttempt, Silence}
DELETED_BY_NOBODY = {*BY_NOBODY, User, ApiKey, ActionItem}
SEEN_BY_ADMINS_ONLY = {SignInAttempt}


def _url(model: type[Model], page: str) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}")


def test_every_kind_of_thing_in_the_admin_is_decided_on() -> None:
    assert set(django_admin.site._registry) == BY_MANAGERS | BY_ADMINS | BY_NOBODY


def test_strangers_sign_in_where_everybody_does(db: None) -> None:
    answer = Client().get("/admin/catalog/service/", follow=True)

    assert answer.redirect_chain[-1][0] == "/sign-in/?next=%2Fadmin%2Fcatalog%2Fservice%2F"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.RESPONDER])
def test_those_who_manage_nothing_are_told_so(signed_in: As, role: Role) -> None:
    answer = signed_in(role).get("/admin/", follow=True)

    assert answer.status_code == 403


def test_somebody_who_was_switched_off_is_out_at_once(signed_in: As) -> None:
    client = signed_in(Role.ADMIN)
    User.objects.filter(role=Role.ADMIN).update(is_active=False)

    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("model", sorted(BY_MANAGERS | BY_ADMINS | BY_NOBODY, key=str))
@pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMIN])
def test_each_role_sees_and_makes_what_it_may(signed_in: As, model: type[Model], role: Role) -> None:
    client = signed_in(role)
    may_see = role is Role.ADMIN or model not in SEEN_BY_ADMINS_ONLY
    may_add = model in BY_MANAGERS or (model in BY_ADMINS and role is Role.ADMIN)

    seen = client.get(_url(model, "changelist"))
    added = client.get(_url(model, "add"))

    assert seen.status_code == (200 if may_see else 403)
    assert added.status_code == (200 if may_add else 403)


@pytest.mark.parametrize("model", sorted(DELETED_BY_NOBODY, key=str))
def test_records_are_deleted_by_nobody(signed_in: As, model: type[Model]) -> None:
    client = signed_in(Role.ADMIN)

    answer = client.post(
        _url(model, "changelist"), {"action": "delete_selected", "_selected_action": "1", "post": "yes"}
    )

    assert answer.status_code in {200, 302, 403}
    assert "Successfully deleted" not in client.get(_url(model, "changelist")).content.decode()
    assert b"delete_selected" not in client.get(_url(model, "changelist")).content


def test_the_policy_is_looser_under_admin_only(signed_in: As) -> None:
    client = signed_in(Role.ADMIN)

    inside = client.get("/admin/").headers["Content-Security-Policy"]
    outside = client.get("/").headers["Content-Security-Policy"]

    assert "script-src 'self' 'unsafe-eval'" in inside
    assert "'unsafe-inline'" in inside
    assert "unsafe" not in outside
    assert "script-src 'self' 'unsafe-inline'" not in inside


def test_every_page_of_the_menu_opens(admin: Client) -> None:
    overview = admin.get("/admin/")

    for group in overview.context_data["sidebar_navigation"]:  # type: ignore[index]  # of the template response
        for item in group["items"]:
            assert admin.get(str(item["link"])).status_code == 200, item["title"]
