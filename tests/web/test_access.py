"""Who may open and press what: every page of this app, by role. A page without a rule here fails the test."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse
from django.urls.resolvers import URLPattern

from accounts.models import Role, User
from alerts.heartbeats import verbs as heartbeats
from alerts.heartbeats.models import Heartbeat
from alerts.heartbeats.verbs import Wish
from alerts.integrations.keys import RouteWish, create_integration
from alerts.models import Integration
from alerts.muting import silences, windows
from alerts.muting.models import MaintenanceWindow
from alerts.muting.silences import SilenceWish
from alerts.muting.windows import WindowWish
from core import clock
from incidents.models import Incident
from tests import factories
from tests.web.conftest import SignIn
from web import urls

READ = {
    "incidents",
    "incident",
    "incident-timeline",
    "incident-alerts",
    "on-call",
    "heartbeats",
    "silences",
    "maintenance",
    "integrations",
    "problems",
    "me",
}
RESPONDERS_READ = {"quarantine", "incident-open", "silence-new", "silence-edit", "maintenance-new", "maintenance-edit"}
RESPONDERS_POST = {
    "incident-open",
    "incident-acknowledge",
    "incident-unacknowledge",
    "incident-resolve",
    "incident-reopen",
    "incident-snooze",
    "incident-escalate",
    "incident-reassign",
    "incident-merge",
    "incident-note",
    "heartbeat-pause",
    "heartbeat-resume",
    "silence-new",
    "silence-edit",
    "silence-expire",
    "silence-preview",
    "maintenance-new",
    "maintenance-edit",
    "maintenance-end",
}
MANAGERS_POST = {
    "mapping",
    "mapping-preview",
    "mapping-replay",
    "mapping-use",
    "quarantine-replay",
    "quarantine-replay-all",
    "quarantine-dismiss",
}
OWN_POST = {"me", "me-test-page", "me-theme", "me-sign-out-everywhere"}
OPEN_TO_ALL = {"sign-in", "sign-out", "healthz", "readyz", "metrics"}
NAMES = READ | RESPONDERS_READ | RESPONDERS_POST | MANAGERS_POST | OWN_POST


@pytest.fixture
def incident(db: None) -> Incident:
    """One to act on."""
    return factories.an_incident()


def address(name: str, incident: Incident) -> str:
    """The address of a page, of this incident where it is about one."""
    if name.startswith("heartbeat-"):
        nightly = Wish("nightly backup", period=timedelta(days=1), service=incident.service)
        heartbeat = Heartbeat.objects.first() or heartbeats.create(nightly)[0]
        return reverse(f"web:{name}", args=[heartbeat.pk])
    if name in {"silence-edit", "silence-expire"}:
        wish = SilenceWish(["a=b"], clock.now() + timedelta(hours=1), "why")
        return reverse(f"web:{name}", args=[silences.create(wish, owner="ada").pk])
    if name in {"maintenance-edit", "maintenance-end"}:
        window = MaintenanceWindow.objects.first() or windows.create(
            WindowWish("update", windows.local_now("UTC"), timedelta(hours=1), matchers=["a=b"]), owner="ada"
        )
        return reverse(f"web:{name}", args=[window.pk])
    if name.startswith("mapping"):
        return reverse(f"web:{name}", args=[(Integration.objects.first() or _integration(incident)).pk])
    if name in {"quarantine-replay", "quarantine-dismiss"}:
        return reverse(f"web:{name}", args=[1])
    needs_one = name.startswith("incident") and name not in {"incidents", "incident-open"}
    return reverse(f"web:{name}", args=[incident.pk] if needs_one else [])


def _integration(incident: Incident) -> Integration:
    return create_integration(name="home grown", source="generic", routes=[RouteWish(incident.service)])[0]


def patterns() -> Iterator[URLPattern]:
    """Every URL of this app."""
    for each in urls.urlpatterns:
        assert isinstance(each, URLPattern)
        yield each


def test_every_url_has_a_rule_here() -> None:
    assert {each.name for each in patterns() if each.name} - POSTMORTEMS == NAMES | OPEN_TO_ALL


POSTMORTEMS = {each.name for each in patterns() if each.name and each.name.startswith(("postmortem", "action-item"))}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_strangers_are_sent_to_sign_in(client: Client, incident: Incident, name: str) -> None:
    for answer in (client.get(address(name, incident)), client.post(address(name, incident))):
        assert answer.status_code in {302, 405}
        assert answer.status_code == 405 or answer.headers["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_fragment_for_a_stranger_is_refused_and_not_the_sign_in_page(
    client: Client, incident: Incident, name: str
) -> None:
    answer = client.post(address(name, incident), headers={"hx-request": "true"})

    assert answer.status_code in {401, 405}


@pytest.mark.parametrize("name", sorted(RESPONDERS_POST))
def test_viewers_change_nothing(signed_in: SignIn, viewer: User, incident: Incident, name: str) -> None:
    before = incident.version

    answer = signed_in(viewer).post(address(name, incident))

    incident.refresh_from_db()
    assert answer.status_code == 403
    assert "This needs the role responder; yours is viewer" in answer.content.decode()
    assert incident.version == before


@pytest.mark.parametrize("name", sorted(MANAGERS_POST))
def test_responders_do_not_change_how_things_are_set_up(browser: Client, incident: Incident, name: str) -> None:
    answer = browser.post(address(name, incident))

    assert answer.status_code == 403
    assert "This needs the role manager; yours is responder" in answer.content.decode()


@pytest.mark.parametrize("name", sorted(READ))
def test_viewers_read(signed_in: SignIn, viewer: User, incident: Incident, name: str) -> None:
    assert signed_in(viewer).get(address(name, incident)).status_code == 200


@pytest.mark.parametrize("name", sorted(RESPONDERS_POST - RESPONDERS_READ))
def test_nothing_is_changed_by_opening_an_address(browser: Client, incident: Incident, name: str) -> None:
    assert browser.get(address(name, incident)).status_code == 405


@pytest.mark.parametrize("name", sorted(RESPONDERS_POST | OWN_POST | {"sign-in", "sign-out"}))
def test_a_post_from_another_site_is_refused(signed_in: SignIn, ada: User, incident: Incident, name: str) -> None:
    browser = signed_in(ada)
    browser.handler.enforce_csrf_checks = True

    answer = browser.post(address(name, incident))

    assert answer.status_code == 403
    assert b"Please try again" in answer.content


def test_reading_every_page_as_admin_writes_no_row(signed_in: SignIn, incident: Incident) -> None:
    browser = signed_in(factories.a_user(role=Role.ADMIN))
    browser.get("/")

    def rows() -> dict[str, int]:
        models = [model for model in apps.get_models() if model._meta.managed]
        return {model._meta.label: model._default_manager.count() for model in models}

    addresses = [address(name, incident) for name in sorted(READ | RESPONDERS_READ | {"healthz", "readyz", "metrics"})]
    before = rows()
    for each in addresses:
        assert browser.get(each).status_code == 200

    assert rows() == before


def test_who_was_removed_is_out_at_once(signed_in: SignIn, ada: User) -> None:
    browser = signed_in(ada)
    User.objects.filter(pk=ada.pk).update(is_active=False)

    assert browser.get("/").status_code == 302


def test_pages_are_not_kept_by_caches(browser: Client) -> None:
    assert "no-store" in browser.get("/").headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/", "/sign-in/", "/nothing-here/", "/incidents/9999/acknowledge/", "/healthz"])
def test_every_answer_carries_the_policy_that_runs_only_our_scripts(browser: Client, path: str) -> None:
    headers = browser.get(path).headers
    policy = headers["Content-Security-Policy"]

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy


def test_no_page_holds_scripts_or_styles_of_its_own(browser: Client, incident: Incident) -> None:
    for name in sorted(READ | RESPONDERS_READ | {"sign-in"}):
        page = browser.get(address(name, incident)).content.decode()
        assert "<script>" not in page
        assert "<style" not in page
        assert " style=" not in page
        assert " onclick=" not in page
