"""Somebody holds an incident for long: her pages wait to be written down, and nobody else's page waits with them."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction

from core import clock
from core.engine import Engine
from incidents.models import Incident
from notifications import delivery, receipts
from notifications.hooks import Page
from notifications.models import Delivery
from notifications.states import Status
from tests.factories import an_incident
from tests.fakes import Carriers
from tests.fakes import receipts as carrier_receipts
from tests.fakes.faults import SmtpReply
from tests.notifications.conftest import Someone, outcomes

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def held(incident: Incident) -> Iterator[None]:
    """Another connection has locked it and does not get on, as a stuck request or a long merge would."""
    has_it, lets_go = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Incident.objects.select_for_update().get(pk=incident.pk)
            has_it.set()
            lets_go.wait(25)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert has_it.wait(5)
    try:
        yield
    finally:
        lets_go.set()
        thread.join()


@contextmanager
def running() -> Iterator[None]:
    engine = Engine()
    engine.start()
    try:
        yield
    finally:
        engine.stop()


def test_pages_of_other_incidents_go_out_while_one_is_held(phones: Carriers, ada: Someone, ben: Someone) -> None:
    phones.sms.receipts(carrier_receipts.NEVER)
    ada.wants((0, "slack"))
    ben.wants((0, "sms"))
    stuck, other = an_incident("Stuck"), an_incident("Other")
    ada.is_paged(stuck)

    with running(), held(stuck):
        phones.slack.to(ada).wait_for_count(1)
        started = time.monotonic()
        ben.is_paged(other, Page(2, 1, 1, 1))
        phones.sms.to(ben).wait_for_count(1)
        took = time.monotonic() - started

    assert took < 3
    assert outcomes(stuck) == [("slack", Status.SENT, "accepted_without_receipt")]
    assert len(phones.slack.to(ada).messages) == 1


def test_a_result_that_waits_keeps_its_lease(phones: Carriers, ada: Someone) -> None:
    ada.wants((0, "email"))
    incident = an_incident()
    ada.is_paged(incident)

    with held(incident):
        delivery.run()
        for _ in range(4):
            clock.move(timedelta(seconds=10))
            delivery.run()
    delivery.run()

    row = Delivery.objects.get(channel="email")
    assert (row.status, row.attempts) == (Status.SENT, 1)
    assert len(phones.mail.to(ada).messages) == 1


def test_a_failure_that_cannot_be_written_down_yet_is_written_down_later(phones: Carriers, ada: Someone) -> None:
    phones.mail.fail(SmtpReply(550, "5.1.1 no such user", "rcpt"), next=1)
    ada.wants((0, "email"))
    incident = an_incident()
    ada.is_paged(incident)

    with held(incident):
        delivery.run()
        meanwhile = outcomes(incident)
    delivery.run()

    assert meanwhile == [("email", Status.SENDING, "")]
    assert outcomes(incident) == [("email", Status.FAILED, "smtp_550")]


def test_a_missing_receipt_of_a_held_incident_stops_no_other(phones: Carriers, ada: Someone, ben: Someone) -> None:
    phones.sms.receipts(carrier_receipts.NEVER)
    ada.wants((0, "sms"), (3600, "email"))
    ben.wants((0, "sms"), (3600, "email"))
    stuck, other = an_incident("Stuck"), an_incident("Other")
    ada.is_paged(stuck)
    delivery.run()
    ben.is_paged(other, Page(2, 1, 1, 1))
    delivery.run()
    clock.move(timedelta(seconds=95))

    with held(stuck):
        handled = receipts.run()
        left = receipts.run()

    assert (handled, left) == (1, 0)
    assert outcomes(other)[0] == ("sms", Status.SENT, "no_receipt")
    assert receipts.run() == 1
    assert outcomes(stuck)[0] == ("sms", Status.SENT, "no_receipt")
