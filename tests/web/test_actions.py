"""What can be done to an incident, as plain forms: each works without JavaScript and names who did it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from core import clock
from incidents import lifecycle
from incidents.models import Incident, TimelineEntry
from incidents.states import Status
from tests import factories
from tests.fakes import Carriers
from tests.world import MovedEngine, World, after
from web.forms.actions import next_morning


def press(browser: Client, incident: Incident, verb: str, **fields: str) -> HttpResponse:
    """Send the form of a verb."""
    answer: Any = browser.post(f"/incidents/{incident.pk}/{verb}/", fields)
    assert isinstance(answer, HttpResponse)
    return answer


def told(answer: HttpResponse) -> str:
    """What the next page will say."""
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))  # type: ignore[attr-defined]


def last_entry(incident: Incident) -> TimelineEntry:
    """What happened last."""
    entry = TimelineEntry.objects.filter(incident=incident).order_by("-id").first()
    assert entry is not None
    return entry


def test_acknowledging_shows_who_and_how_in_the_timeline(browser: Client, ada: User) -> None:
    incident = factories.an_incident()

    answer = press(browser, incident, "acknowledge")

    incident.refresh_from_db()
    entry = last_entry(incident)
    assert (incident.status, incident.acknowledged_by) == (Status.ACKNOWLEDGED, ada)
    assert (entry.kind, entry.actor_name, entry.via) == ("acknowledged", "ada", "web")
    assert answer.headers["Location"] == f"/incidents/{incident.pk}/"


def test_acknowledging_in_the_list_leads_back_to_the_list(browser: Client) -> None:
    incident = factories.an_incident()

    answer = press(browser, incident, "acknowledge", next="/?service=db&status=open")

    assert answer.headers["Location"] == "/?service=db&status=open"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "incidents"])
def test_nobody_is_led_elsewhere(browser: Client, elsewhere: str) -> None:
    incident = factories.an_incident()

    answer = press(browser, incident, "acknowledge", next=elsewhere)

    assert answer.headers["Location"] == f"/incidents/{incident.pk}/"


def test_acknowledging_twice_is_no_error(browser: Client) -> None:
    incident = factories.an_incident()
    press(browser, incident, "acknowledge")

    assert "acknowledged already" in told(press(browser, incident, "acknowledge"))


def test_releasing_resolving_and_reopening(browser: Client) -> None:
    incident = factories.an_incident()
    press(browser, incident, "acknowledge")

    for verb, status in [
        ("unacknowledge", Status.TRIGGERED),
        ("resolve", Status.RESOLVED),
        ("reopen", Status.TRIGGERED),
    ]:
        press(browser, incident, verb)
        incident.refresh_from_db()
        assert incident.status == status


def test_a_refused_move_is_explained_on_the_page(browser: Client, ada: User) -> None:
    incident = factories.an_incident()
    lifecycle.resolve(incident.pk, by=factories.by(ada))

    answer = browser.post(f"/incidents/{incident.pk}/acknowledge/", follow=True)

    assert "An incident that is resolved cannot be changed by “acknowledge”" in answer.content.decode()


def test_snoozing_ends_when_the_button_says(browser: Client) -> None:
    incident = factories.an_incident()
    before = clock.now()

    press(browser, incident, "snooze", span="1h")

    incident.refresh_from_db()
    assert incident.status == Status.SNOOZED
    assert incident.due_at is not None
    assert timedelta(hours=1) <= incident.due_at - before < timedelta(hours=1, seconds=10)


@pytest.mark.parametrize(
    ("now", "morning"),
    [
        ("2026-03-28T03:12", "2026-03-28T09:00+01:00"),
        ("2026-03-28T10:00", "2026-03-29T09:00+02:00"),  # the clocks go forward in that night
        ("2026-10-24T23:00", "2026-10-25T09:00+01:00"),
    ],
)
def test_until_nine_is_nine_on_her_own_wall(now: str, morning: str) -> None:
    local = datetime.fromisoformat(now).replace(tzinfo=ZoneInfo("Europe/Berlin"))

    assert next_morning(local).astimezone(UTC) == datetime.fromisoformat(morning).astimezone(UTC)


def test_a_snooze_of_another_length_is_refused(browser: Client) -> None:
    incident = factories.an_incident()

    assert "Span:" in told(press(browser, incident, "snooze", span="100y"))

    incident.refresh_from_db()
    assert incident.status == Status.TRIGGERED


def test_a_note_stands_in_the_timeline_as_text(browser: Client) -> None:
    incident = factories.an_incident()

    press(browser, incident, "note", text="Failed over.\n<b>Watching</b>")

    page = browser.get(f"/incidents/{incident.pk}/").content.decode()
    assert "Failed over.\n&lt;b&gt;Watching&lt;/b&gt;" in page
    assert "ada on the web" in page


def test_an_empty_note_is_refused(browser: Client) -> None:
    incident = factories.an_incident()

    assert "Text:" in told(press(browser, incident, "note", text="  "))
    assert not TimelineEntry.objects.filter(kind="note").exists()


def test_merging_needs_a_number_that_exists(browser: Client) -> None:
    incident = factories.an_incident()

    assert "There is no incident #999999" in told(press(browser, incident, "merge", into="999999"))
    assert "Into:" in told(press(browser, incident, "merge", into="that one"))
    assert "cannot be merged into itself" in told(press(browser, incident, "merge", into=str(incident.pk)))


def test_giving_it_to_somebody_pages_her(world: World, engine: MovedEngine, carriers: Carriers, client: Client) -> None:
    ada, ben = world.person("ada"), world.person("ben")
    world.service("db").covered_by([ada, after(minutes=5)])
    incident = world.fire("db")
    engine.run()
    client.force_login(ada.user)

    press(client, incident, "reassign", person=str(ben.user.pk))
    engine.run()

    assert world.paged(incident) == ["ada", "ben"]


def test_escalating_takes_the_next_step_now(
    world: World, engine: MovedEngine, carriers: Carriers, client: Client
) -> None:
    ada, ben = world.person("ada"), world.person("ben")
    world.service("db").covered_by([ada, after(minutes=30), ben])
    incident = world.fire("db")
    engine.run()
    client.force_login(ada.user)

    press(client, incident, "escalate")
    engine.run()

    assert world.paged(incident) == ["ada", "ben"]
    assert "ada" in TimelineEntry.objects.get(incident=incident, kind="escalated").actor_name


def test_opening_by_hand_pages_and_leads_to_the_page(
    world: World, engine: MovedEngine, carriers: Carriers, client: Client
) -> None:
    ada = world.person("ada")
    service = world.service("db").covered_by([ada]).row
    client.force_login(ada.user)
    form = {
        "title": "Customers cannot pay",
        "service": str(service.pk),
        "urgency": "high",
        "description": "",
        "token": "7f8ff1ff-6a0f-4b0f-9f3e-3f6f0a4a2f11",
    }

    first = client.post("/incidents/open/", form)
    again = client.post("/incidents/open/", form)
    engine.run()

    incident = Incident.objects.get()
    assert first.headers["Location"] == again.headers["Location"] == f"/incidents/{incident.pk}/"
    assert incident.title == "Customers cannot pay"
    assert world.paged(incident) == ["ada"]


def test_opening_by_hand_says_what_is_missing(browser: Client) -> None:
    answer = browser.post("/incidents/open/", {"title": "", "token": "nonsense"})

    assert answer.status_code == 422
    assert b"This field is required" in answer.content
    assert not Incident.objects.exists()
