"""The inbox as the pipeline sees it: which messages are due, taking them, and writing down what became of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson
from django.db import connection
from psycopg import Cursor

from alerts.models import Event, EventStatus
from alerts.parsing import asked
from alerts.pipeline.understanding import RawEvent, Understood
from core import claims

MOST_EVENTS = 500  # of a batch
MOST_BYTES = 2 * 1024 * 1024  # of a batch
LARGE = 256 * 1024  # such a message is a batch of its own, and its start is committed before the work
LARGE_PACKED = 4 * 1024  # may be a thousand times larger unpacked
_LEASE = timedelta(seconds=30)  # after which a start that did not end is taken for a process that died
_STARTED = "started"  # the mark of such a start

_IS_DUE = "status = 'received' and due_at <= %s"
_WAITING = f"""
select integration.id from alerts_integration as integration
where exists (
    select 1 from alerts_event as event where event.integration_id = integration.id and {_IS_DUE}
)
order by integration.id
"""  # noqa: S608  nothing from outside stands in these statements
# One that was started belongs in the row even before its lease lapses: those behind it may not overtake it.
_SIZES = """
select id, received_at, octet_length(body) as size,
    octet_length(body) > %(large)s
        or (octet_length(body) > %(large_packed)s and coalesce(headers, '{}') ? 'content-encoding') as is_large,
    due_at <= %(now)s as is_due,
    case when marks ? %(started)s then (
        select count(*) from jsonb_array_elements_text(marks) as mark where mark = %(started)s
    ) else 0 end as starts,
    coalesce(headers ? %(action)s, false) as is_action
from alerts_event
where integration_id = %(integration)s and status = 'received' and (due_at <= %(now)s or marks ? %(started)s)
order by id limit %(most)s
"""
_BODIES = """
select id, received_at, source, content_type, headers::text, query, body, marks::text, failures
from alerts_event where id = any(%s) and received_at between %s and %s and status = 'received'
order by id
"""
_SEEN = "with seen as (update alerts_integration set last_event_at = %s where id = %s)"
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


class Next(NamedTuple):
    """A message that is to be worked on. `starts`: how often that was begun and never ended, of a large one."""

    id: int
    received_at: datetime
    size: int
    is_large: bool
    is_due: bool
    starts: int
    is_action: bool = False


def next_batch(integration_id: int, now: datetime) -> list[Next]:
    """The messages to be worked on next, oldest first; a large one stands alone, and so does an action."""
    with connection.cursor() as cursor:
        cursor.execute(
            _SIZES,
            {
                "integration": integration_id,
                "now": now,
                "most": MOST_EVENTS,
                "large": LARGE,
                "large_packed": LARGE_PACKED,
                "started": _STARTED,
                "action": asked.KEPT_AS,
            },
        )
        found = map(Next._make, cursor.fetchall())
    chosen: list[Next] = []
    total = 0
    for each in found:
        total += each.size
        stands_alone = each.is_large or each.is_action
        if not each.is_due or (chosen and (stands_alone or total > MOST_BYTES)):
            break
        chosen.append(each)
        if stands_alone:
            break
    return chosen


def bodies(chosen: Sequence[Next]) -> list[RawEvent]:
    """These messages as they lie in the inbox, without what has been dealt with meanwhile."""
    if not chosen:
        return []
    moments = [each.received_at for each in chosen]
    # In binary: as text, the bytes would come in twice as many digits.
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        cursor.execute(_BODIES, [[each.id for each in chosen], min(moments), max(moments)], binary=True)
        return [_raw(*row) for row in cursor.fetchall()]


def start(event: Next, *, now: datetime) -> None:
    """Note that work on a large message begins, so that one that kills its worker is known by that."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update alerts_event set marks = marks || to_jsonb(%s::text), due_at = %s"
            " where id = %s and received_at = %s",
            [_STARTED, now + _LEASE, event.id, event.received_at],
        )


def forget_starts(event_id: int, *, now: datetime) -> None:
    """The work has ended or was not begun: nothing died of it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update alerts_event set marks = marks - %s, due_at = %s"
            " where id = %s and status = 'received' and marks ? %s",
            [_STARTED, now, event_id, _STARTED],
        )


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
        marks=[mark for mark in orjson.loads(marks) if mark != _STARTED],
        failures=failures,
    )


def finish(
    understood: Sequence[Understood], *, now: datetime, integration_id: int, last_at: datetime | None = None
) -> None:
    """Write down what became of these; and, where a sender sent some, when the last came."""
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
        if moments:
            finished: list[Any] = [now, orjson.dumps(items).decode(), min(moments), max(moments)]
            if last_at is None:
                cursor.execute(_FINISH, finished)
            else:
                cursor.execute(_SEEN + _FINISH, [last_at, integration_id, *finished])
        elif last_at is not None:
            cursor.execute("update alerts_integration set last_event_at = %s where id = %s", [last_at, integration_id])


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
