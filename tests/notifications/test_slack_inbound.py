"""Slack answers back: buttons, commands, events; and what is not from Slack stays outside."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import Role
from incidents.models import Incident
from incidents.states import Status
from notifications.models import ContactMethod, Delivery
from tests.factories import a_user, an_incident
from tests.fakes import Carriers
from tests.notifications.conftest import Engine, Someone

pytestmark = pytest.mark.django_db(transaction=True)  # a word back to the presser is sent after the commit


@pytest.fixture
def incident(phones: Carriers, tick: Engine, ada: Someone) -> Incident:
    """ada has a page in Slack."""
    ada.wants((0, "slack"))
    incident = an_incident("Replica lag")
    ada.is_paged(incident)
    tick.run()
    return incident


def test_the_button_acknowledges_in_her_name(phones: Carriers, incident: Incident, ada: Someone) -> None:
    answer = phones.slack.to(ada).press("Acknowledge")

    incident.refresh_from_db()
    assert (answer.status, answer.text) == (200, "")
    assert (incident.status, incident.acknowledged_by, incident.acknowledged_via) == (
        Status.ACKNOWLEDGED,
        ada.user,
        "slack",
    )


def test_the_message_is_changed_in_place_as_the_incident_moves(
    phones: Carriers, tick: Engine, incident: Incident, ada: Someone
) -> None:
    inbox = phones.slack.to(ada)
    assert inbox.buttons == ["Acknowledge", "Resolve", "Open"]

    inbox.press("Acknowledge")
    tick.run()
    assert inbox.buttons == ["Resolve", "Open"]
    assert "Acknowledged by ada via Slack" in inbox.latest.text
    inbox.press("Resolve")
    tick.run()

    assert inbox.buttons == ["Open"]
    assert "Resolved by ada" in inbox.latest.text
    assert len(inbox.messages) == 1


def test_only_the_newest_of_several_changes_is_sent(
    phones: Carriers, tick: Engine, incident: Incident, ada: Someone
) -> None:
    inbox = phones.slack.to(ada)
    inbox.press("Acknowledge")
    inbox.press("Resolve")

    tick.run()

    assert len(inbox.latest.versions) == 2
    assert list(Delivery.objects.filter(kind="update").order_by("id").values_list("status", "reason")) == [
        ("cancelled", "superseded"),
        ("sent", "accepted_without_receipt"),
    ]


def test_pressing_what_somebody_did_before_says_so_to_her_alone(
    phones: Carriers, tick: Engine, incident: Incident, ada: Someone
) -> None:
    inbox = phones.slack.to(ada)
    seen = inbox.latest
    inbox.press("Acknowledge", on=seen)

    inbox.press("Acknowledge", on=seen)

    assert inbox.latest.only_for == "U0ADA"
    assert inbox.latest.text == f"You already have #{incident.number} Replica lag."


def test_somebody_we_do_not_know_is_told_and_changes_nothing(
    phones: Carriers, incident: Incident, ada: Someone
) -> None:
    ContactMethod.objects.filter(channel="slack").update(address="U0OTHER")

    phones.slack.to("U0ADA").press("Acknowledge")

    incident.refresh_from_db()
    assert incident.status == Status.TRIGGERED
    assert "does not know your Slack account" in phones.slack.to("U0ADA").latest.text


def test_a_viewer_is_told_that_she_may_not(phones: Carriers, incident: Incident, ada: Someone) -> None:
    ada.user.role = "viewer"
    ada.user.save()

    phones.slack.to(ada).press("Resolve")

    incident.refresh_from_db()
    assert incident.status == Status.TRIGGERED
    assert "This needs the role responder" in phones.slack.to(ada).latest.text


@pytest.mark.parametrize("forged", [{"secret": "wrong"}, {"age": 301}, {"age": -301}])
def test_forged_and_stale_requests_are_refused_with_a_sentence(
    phones: Carriers, incident: Incident, ada: Someone, forged: dict[str, Any]
) -> None:
    answer = phones.slack.to(ada).press("Acknowledge", **forged)

    incident.refresh_from_db()
    assert answer.status == 403
    assert "SLACK_SIGNING_SECRET" in answer.text
    assert incident.status == Status.TRIGGERED


def test_the_same_signature_is_let_in_once(phones: Carriers, incident: Incident, ada: Someone) -> None:
    phones.slack.to(ada).press("Acknowledge")

    answer = phones.slack.to(ada).replay()

    assert answer.status == 403
    assert "before" in answer.text


@pytest.mark.parametrize("timestamp", ["", "soon", "-1", "9" * 400, "1" * 10])
@pytest.mark.parametrize("body", [b"", b"{}", b"\xff\xfe"])
@pytest.mark.parametrize("signature", ["", "v0=00", "v0=\u00e9"])
def test_nonsense_in_place_of_a_signature_is_refused(
    phones: Carriers, client: Client, timestamp: str, body: bytes, signature: str
) -> None:
    headers = {"X-Slack-Signature": signature, "X-Slack-Request-Timestamp": timestamp}

    answer = client.post("/slack/events/", body, content_type="application/json", headers=headers)

    assert answer.status_code == 403


def test_without_a_signing_secret_nothing_is_let_in(
    phones: Carriers, incident: Incident, ada: Someone, settings: Settings
) -> None:
    settings.SLACK_SIGNING_SECRET = ""

    assert phones.slack.to(ada).press("Acknowledge", secret="").status == 403


def test_slack_may_check_the_address_of_events(phones: Carriers) -> None:
    answer = phones.slack.event({"type": "url_verification", "challenge": "3eZbrw1a"})

    assert (answer.status, answer.text) == (200, '{"challenge": "3eZbrw1a"}')


def test_admins_hear_once_that_slack_threw_us_out(phones: Carriers, tick: Engine) -> None:
    boss = a_user("eve", role=Role.ADMIN)

    for _ in range(2):
        assert phones.slack.event({"type": "app_uninstalled"}).ok
    tick.run()

    assert phones.mail.to(boss.email).subjects == ["Slack no longer lets Tocsin in"]


@pytest.mark.parametrize(
    ("typed", "answered"),
    [
        ("ack {n}", "Acknowledged #{n} Replica lag. It is yours."),
        ("resolve #{n}", "Resolved #{n} Replica lag."),
        ("ack 99999999", "There is no incident #99999999."),
        ("ack", "Name the incident: `ack 12`."),
        ("", "Say `ack 12`, `resolve 12`, or `list` for what is open."),
    ],
)
def test_commands_do_what_they_say(
    phones: Carriers, incident: Incident, ada: Someone, typed: str, answered: str
) -> None:
    answer = phones.slack.to(ada).command("/tocsin", typed.format(n=incident.number))

    assert answer.status == 200
    assert answered.format(n=incident.number) in answer.text.encode().decode("unicode_escape")


def test_the_command_list_names_what_is_open(phones: Carriers, incident: Incident, ada: Someone) -> None:
    answer = phones.slack.to(ada).command("/tocsin", "list")

    assert f"#{incident.number}" in answer.text
    assert "Nobody has it yet" in answer.text


def test_nothing_from_outside_comes_alive_in_a_message(phones: Carriers, tick: Engine, ada: Someone) -> None:
    ada.wants((0, "slack"))
    ada.is_paged(an_incident("<!channel> & <https://evil.example|click>"))

    tick.run()

    message = phones.slack.to(ada).latest
    shown = message.text + str(message.blocks)
    assert "<!channel>" not in shown
    assert "<https://evil" not in shown
    assert "&lt;!channel&gt; &amp;" in shown


def test_nothing_from_outside_comes_alive_in_an_answer(phones: Carriers, tick: Engine, ada: Someone) -> None:
    ada.wants((0, "slack"))
    incident = an_incident("<!channel> <https://evil.example|click>")
    ada.is_paged(incident)
    tick.run()
    inbox = phones.slack.to(ada)
    seen = inbox.latest

    typed = inbox.command("/tocsin", f"ack {incident.number}").text.encode().decode("unicode_escape")
    inbox.press("Acknowledge", on=seen)

    assert "&lt;!channel&gt;" in typed
    assert "<" not in typed
    assert "&lt;!channel&gt;" in inbox.latest.text
    assert "<" not in inbox.latest.text


def test_the_longest_titles_are_still_taken(phones: Carriers, tick: Engine, ada: Someone) -> None:
    ada.wants((0, "slack"))
    ada.is_paged(an_incident("<&>" * 300))

    tick.run()

    assert Delivery.objects.get().status == "sent"


def test_previews_change_nothing(phones: Carriers, incident: Incident, ada: Someone) -> None:
    phones.slack.to(ada).unfurl()

    incident.refresh_from_db()
    assert incident.status == Status.TRIGGERED
