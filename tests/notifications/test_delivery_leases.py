"""Deliveries whose worker dies, is late, or cannot write down what became of them."""

import time
from datetime import timedelta

import pytest
from django.db import connection

from core import clock
from notifications import claiming, delivery, hooks, retrying
from notifications import outcomes as recording
from notifications.channel import Accepted, PermanentFailure
from notifications.models import Delivery
from notifications.states import Status
from tests.factories import an_incident
from tests.fakes import Carriers
from tests.fakes.faults import (
    ResetAfterAccepting,
    ServerError,
    SlowBody,
)
from tests.notifications.conftest import Engine, Someone, outcomes


@pytest.fixture
def lost() -> list[hooks.Unreached]:
    """Who was announced as out of reach."""
    return []


@pytest.fixture(autouse=True)
def _listening(lost: list[hooks.Unreached], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks.unreached, "_followers", [lost.append])


def test_a_dead_workers_message_is_taken_up_again(phones: Carriers, tick: Engine, ada: Someone) -> None:
    ada.wants((0, "slack"))
    incident = an_incident()
    ada.is_paged(incident)
    claiming.claim("slack", at_most=5)

    tick.wait(5)
    assert phones.slack.to(ada).messages == []
    tick.wait(11)

    assert outcomes(incident) == [("slack", Status.SENT, "accepted_without_receipt")]
    assert Delivery.objects.get().attempts == 2


def test_a_result_of_a_lost_lease_is_not_recorded(phones: Carriers, tick: Engine, ada: Someone) -> None:
    ada.wants((0, "slack"))
    incident = an_incident()
    ada.is_paged(incident)
    (claimed,), _ = claiming.claim("slack", at_most=5)
    tick.wait(16)

    recording.record(claimed, PermanentFailure("slack_channel_not_found"))

    assert outcomes(incident) == [("slack", Status.SENT, "accepted_without_receipt")]


def test_what_was_taken_after_its_lease_is_on_record_and_not_sent_again(
    phones: Carriers, tick: Engine, ada: Someone
) -> None:
    ada.wants((0, "slack"))
    incident = an_incident()
    ada.is_paged(incident)
    (claimed,), _ = claiming.claim("slack", at_most=5)
    clock.move(timedelta(seconds=16))
    claiming.lapse()

    recording.record(claimed, Accepted(ref="D1:1.0"))
    tick.run()

    assert outcomes(incident) == [("slack", Status.SENT, "accepted_without_receipt")]
    assert Delivery.objects.get(kind="page").provider_ref == "D1:1.0"
    assert phones.slack.to(ada).messages == []


def test_a_page_that_went_out_twice_says_so(phones: Carriers, tick: Engine, ada: Someone) -> None:
    ada.wants((0, "slack"))
    incident = an_incident()
    ada.is_paged(incident)
    (claimed,), _ = claiming.claim("slack", at_most=5)
    tick.wait(16)

    recording.record(claimed, Accepted(ref="D1:1.0"))

    assert outcomes(incident) == [("slack", Status.SENT, "accepted_without_receipt")]
    assert incident.timeline.filter(kind="page_sent_late").count() == 1


def test_looking_for_a_page_and_sending_it_end_within_one_lease(phones: Carriers, tick: Engine, ada: Someone) -> None:
    phones.slack.fail(ResetAfterAccepting(carried_out=False), next=1, call="chat.postMessage")
    ada.wants((0, "slack"))
    ada.is_paged(an_incident())
    tick.run()
    phones.slack.fail(SlowBody(gap=1.0), next=None)
    clock.move(timedelta(seconds=5))
    (claimed,), _ = claiming.claim("slack", at_most=5)
    started = time.monotonic()

    delivery.attempt(claimed)

    assert claimed.is_unsure
    assert time.monotonic() - started < 11
    phones.slack.release()


def test_what_nobody_claims_twice(phones: Carriers, ada: Someone) -> None:
    ada.wants((0, "slack"))
    ada.is_paged(an_incident())

    first, _ = claiming.claim("slack", at_most=5)
    second, _ = claiming.claim("slack", at_most=5)

    assert (len(first), len(second)) == (1, 0)


@pytest.mark.parametrize("channel", ["slack", "sms"])
def test_what_was_taken_behind_a_broken_gateway_is_not_sent_again(
    phones: Carriers, tick: Engine, ada: Someone, channel: str
) -> None:
    carrier, call = {
        "slack": (phones.slack, "chat.postMessage"),
        "sms": (phones.sms, "Messages.create"),
    }[channel]
    carrier.fail(ServerError(502, carried_out=True), next=1, call=call)
    ada.wants((0, channel))
    incident = an_incident()

    ada.is_paged(incident)
    tick.run()
    tick.wait(5)

    assert outcomes(incident)[0][:2] == (channel, Status.SENT)
    assert len(phones.ledger.pages) == 1


def test_what_kills_every_worker_ends_in_sight(phones: Carriers, tick: Engine, ada: Someone) -> None:
    ada.wants((0, "slack"), (36_000, "sms"))
    incident = an_incident()
    ada.is_paged(incident)
    for _ in range(retrying.GIVE_UP_AFTER):
        claiming.claim("slack", at_most=5)
        clock.move(timedelta(seconds=16))
        claiming.lapse()

    tick.run()

    assert outcomes(incident)[0] == ("slack", Status.FAILED, "worker_died")
    assert incident.timeline.filter(kind="page_failed", reason="worker_died").exists()
    assert len(phones.sms.to(ada).pages) == 1
    assert phones.slack.to(ada).messages == []


def test_a_result_that_cannot_be_recorded_is_counted_and_not_sent_for_ever(
    phones: Carriers, tick: Engine, ada: Someone
) -> None:
    ada.wants((0, "email"))
    incident = an_incident()
    with connection.cursor() as cursor:
        cursor.execute("alter table notifications_delivery add constraint broken check (status <> 'sent') not valid")
    ada.is_paged(incident)

    tick.run()
    for _ in range(5):
        tick.wait(90)

    assert len(phones.mail.to(ada).messages) == 2
    assert outcomes(incident) == [("email", Status.FAILED, "unconfirmed")]
    assert Delivery.objects.get(channel="email").failures == 2
