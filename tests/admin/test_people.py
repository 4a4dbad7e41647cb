"""People, teams and API keys in the admin."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts import api_keys
from accounts.api_keys import hashed
from accounts.models import ApiKey, Role, Scope, Team, User
from notifications.models import ContactMethod, NotificationRule
from tests.admin.filled import Values, filled
from tests.factories import a_team, a_user


def _page(user: User) -> str:
    return reverse("admin:accounts_user_change", args=[user.pk])


def _row(form: Values, prefix: str, number: int, **values: str) -> None:
    """Fill in one row of an inline, as pressing “Add another” does."""
    form[f"{prefix}-TOTAL_FORMS"] = str(number + 1)
    form.update({f"{prefix}-{number}-{name}": value for name, value in values.items()})


def test_an_admin_makes_a_person_who_can_sign_in(admin: Client) -> None:
    url = reverse("admin:accounts_user_add")
    form = filled(admin, url)
    secret = "correct horse battery staple"

    answer = admin.post(
        url,
        {
            **form,
            "username": "ada",
            "email": "ada@example.com",
            "role": "responder",
            "time_zone": "Europe/Berlin",
            "usable_password": "true",
            "password1": secret,
            "password2": secret,
        },
    )

    assert answer.status_code == 302
    ada = User.objects.get(username="ada")
    assert ada.check_password(secret)
    assert (ada.role, ada.time_zone) == (Role.RESPONDER, "Europe/Berlin")


def test_a_time_zone_nobody_has_is_refused(admin: Client) -> None:
    ada = a_user("ada")

    answer = admin.post(_page(ada), {**filled(admin, _page(ada)), "time_zone": "Mars/Olympus"})

    assert answer.status_code == 200
    ada.refresh_from_db()
    assert ada.time_zone == "UTC"


def test_an_admin_sets_a_password(admin: Client) -> None:
    ada = a_user("ada")
    url = reverse("admin:auth_user_password_change", args=[ada.pk])
    secret = "a new and longer secret"

    admin.post(url, {**filled(admin, url), "password1": secret, "password2": secret, "usable_password": "true"})

    ada.refresh_from_db()
    assert ada.check_password(secret)


def test_contact_methods_teams_and_rules_are_said_on_the_persons_page(admin: Client) -> None:
    ada, team = a_user("ada"), a_team("platform")
    form = filled(admin, _page(ada))
    _row(form, "memberships", 0, team=str(team.pk))
    _row(form, "contact_methods", 0, name="mobile", channel="sms", address="+12025550101", is_verified="on")
    admin.post(_page(ada), form)
    mobile = ContactMethod.objects.get()
    form = filled(admin, _page(ada))
    _row(form, "notification_rules", 0, urgency="high", after="0s", contact_method=str(mobile.pk))
    _row(form, "notification_rules", 1, urgency="high", after="1m 30s", contact_method=str(mobile.pk))
    _row(form, "notification_rules", 2, urgency="low", after="1h", contact_method=str(mobile.pk))

    answer = admin.post(_page(ada), form)

    assert answer.status_code == 302
    assert list(ada.teams.all()) == [team]
    assert mobile.is_verified
    rules = NotificationRule.objects.order_by("urgency", "position").values_list("urgency", "position", "after")
    assert [(urgency, position, after.total_seconds()) for urgency, position, after in rules] == [
        ("high", 1, 0),
        ("high", 2, 90),
        ("low", 1, 3600),
    ]


@pytest.mark.parametrize(("after", "said"), [("999999999w", "at most 366 days"), ("soon", "for example 30s, 5m")])
def test_what_is_no_duration_is_refused(admin: Client, after: str, said: str) -> None:
    ada = a_user("ada")
    method = ContactMethod.objects.create(user=ada, name="mobile", channel="sms", address="+12025550101")
    form = filled(admin, _page(ada))
    _row(form, "notification_rules", 0, urgency="high", after=after, contact_method=str(method.pk))

    answer = admin.post(_page(ada), form)

    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not NotificationRule.objects.exists()


@pytest.mark.parametrize(("channel", "address"), [("sms", "0171 1234567"), ("email", "ada at example.com")])
def test_an_address_its_channel_cannot_reach_is_refused(admin: Client, channel: str, address: str) -> None:
    ada = a_user("ada")
    form = filled(admin, _page(ada))
    _row(form, "contact_methods", 0, name="mine", channel=channel, address=address, is_verified="on")

    answer = admin.post(_page(ada), form)

    assert answer.status_code == 200
    assert f"{address}&quot; is not a" in answer.content.decode()
    assert not ContactMethod.objects.exists()


def test_rules_trade_places(admin: Client) -> None:
    ada = a_user("ada")
    methods = [
        ContactMethod.objects.create(user=ada, name=name, channel="email", address="a@example.com")
        for name in ("first", "second")
    ]
    for position, method in enumerate(methods, start=1):
        NotificationRule.objects.create(user=ada, urgency="high", position=position, after="0", contact_method=method)
    form = filled(admin, _page(ada))
    form |= {"notification_rules-0-position": "2", "notification_rules-1-position": "1"}

    answer = admin.post(_page(ada), form)

    assert answer.status_code == 302
    names = NotificationRule.objects.order_by("position").values_list("contact_method__name", flat=True)
    assert list(names) == ["second", "first"]


def test_a_rule_takes_nobody_elses_address(admin: Client) -> None:
    ada, ben = a_user("ada"), a_user("ben")
    bens = ContactMethod.objects.create(user=ben, name="mail", channel="email", address="ben@example.com")
    form = filled(admin, _page(ada))
    _row(form, "notification_rules", 0, urgency="high", after="0s", contact_method=str(bens.pk))

    answer = admin.post(_page(ada), form)

    assert answer.status_code == 200
    assert not NotificationRule.objects.exists()


@pytest.mark.parametrize("change", [{"role": "manager"}, {"is_active": ""}])
def test_the_last_admin_stays(admin: Client, change: dict[str, str]) -> None:
    last = User.objects.get(role=Role.ADMIN)
    form = {**filled(admin, _page(last)), **change}
    if not form.get("is_active"):
        del form["is_active"]

    answer = admin.post(_page(last), form)

    assert "This is the last admin" in answer.content.decode()
    last.refresh_from_db()
    assert (last.role, last.is_active) == (Role.ADMIN, True)


def test_a_manager_looks_at_people_and_changes_none(manager: Client) -> None:
    ada = a_user("ada")

    assert "ada@example.com" in manager.get(_page(ada)).content.decode()
    assert manager.post(_page(ada), {"role": "admin"}).status_code == 403


def test_a_key_is_shown_once_and_works(admin: Client) -> None:
    ada = a_user("ada")
    url = reverse("admin:accounts_apikey_add")

    answer = admin.post(url, {**filled(admin, url), "name": "ci", "user": str(ada.pk), "scope": "write"})

    shown = re.findall(r"tocsin_[\w-]+", answer.content.decode())
    key = ApiKey.objects.get(name="ci")
    assert bytes(key.key_hash) == hashed(shown[0])
    assert "no-store" in answer.headers["Cache-Control"]
    assert shown[0] not in admin.get(reverse("admin:accounts_apikey_change", args=[key.pk])).content.decode()


def test_a_revoked_key_is_refused_from_then_on(admin: Client) -> None:
    key, text = api_keys.create(name="ci", user=a_user("ada"), scope=Scope.READ)
    url = reverse("admin:accounts_apikey_revoke", args=[key.pk])

    asked = admin.get(url)
    answer = admin.post(url, {"_form_submitted": "on"})

    assert asked.status_code == 200
    assert answer.status_code == 302
    refused = Client().get("/api/v1/users/", headers={"Authorization": f"Bearer {text}"})
    assert refused.status_code == 401


def test_looking_at_the_question_revokes_nothing(admin: Client) -> None:
    key, _ = api_keys.create(name="ci", user=a_user("ada"), scope=Scope.READ)

    admin.get(reverse("admin:accounts_apikey_revoke", args=[key.pk]))

    key.refresh_from_db()
    assert key.revoked_at is None


def test_a_team_gets_members(manager: Client) -> None:
    ada = a_user("ada")
    url = reverse("admin:accounts_team_add")
    form = {**filled(manager, url), "name": "platform"}
    _row(form, "memberships", 0, user=str(ada.pk))

    manager.post(url, form)

    assert list(Team.objects.get().members.all()) == [ada]
