"""Text messages back: 1 acknowledges, 2 resolves, and the answer names what was done."""

import pytest
from django.test import Client
from twilio.request_validator import RequestValidator

from incidents import lifecycle
from incidents.models import Incident
from incidents.states import Status
from notifications import seen
from notifications.models import ContactMethod, Delivery
from tests.factories import an_incident, by
from tests.fakes import Carriers, receipts
from tests.notifications.conftest import Engine, Someone


@pytest.fixture
def paged(phones: Carriers, tick: Engine, ada: Someone) -> Incident:
    """ada has been paged by SMS."""
    phones.sms.receipts(receipts.NEVER)
    ada.wants((0, "sms"), (7200, "email"))
    return page(tick, ada, "Replica lag")


def page(tick: Engine, whom: Someone, title: str) -> Incident:
    incident = an_incident(title)
    whom.is_paged(incident)
    tick.wait(4)  # the page of a second incident follows the first by three seconds
    return incident


def test_one_acknowledges_and_says_what(phones: Carriers, paged: Incident, ada: Someone) -> None:
    phones.sms.to(ada).reply("1")

    paged.refresh_from_db()
    assert (paged.status, paged.acknowledged_by, paged.acknowledged_via) == (Status.ACKNOWLEDGED, ada.user, "sms")
    assert phones.sms.to(ada).texts[-1] == f"Acknowledged #{paged.number} Replica lag. It is yours."


@pytest.mark.parametrize("text", ["2", "2 {n}", "resolve", "Resolve #{n}.", " R {n} "])
def test_two_resolves(phones: Carriers, paged: Incident, ada: Someone, text: str) -> None:
    phones.sms.to(ada).reply(text.format(n=paged.number))

    paged.refresh_from_db()
    assert paged.status == Status.RESOLVED
    assert phones.sms.to(ada).texts[-1] == f"Resolved #{paged.number} Replica lag."


def test_after_her_answer_nobody_texts_her_again(phones: Carriers, tick: Engine, paged: Incident, ada: Someone) -> None:
    phones.sms.to(ada).reply("1")

    tick.wait(7300)

    assert len(phones.sms.to(ada).pages) == 1
    assert phones.mail.to(ada).messages == []


def test_with_several_unanswered_the_text_says_which_number(
    phones: Carriers, tick: Engine, paged: Incident, ada: Someone
) -> None:
    second = page(tick, ada, "Disk full")

    assert "Reply 1 to acknowledge" in phones.sms.to(ada).pages[0].text
    assert f"Reply 1 {second.number} to acknowledge, 2 {second.number} to resolve" in phones.sms.to(ada).pages[1].text


def test_a_bare_one_means_the_last_page_and_names_what_still_waits(
    phones: Carriers, tick: Engine, paged: Incident, ada: Someone
) -> None:
    second = page(tick, ada, "Disk full")

    phones.sms.to(ada).reply("1")

    paged.refresh_from_db()
    second.refresh_from_db()
    assert (paged.status, second.status) == (Status.TRIGGERED, Status.ACKNOWLEDGED)
    assert phones.sms.to(ada).texts[-1] == (
        f"Acknowledged #{second.number} Disk full. It is yours. "
        f"Still waiting: #{paged.number} (reply 1 {paged.number})."
    )


def test_a_number_names_the_incident(phones: Carriers, tick: Engine, paged: Incident, ada: Someone) -> None:
    second = page(tick, ada, "Disk full")

    phones.sms.to(ada).reply(f"1 {paged.number}")

    paged.refresh_from_db()
    second.refresh_from_db()
    assert (paged.status, second.status) == (Status.ACKNOWLEDGED, Status.TRIGGERED)


def test_an_incident_she_was_not_paged_for_is_left_alone(phones: Carriers, paged: Incident, ada: Someone) -> None:
    other = an_incident("Not hers")

    phones.sms.to(ada).reply(f"1 {other.number}")

    other.refresh_from_db()
    assert other.status == Status.TRIGGERED
    assert phones.sms.to(ada).texts[-1].startswith(f"#{other.number} was not paged to this number.")


def test_answering_what_a_colleague_took_names_her(
    phones: Carriers, paged: Incident, ada: Someone, ben: Someone
) -> None:
    lifecycle.acknowledge(paged.pk, by=by(ben.user))

    phones.sms.to(ada).reply("1")

    assert phones.sms.to(ada).texts[-1] == f"ben already has #{paged.number} Replica lag."


def test_answering_what_is_over_says_so(phones: Carriers, paged: Incident, ada: Someone, ben: Someone) -> None:
    lifecycle.resolve(paged.pk, by=by(ben.user))

    phones.sms.to(ada).reply("1")

    assert phones.sms.to(ada).texts[-1] == f"#{paged.number} Replica lag is already resolved by ben."


@pytest.mark.parametrize("text", ["help", "?", "what", "12", "1 2 3", "ack ack", "\x00", "🙂"])
def test_what_is_not_understood_gets_help_and_changes_nothing(
    phones: Carriers, paged: Incident, ada: Someone, text: str
) -> None:
    phones.sms.to(ada).reply(text)

    paged.refresh_from_db()
    assert paged.status == Status.TRIGGERED
    assert "reply 1 to acknowledge" in phones.sms.to(ada).texts[-1]


def test_a_stranger_gets_a_polite_word(phones: Carriers, paged: Incident) -> None:
    phones.sms.to("+12025550999").reply("1")

    paged.refresh_from_db()
    assert paged.status == Status.TRIGGERED
    assert "does not know this number" in phones.sms.to("+12025550999").texts[-1]


def test_a_message_posted_twice_is_done_and_answered_once(phones: Carriers, paged: Incident, ada: Someone) -> None:
    phones.sms.to(ada).reply("1")

    again = phones.sms.to(ada).replay()

    assert again.status == 200
    assert "<Message>" not in again.text
    assert paged.timeline.filter(kind="acknowledged").count() == 1


def test_a_forged_signature_is_refused_with_a_sentence(phones: Carriers, paged: Incident, ada: Someone) -> None:
    for forged in ({"secret": "wrong"}, {"signed_url": "https://elsewhere.example/twilio/sms/"}):
        answer = phones.sms.to(ada).reply("1", **forged)
        assert answer.status == 403
        assert "TWILIO_AUTH_TOKEN" in answer.text

    paged.refresh_from_db()
    assert paged.status == Status.TRIGGERED


def test_a_forged_receipt_is_refused(phones: Carriers, paged: Incident, ada: Someone) -> None:
    answer = phones.sms.to(ada).send_receipt("delivered", secret="wrong")

    assert answer.status == 403
    assert Delivery.objects.get(channel="sms").status == "sent"


def test_a_repeated_receipt_answers_200_and_changes_nothing(phones: Carriers, paged: Incident, ada: Someone) -> None:
    phones.sms.to(ada).send_receipt("delivered")
    before = Delivery.objects.get(channel="sms").delivered_at

    answer = phones.sms.to(ada).replay()

    assert answer.status == 200
    assert Delivery.objects.get(channel="sms").delivered_at == before
    assert Delivery.objects.get(channel="sms").receipts.count() == 1


def test_stop_switches_the_number_off_for_all_to_see_and_start_on_again(
    phones: Carriers, tick: Engine, paged: Incident, ada: Someone
) -> None:
    method = ContactMethod.objects.get(user=ada.user, channel="sms")

    phones.sms.to(ada).reply("STOP")
    method.refresh_from_db()
    assert method.disabled_reason == "recipient_stopped"
    assert paged.timeline.filter(kind="contact_disabled").exists()
    tick.run()
    assert "SMS no longer reaches ada" in phones.mail.to(ada).subjects
    phones.sms.to(ada).reply("START")

    method.refresh_from_db()
    assert method.disabled_reason == ""


def test_calling_the_number_gets_a_spoken_word(phones: Carriers, client: Client) -> None:
    fields = {"CallSid": "CA1", "From": "+12025550101"}
    url = "https://tocsin.example/twilio/voice/"
    signature = RequestValidator(phones.environment["TWILIO_AUTH_TOKEN"]).compute_signature(url, fields)

    answer = client.post("/twilio/voice/", fields, headers={"X-Twilio-Signature": signature})

    assert answer.status_code == 200
    assert b"<Say>" in answer.content


@pytest.mark.parametrize("path", ["/twilio/sms/", "/twilio/status/", "/twilio/voice/", "/slack/interactivity/"])
def test_looking_at_inbound_addresses_changes_nothing(phones: Carriers, client: Client, path: str) -> None:
    assert client.get(path).status_code == 405


def test_a_reply_of_weeks_ago_answers_no_page_of_today(
    phones: Carriers, tick: Engine, paged: Incident, ada: Someone
) -> None:
    phones.sms.to(ada).reply("1")
    tick.wait(30 * 86_400)
    seen.forget_old()
    today = page(tick, ada, "Disk full")

    phones.sms.to(ada).replay()

    today.refresh_from_db()
    assert today.status == Status.TRIGGERED
