"""The real engine with its threads: soon, apart per channel, and never after an acknowledgement."""

import threading
import time
from collections.abc import Iterator

import pytest
from django.db import connection

from core.engine import Engine
from incidents import lifecycle
from notifications import claiming
from notifications.hooks import Page
from notifications.models import Delivery
from notifications.states import Status
from tests.factories import an_incident, by
from tests.fakes import Carriers, receipts
from tests.fakes.faults import Hang
from tests.fakes.waiting import wait_for
from tests.notifications.conftest import Someone

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def engine(phones: Carriers) -> Iterator[Engine]:
    phones.sms.receipts(receipts.NEVER)
    engine = Engine()
    engine.start()
    yield engine
    phones.slack.release()
    engine.stop()


def test_a_page_leaves_at_once(phones: Carriers, engine: Engine, ada: Someone) -> None:
    ada.wants((0, "slack"), (0, "sms"))

    started = time.monotonic()
    ada.is_paged(an_incident())
    phones.slack.to(ada).wait_for_count(1)
    phones.sms.to(ada).wait_for_count(1)

    assert time.monotonic() - started < 4
    wait_for(lambda: Delivery.objects.filter(user=ada.user, status=Status.SENT).count() == 2)


def test_a_slack_that_hangs_delays_no_text_message(phones: Carriers, engine: Engine, ada: Someone) -> None:
    phones.slack.fail(Hang(), next=None)
    ada.wants((0, "slack"))
    for _ in range(15):
        ada.is_paged(an_incident())
    wait_for(lambda: Delivery.objects.filter(channel="slack", status=Status.SENDING).count() == 12)
    ada.user.notification_rules.all().delete()
    ada.wants((0, "sms"))

    started = time.monotonic()
    ada.is_paged(an_incident(), Page(2, 1, 1, 1))
    phones.sms.to(ada).wait_for_count(1)

    assert time.monotonic() - started < 4  # Slack's own calls hang for five
    phones.slack.heal()
    phones.slack.release()


def test_a_leaving_engine_records_what_it_has_under_way(phones: Carriers, ada: Someone) -> None:
    phones.slack.fail(Hang(1, carried_out=True), next=None)
    ada.wants((0, "slack"))
    engine = Engine()
    engine.start()
    ada.is_paged(an_incident())
    wait_for(lambda: Delivery.objects.filter(user=ada.user, status=Status.SENDING).exists())

    engine.stop()

    assert Delivery.objects.get(user=ada.user).status == Status.SENT


def test_nothing_is_claimed_after_an_acknowledgement(phones: Carriers, ada: Someone) -> None:
    ada.wants((0, "slack"))

    for _ in range(15):
        incident = an_incident()
        ada.is_paged(incident)
        together = threading.Barrier(2)
        claimed: list[int] = []

        def claim(together: threading.Barrier = together, claimed: list[int] = claimed) -> None:
            together.wait()
            found, _ = claiming.claim("slack", at_most=5)
            claimed.extend(each.delivery_id for each in found)
            connection.close()

        thread = threading.Thread(target=claim)
        thread.start()
        together.wait()
        lifecycle.acknowledge(incident.pk, by=by(ada.user))
        thread.join()

        delivery = Delivery.objects.get(incident=incident, user=ada.user, kind="page")
        if delivery.pk in claimed:
            assert (delivery.status, delivery.unwanted_reason) == (Status.SENDING, "incident_acknowledged")
        else:
            assert (delivery.status, delivery.reason) == (Status.CANCELLED, "incident_acknowledged")
        assert claiming.claim("slack", at_most=5)[0] == []
