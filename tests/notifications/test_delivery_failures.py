"""Attempts that fail, for a while, for good, or nobody knows: what is tried again, and what comes next."""

import pytest

from core import clock
from notifications import claiming, hooks
from notifications.channel import CHANNELS
from notifications.hooks import Page
from notifications.models import Delivery
from notifications.states import Status
from tests.factories import an_incident
from tests.fakes import Carriers, receipts
from tests.fakes.faults import (
    Fault,
    RateLimited,
    ResetAfterAccepting,
    ServerError,
    SlackError,
    SmtpReply,
    TwilioError,
)
from tests.notifications.conftest import Engine, Someone, outcomes


@pytest.fixture
def lost() -> list[hooks.Unreached]:
    """Who was announced as out of reach."""
    return []


@pytest.fixture(autouse=True)
def _listening(lost: list[hooks.Unreached], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks.unreached, "_followers", [lost.append])


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (RateLimited(30), "slack_ratelimited"),
        (ServerError(503), "http_503"),
        (SlackError("internal_error"), "slack_internal_error"),
    ],
)
def test_a_passing_failure_is_tried_again_while_the_next_rule_starts(
    phones: Carriers, tick: Engine, ada: Someone, fault: Fault, reason: str
) -> None:
    phones.slack.fail(fault, next=1)
    phones.sms.receipts(receipts.NEVER)
    ada.wants((0, "slack"), (300, "sms"))
    incident = an_incident()

    ada.is_paged(incident)
    tick.run()

    assert len(phones.sms.to(ada).pages) == 1
    delivery = Delivery.objects.get(channel="slack")
    assert delivery.status in {Status.QUEUED, Status.UNKNOWN}
    assert delivery.reason == reason
    tick.wait(31)
    assert outcomes(incident)[0] == ("slack", Status.SENT, "accepted_without_receipt")


def test_retry_after_is_obeyed(phones: Carriers, tick: Engine, ada: Someone) -> None:
    phones.slack.fail(RateLimited(30), next=1)
    ada.wants((0, "slack"))
    ada.is_paged(an_incident())

    tick.run()
    tick.wait(15)
    assert phones.slack.to(ada).messages == []
    tick.wait(16)

    assert len(phones.slack.to(ada).messages) == 1


def test_waits_between_attempts_grow(phones: Carriers, tick: Engine, ada: Someone) -> None:
    phones.slack.fail(ServerError(500), next=None)
    ada.wants((0, "slack"))
    ada.is_paged(an_incident())
    waits = []

    for _ in range(7):
        tick.run()
        delivery = Delivery.objects.get()
        waits.append((delivery.due_at - clock.now()).total_seconds())
        tick.wait(waits[-1] + 0.1)

    expected = [2, 4, 8, 15, 30, 60, 60]
    # Real time passes, too, between the attempt and our look.
    assert all(0.8 * e - 1.5 <= w <= 1.2 * e for w, e in zip(waits, expected, strict=True)), waits


def test_a_message_whose_answer_was_lost_is_looked_for_before_it_is_sent_again(
    phones: Carriers, tick: Engine, ada: Someone
) -> None:
    phones.slack.fail(ResetAfterAccepting(), next=1, call="chat.postMessage")
    phones.sms.fail(ResetAfterAccepting(), next=1)
    ada.wants((0, "slack"), (0, "sms"))
    incident = an_incident()

    ada.is_paged(incident)
    tick.run()
    tick.wait(5)

    assert [status for _, status, _ in outcomes(incident)] == [Status.SENT, Status.SENT]
    assert len(phones.ledger.pages) == 2


def test_a_mail_that_may_have_gone_out_twice_is_not_sent_again(phones: Carriers, tick: Engine, ada: Someone) -> None:
    phones.mail.fail(ResetAfterAccepting(), next=None)
    ada.wants((0, "email"), (3600, "sms"))
    incident = an_incident()

    ada.is_paged(incident)
    tick.run()
    for _ in range(5):
        tick.wait(60)

    assert len(phones.mail.to(ada).messages) == 2
    assert outcomes(incident)[0] == ("email", Status.FAILED, "unconfirmed")
    assert len(phones.sms.to(ada).pages) == 1
    assert "nobody said whether it went out" in incident.timeline.get(kind="page_failed").text


def test_what_is_open_stays_open_when_the_next_attempt_fails(phones: Carriers, tick: Engine, ada: Someone) -> None:
    phones.slack.fail(ResetAfterAccepting(), next=1, call="chat.postMessage")
    phones.slack.fail(RateLimited(1), next=2)
    ada.wants((0, "slack"))
    incident = an_incident()

    ada.is_paged(incident)
    tick.run()
    tick.wait(10)
    tick.wait(10)

    assert outcomes(incident) == [("slack", Status.SENT, "accepted_without_receipt")]
    assert len(phones.slack.to(ada).messages) == 1


@pytest.mark.parametrize("slug", ["email", "slack", "sms"])
def test_a_lease_lasts_longer_than_the_attempt(phones: Carriers, ada: Someone, slug: str) -> None:
    ada.wants((0, slug))
    ada.is_paged(an_incident())

    claiming.claim(slug, at_most=1)

    ends_at = clock.now() + CHANNELS.all()[slug].ends_within
    assert Delivery.objects.filter(lease_until__gt=ends_at).count() == 1


@pytest.mark.parametrize(
    ("channel", "fault", "reason"),
    [
        ("slack", SlackError("channel_not_found"), "slack_channel_not_found"),
        ("slack", SlackError("token_revoked"), "slack_token_revoked"),
        ("slack", SlackError("some_new_error"), "slack_some_new_error"),
        ("sms", TwilioError(21211), "number_invalid"),
        ("sms", TwilioError(39999), "twilio_39999"),
        ("email", SmtpReply(550, "5.1.1 no such user", "rcpt"), "smtp_550"),
    ],
)
def test_a_permanent_failure_starts_the_next_rule_at_once(
    phones: Carriers, tick: Engine, ada: Someone, channel: str, fault: Fault, reason: str
) -> None:
    other = "sms" if channel != "sms" else "slack"
    {"slack": phones.slack, "sms": phones.sms, "email": phones.mail}[channel].fail(fault, next=None)
    ada.wants((0, channel), (3600, other))
    incident = an_incident()

    ada.is_paged(incident)
    tick.run()

    first, second = outcomes(incident)
    assert first == (channel, Status.FAILED, reason)
    assert second[:2] == (other, Status.SENT)
    assert incident.timeline.filter(kind="page_failed", reason=reason).exists()


def test_who_has_no_method_left_is_announced(
    phones: Carriers, tick: Engine, ada: Someone, lost: list[hooks.Unreached]
) -> None:
    phones.slack.fail(SlackError("channel_not_found"), next=None)
    phones.sms.receipts(receipts.undelivered())
    ada.wants((0, "slack"), (60, "sms"))
    incident = an_incident()
    ada.is_paged(incident, Page(9, 2, 1, 3))

    tick.run()
    assert lost == []
    phones.settle()

    assert lost == [hooks.Unreached(incident.pk, ada.user.pk, Page(9, 2, 1, 3))]


def test_who_only_meets_failures_is_announced_after_a_few(
    phones: Carriers, tick: Engine, ada: Someone, lost: list[hooks.Unreached]
) -> None:
    phones.slack.fail(ServerError(500), next=None)
    ada.wants((0, "slack"))
    ada.is_paged(an_incident())

    tick.run()
    tick.wait(3)
    assert lost == []
    tick.wait(6)

    assert len(lost) == 1
    assert Delivery.objects.get().status == Status.UNKNOWN


def test_silence_of_the_last_method_is_announced(
    phones: Carriers, tick: Engine, ada: Someone, lost: list[hooks.Unreached]
) -> None:
    phones.sms.receipts(receipts.NEVER)
    ada.wants((0, "sms"))
    ada.is_paged(an_incident())
    tick.run()

    tick.wait(91)

    assert len(lost) == 1
