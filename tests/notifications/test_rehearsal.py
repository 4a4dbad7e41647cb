"""`send_test_page`: every contact method tried, each outcome told."""

import io

import pytest
from django.core.management import CommandError, call_command

from notifications.models import ContactMethod, Delivery
from tests.factories import a_user
from tests.fakes import Carriers, receipts
from tests.fakes.faults import SlackError
from tests.notifications.conftest import Someone


def said(user: str) -> list[list[str]]:
    out = io.StringIO()
    call_command("send_test_page", user, stdout=out)
    return [line.split(maxsplit=2) for line in out.getvalue().splitlines()]


def test_every_method_is_tried_and_its_outcome_told(phones: Carriers, ada: Someone) -> None:
    phones.sms.receipts(receipts.NEVER)
    phones.slack.fail(SlackError("channel_not_found"), next=None)
    ContactMethod.objects.create(user=ada.user, name="work", channel="email", address="ada@work.example")

    assert said("ada") == [
        ["E-mail", "a***@example.com", "sent (accepted without receipt)"],
        ["Slack", "U0***", "failed (slack channel not found)"],
        ["SMS", "+1***0101", "sent (awaits receipt)"],
        ["E-mail", "a***@work.example", "failed (contact not verified)"],
    ]
    assert phones.sms.to(ada).texts == [
        "[Tocsin] This is a test, ada: pages reach you here. Nothing is wrong and nothing needs an answer."
    ]


def test_a_test_page_is_no_page_of_an_incident(phones: Carriers, ada: Someone) -> None:
    said("ada")

    assert {(row.kind, row.incident_id) for row in Delivery.objects.all()} == {("test", None)}


def test_who_has_only_an_account_gets_a_mail(phones: Carriers) -> None:
    a_user("ben")

    assert said("ben") == [["E-mail", "b***@example.com", "sent (accepted without receipt)"]]


def test_whom_nothing_reaches_fails_the_command(phones: Carriers, ada: Someone) -> None:
    ContactMethod.objects.update(disabled_reason="recipient_stopped")

    with pytest.raises(CommandError, match="cannot be paged"):
        said("ada")


def test_an_unknown_name_is_told(phones: Carriers) -> None:
    with pytest.raises(CommandError, match="There is no user “nobody”"):
        said("nobody")
