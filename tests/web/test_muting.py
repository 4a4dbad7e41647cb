"""The pages of silences and of maintenance, as people without JavaScript have them."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import User
from alerts.decisions.grouping import fingerprint
from alerts.models import Alert, Integration
from alerts.muting import silences, windows
from alerts.muting.models import MaintenanceWindow, Silence
from alerts.muting.silences import SilenceWish
from alerts.muting.windows import WindowWish
from catalog.models import Service
from core import clock
from incidents import muting
from incidents.actor import system
from incidents.models import Incident
from incidents.mutes import Mute
from tests import factories
from tests.web.conftest import SignIn

SILENCE = {"matchers": 'alertname="DiskFull"\r\ninstance=~db-.*', "span": "1h", "comment": "known"}
WINDOW = {"name": "update", "duration": "2h", "time_zone": "Europe/Berlin", "repeat": "FREQ=WEEKLY"}


@pytest.fixture
def service(db: None) -> Service:
    return factories.a_service("checkout")


def an_alert(service: Service, incident: Incident, **labels: str) -> Alert:
    """One that fires, as the pipeline would have kept it."""
    integration, _ = Integration.objects.get_or_create(
        name="prometheus", defaults={"source": "alertmanager", "key_hash": b"x", "key_prefix": "x"}
    )
    now = clock.now()
    mark = fingerprint(str(sorted(labels.items())))
    return Alert.objects.create(
        integration=integration,
        fingerprint=mark,
        dedup_key=mark,
        title="Disk full",
        labels=labels,
        first_seen_at=now,
        last_seen_at=now,
        service=service,
        incident=incident,
    )


def test_a_silence_is_made_changed_and_ended(browser: Client, service: Service) -> None:
    answer = browser.post("/silences/new/", {**SILENCE, "service": service.pk}, follow=True)

    silence = Silence.objects.get()
    page = answer.content.decode()
    assert (silence.matchers, silence.created_by, silence.service) == (
        ['alertname="DiskFull"', 'instance=~"db-.*"'],
        "ada",
        service,
    )
    assert "known" in page
    assert "only checkout" in page
    browser.post(f"/silences/{silence.pk}/", {**SILENCE, "span": "as it is", "comment": "still known"})
    silence.refresh_from_db()
    assert (silence.comment, silence.service) == ("still known", None)
    browser.post(f"/silences/{silence.pk}/expire/")
    assert "still known" not in browser.get("/silences/").content.decode()
    assert "ended by ada" in browser.get("/silences/?state=expired").content.decode()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"matchers": "alertname"}, "is missing"),
        ({"matchers": 'a=~".*"'}, "must not match the empty string"),
        ({"comment": ""}, "This field is required"),
        ({"span": "until"}, "Name the moment."),
        ({"span": "until", "ends_at": "2020-01-01T10:00"}, "name a moment ahead"),
    ],
)
def test_a_silence_that_means_nothing_is_refused_at_its_field(
    browser: Client, changes: dict[str, str], says: str
) -> None:
    answer = browser.post("/silences/new/", {**SILENCE, **changes})

    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not Silence.objects.exists()


def test_the_form_is_filled_in_from_an_incident(browser: Client, service: Service) -> None:
    incident = factories.an_incident("Disk full", service=service)
    an_alert(service, incident, alertname="DiskFull", instance="a", cluster="eu")
    an_alert(service, incident, alertname="DiskFull", instance="b", cluster="eu")
    Incident.objects.filter(pk=incident.pk).update(alert_count=2, firing_count=2)

    page = browser.get(f"/silences/new/?incident={incident.pk}").content.decode()

    assert "alertname=&quot;DiskFull&quot;\ncluster=&quot;eu&quot;</textarea>" in page
    assert f"#{incident.pk} Disk full" in page
    assert f"/silences/new/?incident={incident.pk}" in browser.get(incident.get_absolute_url()).content.decode()


def test_a_preview_needs_no_javascript_and_makes_nothing(browser: Client, service: Service) -> None:
    an_alert(service, factories.an_incident(service=service), alertname="DiskFull", instance="db-1")

    whole = browser.post("/silences/new/", {**SILENCE, "comment": "", "preview": "1"})
    part = browser.post("/silences/preview/", SILENCE)
    wrong = browser.post("/silences/preview/", {**SILENCE, "matchers": "a=~("})
    window = browser.post("/silences/preview/", {**WINDOW, "services": [service.pk]})

    assert whole.status_code == 200
    for page in (whole, part, window):
        assert "<strong>1</strong> alert fires now, <strong>1</strong> in the last seven days" in page.content.decode()
    assert "not a regular expression" in wrong.content.decode()
    assert not Silence.objects.exists()


def test_a_window_is_planned_changed_and_ended(browser: Client, service: Service) -> None:
    answer = browser.post("/maintenance/new/", {**WINDOW, "services": [service.pk]}, follow=True)

    window = MaintenanceWindow.objects.get()
    assert (window.is_on, window.time_zone, window.created_by) == (True, "Europe/Berlin", "ada")
    assert "On until" in answer.content.decode()
    form = {**WINDOW, "services": [service.pk], "starts": "2026-01-04T22:00", "repeat": "rule"}
    browser.post(f"/maintenance/{window.pk}/", {**form, "recurrence": "FREQ=MONTHLY;BYDAY=1SU"})
    window.refresh_from_db()
    assert (window.recurrence, str(window.start_time)) == ("FREQ=MONTHLY;BYDAY=1SU", "22:00:00")
    browser.post(f"/maintenance/{window.pk}/", {**WINDOW, "services": [service.pk]})
    browser.post(f"/maintenance/{window.pk}/end/")
    window.refresh_from_db()
    assert (window.is_on, window.ended_by) == (False, "ada")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "Say what it mutes"),
        ({"matchers": "a=b", "duration": "soon"}, "soon"),
        ({"matchers": "a=b", "time_zone": "Moon/Crater"}, "is not an IANA time zone"),
        ({"matchers": "a=b", "repeat": "rule", "recurrence": "sometimes"}, "cannot stand here"),
    ],
)
def test_a_window_that_means_nothing_is_refused_at_its_field(
    browser: Client, changes: dict[str, str], says: str
) -> None:
    answer = browser.post("/maintenance/new/", {**WINDOW, **changes})

    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not MaintenanceWindow.objects.exists()


def test_a_viewer_sees_what_is_muted_and_changes_nothing(signed_in: SignIn, viewer: User, service: Service) -> None:
    silence = silences.create(SilenceWish(["a=b"], clock.now() + timedelta(hours=1), "why"), owner="ada")
    windows.create(WindowWish("update", windows.local_now("UTC"), timedelta(hours=1), services=[service]), owner="ada")
    browser = signed_in(viewer)

    assert "End now" not in browser.get("/silences/").content.decode()
    assert "End now" not in browser.get("/maintenance/").content.decode()
    assert browser.post(f"/silences/{silence.pk}/expire/").status_code == 403
    assert browser.get("/silences/new/").status_code == 403


def test_a_muted_incident_says_by_whom_and_stands_apart(browser: Client, service: Service) -> None:
    loud, quiet = factories.an_incident("Loud", service=service), factories.an_incident("Quiet", service=service)
    muting.mute(
        quiet.pk,
        Mute("silenced", "silence 7", 7, "ben", clock.now() + timedelta(hours=2), "deploying"),
        by=system("muting"),
    )

    page = browser.get(quiet.get_absolute_url()).content.decode()
    listed = browser.get("/").content.decode()

    assert "Silenced by ben until" in page
    assert "(silence 7): deploying" in page
    assert listed.index("Nobody has these yet") < listed.index("Loud") < listed.index("Muted: nobody is paged")
    assert listed.index("Muted: nobody is paged") < listed.index("Quiet")
    assert loud.title in listed
