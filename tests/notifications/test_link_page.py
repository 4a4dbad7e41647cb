"""The link in an e-mail: opening it changes nothing, its button acts, and it ends after a day."""

import pytest
from django.test import Client

from incidents import lifecycle
from incidents.models import Incident
from incidents.states import Status
from tests.factories import an_incident, by
from tests.fakes import Carriers
from tests.notifications.conftest import PUBLIC_URL, Engine, Someone


@pytest.fixture
def incident(phones: Carriers, tick: Engine, ada: Someone) -> Incident:
    """ada has a page in her mail."""
    ada.wants((0, "email"))
    incident = an_incident("Replica lag <b>")
    ada.is_paged(incident)
    tick.run()
    return incident


def link(phones: Carriers, whom: Someone) -> str:
    return phones.mail.to(whom).latest.link("Acknowledge").url


def path(phones: Carriers, whom: Someone) -> str:
    return link(phones, whom).removeprefix(PUBLIC_URL)


@pytest.mark.parametrize(("label", "status"), [("Acknowledge", "acknowledged"), ("Resolve", "resolved")])
def test_the_button_acts_without_signing_in(
    phones: Carriers, incident: Incident, ada: Someone, label: str, status: str
) -> None:
    answer = phones.mail.to(ada).follow(label)

    incident.refresh_from_db()
    assert incident.status == status
    assert answer.status == 200
    assert f"{status.capitalize()} by ada" in answer.text
    assert incident.timeline.filter(kind=status, via="email", actor_name="ada").exists()


def test_link_scanners_change_nothing(phones: Carriers, incident: Incident, ada: Someone) -> None:
    answers = phones.mail.to(ada).prefetch()

    incident.refresh_from_db()
    assert incident.status == Status.TRIGGERED
    assert any(answer.ok for answer in answers)


def test_the_page_gives_nothing_away(phones: Carriers, incident: Incident, ada: Someone, client: Client) -> None:
    answer = client.get(path(phones, ada))

    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert b"Replica lag &lt;b&gt;" in answer.content


def test_it_ends_after_a_day_and_says_what_to_do(
    phones: Carriers, tick: Engine, incident: Incident, ada: Someone, client: Client
) -> None:
    address = path(phones, ada)
    tick.wait(24 * 3600 + 1)

    answer = client.post(address, {"verb": "acknowledge"})

    incident.refresh_from_db()
    assert answer.status_code == 410
    assert b"Sign in to Tocsin" in answer.content
    assert incident.status == Status.TRIGGERED


@pytest.mark.parametrize("cut", [slice(0, -1), slice(0, 10), slice(3, None)])
def test_a_link_that_was_cut_or_made_up_is_refused(
    phones: Carriers, incident: Incident, ada: Someone, client: Client, cut: slice
) -> None:
    token = path(phones, ada).removeprefix("/e/").strip("/")

    answer = client.post(f"/e/{token[cut]}/", {"verb": "resolve"})

    incident.refresh_from_db()
    assert answer.status_code == 404
    assert b"Nothing was changed" in answer.content
    assert incident.status == Status.TRIGGERED


def test_it_is_for_one_incident_and_one_person(
    phones: Carriers, tick: Engine, incident: Incident, ada: Someone, ben: Someone
) -> None:
    ben.wants((0, "email"))
    ben.is_paged(incident)
    other = an_incident("Another")
    ada.is_paged(other)
    tick.run()
    tick.wait(3)

    addresses = {link(phones, ben), *(each.link("Acknowledge").url for each in phones.mail.to(ada).messages)}

    assert len(addresses) == 3


def test_who_lost_her_account_cannot_act(phones: Carriers, incident: Incident, ada: Someone, client: Client) -> None:
    ada.user.is_active = False
    ada.user.save()

    answer = client.post(path(phones, ada), {"verb": "acknowledge"})

    incident.refresh_from_db()
    assert answer.status_code == 404
    assert incident.status == Status.TRIGGERED


def test_pressing_late_says_who_has_it(
    phones: Carriers, incident: Incident, ada: Someone, ben: Someone, client: Client
) -> None:
    lifecycle.acknowledge(incident.pk, by=by(ben.user))

    answer = client.post(path(phones, ada), {"verb": "acknowledge"})

    assert answer.status_code == 200
    assert b"ben already has" in answer.content


def test_a_strange_verb_is_refused(phones: Carriers, incident: Incident, ada: Someone, client: Client) -> None:
    answer = client.post(path(phones, ada), {"verb": "delete"})

    assert answer.status_code == 400
    assert b"Press one of the buttons" in answer.content
