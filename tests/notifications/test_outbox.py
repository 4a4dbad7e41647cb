"""The outbox: pages expanded once, taken back in one go, and problems that can be seen."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from accounts.models import User
from core import clock
from incidents.models import Incident
from notifications import outbox
from notifications.hooks import Page
from notifications.models import ContactMethod, Delivery, NotificationRule
from notifications.states import Status
from tests.factories import a_user, an_incident

pytestmark = pytest.mark.django_db

STEP = Page(run_id=7, run_version=1, pass_number=1, step_number=1)


@pytest.fixture(autouse=True)
def _channels(settings: Settings) -> None:
    settings.EMAIL_IS_CONFIGURED = True


def a_rule(user: User, *, position: int = 0, after: int = 0, verified: bool = True, urgency: str = "high") -> None:
    method = ContactMethod.objects.create(
        user=user,
        name=f"{urgency} mail {position}",
        channel="email",
        address=user.email,
        verified_at=clock.now() if verified else None,
    )
    NotificationRule.objects.create(
        user=user, urgency=urgency, position=position, after=timedelta(seconds=after), contact_method=method
    )


def paged(incident: Incident, user: User, step: Page | None = STEP, urgency: str = "high") -> list[Delivery]:
    return outbox.page(incident, user, page=step, urgency=urgency, by_reason="on_call")


def test_a_page_becomes_one_delivery_per_rule() -> None:
    ada = a_user("ada")
    a_rule(ada, position=0)
    a_rule(ada, position=1, after=60)

    first, second = paged(an_incident(), ada)

    assert [first.status, second.status] == [Status.QUEUED, Status.QUEUED]
    assert second.due_at - first.due_at == timedelta(seconds=60)
    assert (first.run_id, first.run_version, first.pass_number, first.step_number) == (7, 1, 1, 1)
    assert first.reason == "on_call"


def test_a_step_executed_twice_pages_once() -> None:
    ada, incident = a_user(), an_incident()
    a_rule(ada)

    first, second = paged(incident, ada), paged(incident, ada)

    assert [each.pk for each in first] == [each.pk for each in second]
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize("again", [Page(7, 1, 2, 1), Page(7, 1, 1, 2), Page(7, 2, 1, 1), Page(8, 1, 1, 1), None])
def test_another_pass_step_version_or_run_pages_again(again: Page | None) -> None:
    ada, incident = a_user(), an_incident()
    a_rule(ada)
    paged(incident, ada)

    paged(incident, ada, again)

    assert Delivery.objects.count() == 2


def test_low_urgency_follows_the_rules_for_low() -> None:
    ada = a_user()
    a_rule(ada, urgency="high")
    a_rule(ada, urgency="low", after=300)

    (delivery,) = paged(an_incident(), ada, urgency="low")

    assert delivery.urgency == "low"
    assert delivery.contact_method is not None
    assert delivery.contact_method.name == "low mail 0"


def test_nobody_who_cannot_be_reached_goes_unseen() -> None:
    ada = a_user()
    User.objects.filter(pk=ada.pk).update(email="")
    ada.refresh_from_db()

    (delivery,) = paged(an_incident(), ada)

    assert (delivery.status, delivery.reason) == (Status.FAILED, "no_contact_method")
    assert delivery.ended_at is not None


def test_an_unverified_address_fails_with_its_reason() -> None:
    ada = a_user()
    a_rule(ada, verified=False)

    (delivery,) = paged(an_incident(), ada)

    assert (delivery.status, delivery.reason) == (Status.FAILED, "contact_not_verified")


def test_cancelling_takes_back_what_has_not_gone_out() -> None:
    ada, ben, incident, other = a_user(), a_user(), an_incident(), an_incident()
    paged(incident, ada)
    paged(other, ada)
    sent = paged(incident, ben)[0]
    Delivery.objects.filter(pk=sent.pk).update(status=Status.SENT)

    outbox.cancel(incident.pk, reason="incident_acknowledged")

    assert list(Delivery.objects.order_by("id").values_list("status", "reason")) == [
        (Status.CANCELLED, "incident_acknowledged"),
        (Status.QUEUED, "on_call"),
        (Status.SENT, "on_call"),
    ]


def test_a_send_under_way_is_marked_and_not_taken_back() -> None:
    incident = an_incident()
    (delivery,) = paged(incident, a_user())
    Delivery.objects.filter(pk=delivery.pk).update(status=Status.SENDING)

    outbox.cancel(incident.pk, reason="incident_resolved")

    delivery.refresh_from_db()
    assert (delivery.status, delivery.unwanted_reason) == (Status.SENDING, "incident_resolved")


def test_cancelling_one_run_leaves_the_others() -> None:
    incident, ada = an_incident(), a_user()
    paged(incident, ada, Page(1, 1, 1, 1))
    paged(incident, ada, Page(2, 1, 1, 1))

    cancelled = outbox.cancel(incident.pk, reason="run_stopped", run_id=1)

    assert cancelled == 1
    assert Delivery.objects.get(run_id=2).status == Status.QUEUED


def test_a_notice_with_a_name_goes_out_once() -> None:
    ada = a_user()

    for _ in range(2):
        outbox.notice(ada, subject="Slack refuses us", text="Mend the token.", once="slack-refuses:2026-03-03")

    assert Delivery.objects.get().content == {"subject": "Slack refuses us", "text": "Mend the token."}


def test_a_test_page_tries_every_contact_method(settings: Settings) -> None:
    ada = a_user()
    a_rule(ada, position=0)
    a_rule(ada, position=1, verified=False)

    rows = outbox.try_out(ada)

    assert [(row.kind, row.status, row.reason) for row in rows] == [
        ("test", Status.QUEUED, ""),
        ("test", Status.FAILED, "contact_not_verified"),
    ]
