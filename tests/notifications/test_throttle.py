"""Limits per address: the first page of an incident always goes out, repeated ones wait in sight."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from incidents import lifecycle, merging
from notifications import throttle
from notifications.channel import Limit
from notifications.hooks import Page
from notifications.models import Delivery
from tests.factories import an_incident, by
from tests.fakes import Carriers, receipts
from tests.notifications.conftest import Engine, Someone

NOW = datetime(2026, 3, 3, 2, 14, tzinfo=UTC)
LIMITS = (Limit(2, timedelta(minutes=1)), Limit(3, timedelta(hours=1)))


@pytest.mark.parametrize(
    ("seconds_ago", "wait"),
    [
        ([], 0),
        ([10], 0),
        ([10, 20], 40),
        ([10, 70], 0),
        ([10, 20, 30], 3570),
        ([100, 200, 300], 3300),
        ([100, 200, 3700], 0),
    ],
)
def test_the_next_turn_obeys_every_limit(seconds_ago: list[int], wait: int) -> None:
    sent = [NOW - timedelta(seconds=each) for each in seconds_ago]

    assert throttle.turn(LIMITS, sent, now=NOW) == NOW + timedelta(seconds=wait)


def pages(ada: Someone, tick: Engine, passes: int) -> None:
    incident = an_incident("Flapping")
    for number in range(passes):
        ada.is_paged(incident, Page(1, 1, number, 1))
        tick.wait(10)


def test_repeated_pages_wait_in_sight_and_go_out_at_their_turn(phones: Carriers, tick: Engine, ada: Someone) -> None:
    ada.wants((0, "sms"))
    phones.sms.receipts(receipts.NEVER)

    pages(ada, tick, passes=7)

    assert len(phones.sms.to(ada).pages) == 5
    assert set(Delivery.objects.filter(sent_at=None).values_list("status", "reason")) == {("queued", "throttled")}
    tick.wait(15 * 60)
    assert len(phones.sms.to(ada).pages) == 7


def test_pages_of_further_incidents_follow_together_three_seconds_later(
    phones: Carriers, tick: Engine, ada: Someone
) -> None:
    ada.wants((0, "sms"))
    for number in range(4):
        ada.is_paged(an_incident(f"Number {number}"), Page(number + 1, 1, 1, 1))
    tick.run()

    (page,) = phones.sms.to(ada).pages
    assert "Number 0" in page.text
    waiting = Delivery.objects.filter(sent_at=None)
    assert set(waiting.values_list("status", "reason")) == {("queued", "gathering")}

    tick.wait(3)

    assert len(phones.sms.to(ada).pages) == 4


def test_what_turns_out_to_be_a_part_of_it_is_not_paged(phones: Carriers, tick: Engine, ada: Someone) -> None:
    ada.wants((0, "sms"))
    incidents = [an_incident(f"Number {number}") for number in range(4)]
    for number, incident in enumerate(incidents, start=1):
        ada.is_paged(incident, Page(number, 1, 1, 1))
    tick.run()

    for incident in incidents[1:]:
        merging.merge(incident.pk, into=incidents[0].pk, by=by(ada.user))
    tick.wait(60)

    assert len(phones.sms.to(ada).pages) == 1


def test_the_first_page_of_an_incident_never_waits(phones: Carriers, tick: Engine, ada: Someone) -> None:
    ada.wants((0, "sms"))
    phones.sms.receipts(receipts.NEVER)
    pages(ada, tick, passes=6)

    ada.is_paged(an_incident("Something else"))
    tick.run()

    assert "Something else" in phones.sms.to(ada).pages[-1].text


def test_a_waiting_page_is_taken_back_when_somebody_answers(phones: Carriers, tick: Engine, ada: Someone) -> None:
    ada.wants((0, "sms"))
    phones.sms.receipts(receipts.NEVER)
    pages(ada, tick, passes=6)
    incident = Delivery.objects.latest("id").incident
    assert incident is not None

    lifecycle.acknowledge(incident.pk, by=by(ada.user))
    tick.wait(3600)

    assert len(phones.sms.to(ada).pages) == 5
    assert Delivery.objects.latest("id").reason == "incident_acknowledged"


def test_limits_can_be_switched_off(phones: Carriers, tick: Engine, ada: Someone, settings: Settings) -> None:
    settings.THROTTLE = False
    ada.wants((0, "sms"))
    phones.sms.receipts(receipts.NEVER)

    pages(ada, tick, passes=7)

    assert len(phones.sms.to(ada).pages) == 7
