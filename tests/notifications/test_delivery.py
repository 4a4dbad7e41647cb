"""Pages on their way: sent once, tried again, handed on to the next method, taken back."""

import pytest
from pytest_django import Settings

from accounts.models import Role
from incidents import lifecycle
from incidents.actor import Via
from notifications import claiming, delivery, hooks, outbox
from notifications import outcomes as recording
from notifications.channel import TemporaryFailure
from notifications.hooks import Page
from notifications.models import ContactMethod, Delivery
from notifications.states import Status
from tests.factories import an_incident, by
from tests.fakes import Carriers, receipts
from tests.fakes.faults import (
    SlackError,
    SmtpReply,
    TwilioError,
)
from tests.notifications.conftest import Engine, Someone, outcomes, someone


@pytest.fixture
def lost() -> list[hooks.Unreached]:
    """Who was announced as out of reach."""
    return []


@pytest.fixture(autouse=True)
def _listening(lost: list[hooks.Unreached], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks.unreached, "_followers", [lost.append])


def test_a_page_goes_out_by_every_rule_at_its_time(phones: Carriers, tick: Engine, ada: Someone) -> None:
    ada.wants((0, "slack"), (60, "sms"), (120, "email"))
    incident = an_incident("Replica lag")
    phones.sms.receipts(receipts.NEVER)

    ada.is_paged(incident)
    tick.run()
    assert len(phones.slack.to(ada).messages) == 1
    assert phones.sms.to(ada).texts == []
    tick.wait(61)
    assert len(phones.sms.to(ada).pages) == 1
    assert phones.mail.to(ada).messages == []
    tick.wait(61)

    assert len(phones.mail.to(ada).messages) == 1
    assert outcomes(incident) == [
        ("slack", Status.SENT, "accepted_without_receipt"),
        ("sms", Status.SENT, "awaits_receipt"),
        ("email", Status.SENT, "accepted_without_receipt"),
    ]


def test_a_receipt_ends_a_text_message(phones: Carriers, tick: Engine, ada: Someone) -> None:
    ada.wants((0, "sms"), (600, "email"))
    incident = an_incident()

    ada.is_paged(incident)
    tick.run()
    phones.settle()

    delivery = Delivery.objects.get(channel="sms")
    assert (delivery.status, delivery.reason) == (Status.DELIVERED, "receipt")
    assert delivery.delivered_at is not None


def test_without_a_receipt_in_time_the_next_rule_starts(phones: Carriers, tick: Engine, ada: Someone) -> None:
    phones.sms.receipts(receipts.NEVER)
    ada.wants((0, "sms"), (3600, "email"))
    incident = an_incident()
    ada.is_paged(incident)
    tick.run()

    tick.wait(60)
    assert phones.mail.to(ada).messages == []
    tick.wait(31)

    assert len(phones.mail.to(ada).messages) == 1
    assert outcomes(incident)[0] == ("sms", Status.SENT, "no_receipt")


def test_a_late_receipt_still_counts_and_never_goes_backwards(phones: Carriers, tick: Engine, ada: Someone) -> None:
    phones.sms.receipts(receipts.NEVER)
    ada.wants((0, "sms"))
    incident = an_incident()
    ada.is_paged(incident)
    tick.run()
    tick.wait(100)

    phones.sms.to(ada).send_receipt("delivered")
    phones.sms.to(ada).send_receipt("sent")
    phones.sms.to(ada).send_receipt("undelivered", 30003)

    assert outcomes(incident) == [("sms", Status.DELIVERED, "receipt")]


@pytest.mark.parametrize("kind", [receipts.TWICE, receipts.OUT_OF_ORDER])
def test_receipts_twice_and_out_of_order_change_nothing(
    phones: Carriers, tick: Engine, ada: Someone, kind: receipts.Receipts
) -> None:
    phones.sms.receipts(kind)
    ada.wants((0, "sms"))
    incident = an_incident()
    ada.is_paged(incident)

    tick.run()
    phones.settle()

    assert outcomes(incident) == [("sms", Status.DELIVERED, "receipt")]
    assert {entry.outcome for entry in phones.ledger.where(kind="receipt")} == {"200"}


def test_an_undelivered_text_starts_the_next_rule(phones: Carriers, tick: Engine, ada: Someone) -> None:
    phones.sms.receipts(receipts.undelivered(30005))
    ada.wants((0, "sms"), (3600, "email"))
    incident = an_incident()
    ada.is_paged(incident)

    tick.run()
    phones.settle()
    tick.run()

    assert outcomes(incident) == [
        ("sms", Status.FAILED, "handset_unknown"),
        ("email", Status.SENT, "accepted_without_receipt"),
    ]


def test_a_chat_message_that_was_taken_counts_as_reached(
    phones: Carriers, tick: Engine, ada: Someone, lost: list[hooks.Unreached]
) -> None:
    phones.sms.fail(TwilioError(21211), next=None)
    ada.wants((0, "slack"), (60, "sms"))
    ada.is_paged(an_incident())

    tick.run()
    tick.wait(61)

    assert lost == []


def test_an_acknowledgement_takes_back_what_has_not_gone_out(
    phones: Carriers, tick: Engine, ada: Someone, ben: Someone
) -> None:
    ada.wants((0, "slack"), (60, "sms"))
    incident = an_incident()
    ada.is_paged(incident)
    tick.run()

    lifecycle.acknowledge(incident.pk, by=by(ben.user, Via.API))
    tick.wait(3600)

    assert phones.sms.to(ada).texts == []
    assert outcomes(incident)[1] == ("sms", Status.CANCELLED, "incident_acknowledged")


def test_after_an_acknowledgement_a_failed_send_is_not_repeated(phones: Carriers, tick: Engine, ada: Someone) -> None:
    ada.wants((0, "slack"))
    incident = an_incident()
    (delivery,) = ada.is_paged(incident)
    (claimed,), _ = claiming.claim("slack", at_most=5)
    lifecycle.acknowledge(incident.pk, by=by(ada.user))

    recording.record(claimed, TemporaryFailure("http_500"))

    delivery.refresh_from_db()
    assert (delivery.status, delivery.reason) == (Status.CANCELLED, "incident_acknowledged")


def test_a_recipient_who_stopped_is_switched_off_in_sight_of_all(phones: Carriers, tick: Engine, ada: Someone) -> None:
    boss = someone("eve", 199, role=Role.ADMIN)
    phones.sms.fail(TwilioError(21610), next=None)
    ada.wants((0, "sms"), (60, "slack"))
    incident = an_incident()

    ada.is_paged(incident)
    tick.run()

    assert ContactMethod.objects.get(user=ada.user, channel="sms").disabled_reason == "recipient_stopped"
    assert incident.timeline.filter(kind="contact_disabled").count() == 1
    assert "SMS no longer reaches ada" in phones.mail.to(boss).subjects
    assert len(phones.slack.to(ada).messages) == 1


def test_admins_hear_once_a_day_that_slack_refuses_us(phones: Carriers, tick: Engine, ada: Someone) -> None:
    boss = someone("eve", 199, role=Role.ADMIN)
    phones.slack.fail(SlackError("token_revoked"), next=None)
    ada.wants((0, "slack"))

    for _ in range(3):
        ada.is_paged(an_incident())
        tick.run()

    assert phones.mail.to(boss).subjects.count("Slack refuses Tocsin") == 1


def test_mails_of_one_delivery_have_one_message_id(phones: Carriers, tick: Engine, ada: Someone) -> None:
    phones.mail.fail(SmtpReply(451, "4.7.1 Greylisted", "data"), next=1)
    ada.wants((0, "email"))
    ada.is_paged(an_incident())

    tick.run()
    tick.wait(3)

    seen = [entry.reference for entry in phones.ledger.entries if entry.provider == "email" and entry.reference]
    assert len(seen) == 2
    assert len(set(seen)) == 1


def test_each_pass_of_a_policy_pages_again(phones: Carriers, tick: Engine, ada: Someone) -> None:
    ada.wants((0, "slack"))
    incident = an_incident()

    for number in (1, 2, 2, 3):
        ada.is_paged(incident, Page(1, 1, number, 1))
        tick.run()

    assert len(phones.slack.to(ada).messages) == 3


def test_a_page_whose_channel_was_unconfigured_meanwhile_fails(
    phones: Carriers, tick: Engine, ada: Someone, settings: Settings
) -> None:
    ada.wants((0, "slack"), (60, "sms"))
    incident = an_incident()
    ada.is_paged(incident)
    settings.SLACK_BOT_TOKEN = ""

    tick.run()

    assert outcomes(incident)[0] == ("slack", Status.FAILED, "channel_not_configured")
    assert outcomes(incident)[1][1] == Status.SENT


def test_a_method_that_was_switched_off_meanwhile_is_not_used(phones: Carriers, tick: Engine, ada: Someone) -> None:
    ada.wants((0, "slack"), (60, "sms"))
    incident = an_incident()
    ada.is_paged(incident)
    ContactMethod.objects.filter(channel="slack").update(disabled_reason="lost_telephone")

    tick.run()

    assert phones.slack.to(ada).messages == []
    assert outcomes(incident)[0] == ("slack", Status.FAILED, "contact_disabled")
    assert len(phones.sms.to(ada).pages) == 1


def test_who_left_is_not_paged_any_more(
    phones: Carriers, tick: Engine, ada: Someone, lost: list[hooks.Unreached]
) -> None:
    ada.wants((0, "slack"))
    incident = an_incident()
    ada.is_paged(incident)
    ada.user.is_active = False
    ada.user.save()

    tick.run()

    assert phones.slack.to(ada).messages == []
    assert outcomes(incident) == [("slack", Status.FAILED, "person_not_active")]
    assert [each.user_id for each in lost] == [ada.user.pk]


def test_a_delivery_that_cannot_be_composed_does_not_stop_the_others(
    phones: Carriers, tick: Engine, ada: Someone, ben: Someone
) -> None:
    (poisoned,) = outbox.notice(ada.user, subject="A", text="B")
    (sound,) = outbox.notice(ben.user, subject="C", text="D")
    Delivery.objects.filter(pk=poisoned.pk).update(content=["not", "a", "notice"])

    tick.run()

    poisoned.refresh_from_db()
    sound.refresh_from_db()
    assert (poisoned.status, poisoned.reason, poisoned.failures) == (Status.QUEUED, "internal_error", 1)
    assert sound.status == Status.SENT


def test_an_unknown_time_zone_keeps_nobody_from_being_paged(phones: Carriers, tick: Engine, ada: Someone) -> None:
    ada.wants((0, "slack"))
    ada.user.time_zone = "Nowhere/At_All"
    ada.user.save()

    ada.is_paged(an_incident())
    tick.run()

    assert "UTC" in str(phones.slack.to(ada).latest.blocks)


def test_nothing_goes_out_for_an_incident_that_is_over(phones: Carriers, tick: Engine, ada: Someone) -> None:
    ada.wants((0, "slack"))
    incident = an_incident()
    lifecycle.resolve(incident.pk, by=by(ada.user))

    ada.is_paged(incident)
    tick.run()

    assert phones.slack.to(ada).messages == []
    assert outcomes(incident) == [("slack", Status.CANCELLED, "incident_resolved")]


def test_next_due_is_the_earliest_moment_something_happens(phones: Carriers, ada: Someone) -> None:
    ada.wants((120, "slack"))
    (row,) = ada.is_paged(an_incident())

    assert delivery.next_due() == row.due_at


def test_a_notice_goes_out_by_email(phones: Carriers, tick: Engine, ada: Someone) -> None:
    outbox.notice(ada.user, subject="Gap in the schedule", text="Nobody is on call on Friday.")

    tick.run()

    assert phones.mail.to(ada).subjects == ["Gap in the schedule"]
    assert "Friday" in phones.mail.to(ada).latest.text
