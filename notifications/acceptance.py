"""Records what providers took, many at a time: the ordinary outcome, and the one that comes in masses."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from django.db import connection, transaction

from core import claims, clock
from incidents import timeline
from incidents.actor import system
from incidents.models import Incident, TimelineEntry
from notifications import metrics, updates
from notifications.channel import CHANNELS, Accepted, label_of
from notifications.claiming import Claimed
from notifications.models import Kind
from notifications.outcomes import AWAITS_RECEIPT, WITHOUT_RECEIPT

log = structlog.get_logger(__name__)

Taken = Sequence[tuple[Claimed, Accepted]]

# Only rows that are still as they were claimed and that nobody holds; the ORM cannot join an update with values that
# differ by row.
_RECORD = """
    with free as materialized (
        select id from notifications_delivery where id = any(%(ids)s::bigint[]) for no key update skip locked
    )
    update notifications_delivery as row
       set status = 'sent', reason = %(reason)s,
           sent_at = coalesce(row.sent_at, %(now)s), ended_at = %(ended_at)s::timestamptz,
           provider_ref = case when row.provider_ref = '' then taken.ref else row.provider_ref end,
           receipt_due_at = case when row.kind = 'page' and row.unwanted_reason = ''
                                 then %(receipt_due_at)s::timestamptz end,
           lease_token = null, lease_until = null
      from unnest(%(ids)s::bigint[], %(attempts)s::int[], %(tokens)s::uuid[], %(refs)s::text[])
           as taken (id, attempt, token, ref)
      join free on free.id = taken.id
     where row.id = taken.id and row.attempts = taken.attempt and row.lease_token = taken.token
       and row.status = 'sending'
 returning row.id
"""


def record(taken: Taken) -> set[int]:
    """Write them down. Returns the deliveries that are recorded; the others are for `outcomes.record` to look at.

    Waits for nobody: what belongs to an incident that somebody holds is left out.
    """
    if not taken:
        return set()
    try:
        with transaction.atomic():
            return _record(taken)
    except Exception as trouble:
        if claims.is_database_lost(trouble):
            raise
        # One of them has a fault: each is recorded by itself, where only that one suffers.
        log.exception("deliveries.not_recorded_together")
        return set()


def _record(taken: Taken) -> set[int]:
    incident_ids = sorted({claimed.incident_id for claimed, _ in taken if claimed.incident_id is not None})
    free = Incident.objects.select_for_update(no_key=True, skip_locked=True).filter(pk__in=incident_ids).order_by("pk")
    incidents = {incident.pk: incident for incident in free}
    by_channel: dict[str, list[tuple[Claimed, Accepted]]] = defaultdict(list)
    for claimed, accepted in taken:
        if claimed.incident_id is not None and claimed.incident_id not in incidents:
            continue
        by_channel[claimed.channel].append((claimed, accepted))
    recorded: set[int] = set()
    for slug, some in by_channel.items():
        recorded |= _update(slug, some)
    now_sent = [(claimed, accepted) for claimed, accepted in taken if claimed.delivery_id in recorded]
    _tell([claimed for claimed, _ in now_sent], incidents)
    for claimed, accepted in now_sent:
        transaction.on_commit(partial(metrics.attempted, claimed.channel, accepted))
        log.info("delivery.sent", delivery=claimed.delivery_id, channel=claimed.channel, attempt=claimed.attempt)
    return recorded


def _update(slug: str, taken: Taken) -> set[int]:
    now = clock.now()
    within: timedelta | None = CHANNELS.all()[slug].receipt_within
    values: dict[str, Any] = {
        "reason": AWAITS_RECEIPT if within else WITHOUT_RECEIPT,
        "now": now,
        "ended_at": None if within else now,
        "receipt_due_at": now + within if within else None,
        "ids": [claimed.delivery_id for claimed, _ in taken],
        "attempts": [claimed.attempt for claimed, _ in taken],
        "tokens": [claimed.token for claimed, _ in taken],
        "refs": [accepted.ref[:200] for _, accepted in taken],
    }
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, values)
        return {pk for (pk,) in cursor.fetchall()}


def _tell(sent: Sequence[Claimed], incidents: dict[int, Incident]) -> None:
    """Timeline entries, and updates of messages whose incident moved while they were on their way."""
    entries, stale = [], defaultdict(list)
    for claimed in sent:
        incident = incidents.get(claimed.incident_id or 0)
        if incident is None:
            continue
        if claimed.kind == Kind.PAGE:
            entries.append(_sent_entry(claimed, incident))
        told = claimed.outgoing.message.facts if claimed.outgoing else None
        if told is not None and told.status != incident.status:
            stale[incident.pk].append(claimed.delivery_id)
    timeline.record_many(entries)
    for pk, deliveries in stale.items():
        updates.queue(incidents[pk], of=deliveries)


def _sent_entry(claimed: Claimed, incident: Incident) -> TimelineEntry:
    """The timeline's word that a page went out."""
    label = label_of(claimed.channel)
    within = CHANNELS.all()[claimed.channel].receipt_within
    return timeline.draft(
        incident,
        kind="page_sent",
        by=system("notifications"),
        reason=AWAITS_RECEIPT if within else WITHOUT_RECEIPT,
        text=f"{label} to {claimed.user} sent.",
        delivery=claimed.delivery_id,
        channel=claimed.channel,
        user=claimed.user,
    )
