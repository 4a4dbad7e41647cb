"""What a failure leads to: the person's next rule now, and the news that she is out of reach when none is left.

Everything here runs under the incident's lock.
"""

from django.db.models import QuerySet

from core import clock, jobs
from incidents.models import Incident
from incidents.states import Status as IncidentStatus
from notifications import retrying
from notifications.channel import CHANNELS
from notifications.hooks import Page, Unreached, unreached
from notifications.models import Delivery, Kind
from notifications.outbox import LANE
from notifications.states import Status


def go_on_without(delivery: Delivery, incident: Incident) -> None:
    """This delivery will not do, or not soon: start her next rule now; where none is left, tell who asked."""
    if delivery.kind != Kind.PAGE or delivery.unwanted_reason or incident.status != IncidentStatus.TRIGGERED:
        return
    page = _same_page(delivery)
    # In the order in which the page was planned. One that has begun or failed already saw to its own successor.
    successor = page.filter(id__gt=delivery.pk).exclude(status=Status.FAILED).order_by("id").first()
    if successor is not None and successor.status == Status.QUEUED and successor.attempts == 0:
        now = clock.now()
        # Guarded, because its claim does not wait for the incident's lock.
        page.filter(pk=successor.pk, status=Status.QUEUED, due_at__gt=now).update(due_at=now)
        jobs.ring(LANE)
        return
    identity = page_of(delivery)
    if identity is not None and retrying.is_out_of_reach(map(_standing, page)):
        unreached.announce(Unreached(incident.pk, delivery.user_id or 0, identity))


def page_of(delivery: Delivery) -> Page | None:
    """Which step of which run asked for it."""
    if (
        delivery.run_id is None
        or delivery.run_version is None
        or delivery.pass_number is None
        or delivery.step_number is None
    ):
        return None
    return Page(delivery.run_id, delivery.run_version, delivery.pass_number, delivery.step_number)


def _same_page(delivery: Delivery) -> QuerySet[Delivery]:
    return Delivery.objects.filter(
        kind=Kind.PAGE,
        incident=delivery.incident,
        user=delivery.user,
        run_id=delivery.run_id,
        run_version=delivery.run_version,
        pass_number=delivery.pass_number,
        step_number=delivery.step_number,
    )


def _standing(delivery: Delivery) -> retrying.Standing:
    channel = CHANNELS.get(delivery.channel)
    return retrying.Standing(
        status=Status(delivery.status),
        attempts=delivery.attempts,
        awaits_receipt=delivery.receipt_due_at is not None,
        needs_receipt=channel is not None and channel.receipt_within is not None,
    )
