"""The inbox as the pipeline sees it: which messages are due, taking them, and writing down what became of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from alerts.models import Event, EventStatus
from alerts.understanding import RawEvent, Understood
from core import claims

MOST_EVENTS = 500  # of a batch
MOST_BYTES = 1024 * 1024  # of a batch; a larger message is a batch of its own

_IS_DUE = "status = 'received' and due_at <= %s"
_WAITING = f"""
select integration.id from alerts_integration as integration
where exists (
    select 1 from alerts_event as event where event.integration_id = integration.id and {_IS_DUE}
)
order by integration.id
"""  # noqa: S608  nothing from outside stands in these statements
_SIZES = f"""
select id, received_at, octet_length(body) from alerts_event
where integration_id = %s and {_IS_DUE}
order by id limit %s
"""  # noqa: S608
_BODIES = """
select id, received_at, source, content_type, headers::text, query, body, marks::text, failures
from alerts_event where id = any(%s) and received_at between %s and %s
order by id
"""
_FINISH = """
update alerts_event as event set
    status = item.status, reason = item.reason, problem = item.problem, marks = item.marks,
    understood = item.understood, processed_at = %s
from jsonb_to_recordset(%s::jsonb) as item(
    id bigint, status text, reason text, problem text, marks jsonb, understood jsonb
)
where event.id = item.id and event.received_at between %s and %s
"""


def next_due() -> datetime | None:
    """When the next message is to be looked at."""
    waiting = Event.objects.filter(status=EventStatus.RECEIVED).order_by("due_at")
    return waiting.values_list("due_at", flat=True).first()


def waiting_integrations(now: datetime) -> list[int]:
    """Integrations with messages that are due."""
    with connection.cursor() as cursor:
        # Asked four times a second: one look at a small index, before every integration is asked about.
        cursor.execute(f"select exists(select 1 from alerts_event where {_IS_DUE})", [now])  # noqa: S608
        if cursor.fetchone() != (True,):
            return []
        cursor.execute(_WAITING, [now])
        return [pk for (pk,) in cursor.fetchall()]


def waiting_ids(integration_id: int, now: datetime) -> list[int]:
    """The messages of the next batch, for taking them one by one."""
    return [pk for pk, _ in _next(integration_id, now)]


def claim(integration_id: int, now: datetime, *, only: int | None = None) -> list[RawEvent]:
    """The next messages of an integration whose row is locked, oldest first."""
    chosen = [each for each in _next(integration_id, now) if only is None or each[0] == only]
    if not chosen:
        return []
    moments = [received_at for _, received_at in chosen]
    with connection.cursor() as cursor:
        cursor.execute(_BODIES, [[pk for pk, _ in chosen], min(moments), max(moments)])
        return [_raw(*row) for row in cursor.fetchall()]


def _next(integration_id: int, now: datetime) -> list[tuple[int, datetime]]:
    with connection.cursor() as cursor:
        cursor.execute(_SIZES, [integration_id, now, MOST_EVENTS])
        found = cursor.fetchall()
    chosen: list[tuple[int, datetime]] = []
    total = 0
    for pk, received_at, size in found:
        total += size
        if chosen and total > MOST_BYTES:
            break
        chosen.append((pk, received_at))
    return chosen


def _raw(
    pk: int,
    received_at: datetime,
    source: str,
    content_type: str,
    headers: str | None,
    query: str,
    body: bytes,
    marks: str,
    failures: int,
) -> RawEvent:
    return RawEvent(
        id=pk,
        received_at=received_at,
        source=source,
        content_type=content_type,
        headers=orjson.loads(headers) if headers else {},
        query=query,
        body=bytes(body),
        marks=orjson.loads(marks),
        failures=failures,
    )


def finish(understood: Sequence[Understood], *, now: datetime) -> None:
    """Write down what became of these."""
    if not understood:
        return
    items: list[dict[str, Any]] = [
        {
            "id": each.event.id,
            "status": each.status,
            "reason": each.reason,
            "problem": each.problem,
            "marks": each.marks,
            "understood": each.shown(),
        }
        for each in understood
    ]
    moments = [each.event.received_at for each in understood]
    with connection.cursor() as cursor:
        cursor.execute(_FINISH, [now, orjson.dumps(items).decode(), min(moments), max(moments)])


def postpone(event_id: int, *, now: datetime, at_most: int) -> bool:
    """Try it again later; False where it has been tried often enough."""
    event = Event.objects.filter(pk=event_id).values("failures", "received_at").get()
    failures = event["failures"] + 1
    Event.objects.filter(pk=event_id, received_at=event["received_at"]).update(
        failures=failures, due_at=claims.postpone(failures, now=now)
    )
    return bool(failures < at_most)


def put_into_quarantine(event_id: int, *, reason: str, problem: str) -> None:
    """Nobody looks at it any more until it is replayed."""
    Event.objects.filter(pk=event_id).update(status=EventStatus.QUARANTINED, reason=reason, problem=problem)
