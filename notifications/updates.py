"""Keeps messages that can be changed in place true: who has the incident, since when, what can be done now."""

from collections.abc import Sequence
from datetime import datetime

from core import clock, jobs
from incidents.models import Incident
from notifications import channel, rules
from notifications.models import Delivery, Kind
from notifications.outbox import LANE
from notifications.states import Status

_STANDS = (Status.SENT, Status.DELIVERED)


def queue(incident: Incident, *, of: Sequence[int] | None = None) -> int:
    """An update of every page of this incident (or of these) that stands in a chat. Returns how many.

    Only the newest matters: what waits is taken back, and an update says what holds when it is sent.
    """
    able = [slug for slug, each in channel.CHANNELS.all().items() if each.updates_in_place]
    pages = Delivery.objects.filter(incident=incident, kind=Kind.PAGE, channel__in=able, status__in=_STANDS)
    originals = list((pages if of is None else pages.filter(pk__in=of)).exclude(provider_ref=""))
    if not originals:
        return 0
    now = clock.now()
    rows = [_update(page, incident, now) for page in originals]
    waiting = Delivery.objects.filter(updates__in=originals, status=Status.QUEUED)
    older = waiting.exclude(idempotency_key__in=[row.idempotency_key for row in rows])
    older.update(status=Status.CANCELLED, reason="superseded", ended_at=now)
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    jobs.ring(LANE)
    return len(rows)


def _update(page: Delivery, incident: Incident, now: datetime) -> Delivery:
    return Delivery(
        incident=incident,
        user_id=page.user_id,
        contact_method_id=page.contact_method_id,
        kind=Kind.UPDATE,
        channel=page.channel,
        address=page.address,
        urgency=page.urgency,
        updates=page,
        idempotency_key=rules.idempotency_key("update", page.pk, incident.version, incident.status),
        due_at=now,
    )
