"""The few statements that read and write the alerts of a batch: as many rows as there are, never one query an alert.

Only `alerts.pipeline.ingest` calls this, with the integration locked: nobody else writes these rows meanwhile, but that
merging moves open ones to another incident (`alerts.followers`).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from django.db import connection

from alerts import identities
from alerts.models import AlertStatus
from alerts.pipeline import copying
from alerts.pipeline.cases import Episode

_AT_ONCE = 2000  # rows a statement; a message of 16 MB holds far more
_LINES_AT_ONCE = 50

_COLUMNS = """
select alert.id, alert.fingerprint, alert.status, alert.incident_id, alert.service_id, alert.also_in, alert.started_at,
    alert.ended_at, alert.resolved_at, alert.reasons ->> 'dedup', alert.reasons ->> 'late_firing_at', alert.group_key,
    alert.content_hash, alert.expires_at, alert.changes, alert.flapping_until
from wanted
"""
_WANTED = "with wanted as materialized (select * from string_to_table(%(fingerprints)s, ',') as given(fingerprint))"
# The limit keeps the planner from reading all that fires, whatever it thinks of how much that is.
_OPEN = """
cross join lateral (
    select * from alerts_alert
    where integration_id = %(integration)s and fingerprint = wanted.fingerprint and status <> 'resolved'
    limit 1
) as alert
"""
_OVER = """
cross join lateral (
    select * from alerts_alert
    where integration_id = %(integration)s and fingerprint = wanted.fingerprint and status = 'resolved'
        and date_bin('28 days', coalesce(resolved_at, first_seen_at), '2001-01-01T00:00:00Z') = %(period)s
        and hashtextextended(fingerprint, 0) = hashtextextended(wanted.fingerprint, 0)
    order by id desc limit 1
) as alert
"""

_HAVE_MOVED = """
select exists(
    select 1 from unnest(%s::bigint[], %s::bigint[]) as known(id, incident_id)
    join alerts_alert as alert using (id)
    where alert.incident_id is distinct from known.incident_id
)
"""

_UPDATE = """
update alerts_alert as alert set
    status = item.status,
    severity = case when item.has_content then item.severity else alert.severity end,
    title = coalesce(item.title, alert.title),
    description = coalesce(item.description, alert.description),
    labels = coalesce(item.labels, alert.labels),
    annotations = coalesce(item.annotations, alert.annotations),
    links = coalesce(item.links, alert.links),
    count = alert.count + item.count,
    last_seen_at = coalesce(item.last_seen_at, alert.last_seen_at),
    started_at = item.started_at,
    ended_at = item.ended_at,
    resolved_at = item.resolved_at,
    service_id = item.service_id,
    incident_id = item.incident_id,
    also_in = item.also_in,
    group_key = item.group_key,
    reasons = case when item.reasons is null then alert.reasons
        else jsonb_strip_nulls(alert.reasons || item.reasons) end,
    last_event_id = coalesce(item.last_event_id, alert.last_event_id),
    content_hash = item.content_hash,
    expires_at = item.expires_at,
    changes = item.changes,
    flapping_until = item.flapping_until
from jsonb_to_recordset(%s::jsonb) as item(
    id bigint, status text, severity text, has_content boolean, title text, description text, labels jsonb,
    annotations jsonb, links jsonb, count integer, last_seen_at timestamptz, started_at timestamptz,
    ended_at timestamptz, resolved_at timestamptz, service_id bigint, incident_id bigint, also_in bigint[],
    group_key text, reasons jsonb, last_event_id bigint, content_hash bigint, expires_at timestamptz,
    changes timestamptz[], flapping_until timestamptz
)
where alert.id = item.id
"""


class Row(NamedTuple):
    """The newest row of an identity, without what it says."""

    pk: int
    fingerprint: str
    status: str
    incident_id: int | None
    service_id: int
    also_in: list[int]
    started_at: datetime | None
    ended_at: datetime | None
    resolved_at: datetime | None
    dedup: str | None
    late_firing_at: str | None
    group_key: str
    content_hash: int | None
    expires_at: datetime | None
    changes: list[datetime] | None
    flapping_until: datetime | None


_ROW = Row._make


def newest(integration_id: int, fingerprints: list[str], *, at: datetime, since: datetime | None = None) -> list[Row]:
    """The newest row of each identity that fires, or is over and remembered at this moment or since that one."""
    found: dict[str, Row] = {}
    periods = identities.periods(at, since=since)
    # Of an identity that stands in several, the first is the newest.
    ways = [_OPEN, *(_OVER.replace("%(period)s", f"%(period_{number})s") for number in range(len(periods)))]
    query = _WANTED + " union all ".join(_COLUMNS + way for way in ways)
    given: dict[str, Any] = {"integration": integration_id}
    given.update({f"period_{number}": period for number, period in enumerate(periods)})
    with connection.cursor() as cursor:
        for start in range(0, len(fingerprints), _AT_ONCE):
            cursor.execute(query, {**given, "fingerprints": ",".join(fingerprints[start : start + _AT_ONCE])})
            for row in map(_ROW, cursor.fetchall()):
                found.setdefault(row.fingerprint, row)
    return list(found.values())


def have_moved(known: Sequence[Row]) -> bool:
    """Whether one of them belongs to another incident by now: merging does not ask their integration."""
    open_ones = [(row.pk, row.incident_id) for row in known if row.status != AlertStatus.RESOLVED]
    if not open_ones:
        return False
    with connection.cursor() as cursor:
        cursor.execute(_HAVE_MOVED, [[pk for pk, _ in open_ones], [incident_id for _, incident_id in open_ones]])
        return bool(cursor.fetchone() == (True,))


def acknowledged_counts(incident_ids: Sequence[int]) -> dict[int, int]:
    """How many alerts of each incident are acknowledged at their source."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select incident_id, count(*) from alerts_alert where incident_id = any(%s) and status = %s group by 1",
            [list(incident_ids), AlertStatus.ACKNOWLEDGED],
        )
        return dict(cursor.fetchall())


def last_joined(incident_ids: Sequence[int]) -> dict[int, datetime]:
    """When the newest alert of each incident was first seen."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select wanted.id, alert.first_seen_at from unnest(%s::bigint[]) as wanted(id) cross join lateral ("
            " select first_seen_at from alerts_alert where incident_id = wanted.id order by id desc limit 1) as alert",
            [list(incident_ids)],
        )
        return dict(cursor.fetchall())


def flapping_counts(incident_ids: Sequence[int]) -> dict[int, int]:
    """How many alerts of each incident are flapping."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select incident_id, count(*) from alerts_alert where incident_id = any(%s) and flapping_until is not null"
            " group by 1",
            [list(incident_ids)],
        )
        return dict(cursor.fetchall())


def save(integration_id: int, episodes: Iterable[Episode], explain: Callable[[Episode], None]) -> None:
    """Write what has changed; the cases of all episodes have their incidents by now. `explain` completes each."""
    known: list[Episode] = []
    new: list[Episode] = []
    for episode in episodes:
        (new if episode.pk is None else known).append(episode)
    with connection.cursor() as cursor:
        # What ended goes first: an identity has one open row.
        for start in range(0, len(known), _AT_ONCE):
            some = known[start : start + _AT_ONCE]
            for each in some:
                explain(each)
            cursor.execute(_UPDATE, [orjson.dumps([_changes(each) for each in some]).decode()])
    if new:
        _copy(integration_id, new, explain)


def _copy(integration_id: int, episodes: Sequence[Episode], explain: Callable[[Episode], None]) -> None:
    # Django's cursor does not copy; the driver's own, of the same connection and transaction, does. PostgreSQL works on
    # what it has while the next lines are put together.
    with connection.wrap_database_errors, connection.connection.cursor() as cursor, cursor.copy(copying.COPY) as copy:
        for start in range(0, len(episodes), _LINES_AT_ONCE):
            some = episodes[start : start + _LINES_AT_ONCE]
            for each in some:
                explain(each)
            copy.write(copying.lines(integration_id, some))


def _changes(episode: Episode) -> dict[str, Any]:
    content, last = episode.content, episode.last
    shown: dict[str, Any] = {}
    if content is not None:
        shown = {
            "has_content": True,
            "severity": content.severity,
            "title": content.title or None,
            "description": content.description,
            "labels": content.labels,
            "annotations": content.annotations,
            "links": content.links,
        }
    return {
        **shown,
        "id": episode.pk,
        "status": episode.status,
        "count": episode.count_added,
        "last_seen_at": last.at if last is not None else None,
        "started_at": episode.started_at,
        "ended_at": episode.ended_at,
        "resolved_at": episode.resolved_at,
        "service_id": episode.service_id,
        "incident_id": episode.case.incident_id if episode.case is not None else None,
        "also_in": [case.incident_id for case in episode.also_in],
        "group_key": episode.group_key,
        "reasons": episode.reasons or None,
        "last_event_id": last.event_id if last is not None else None,
        "content_hash": episode.said.hash if episode.said is not None else episode.content_hash,
        "expires_at": episode.expires_at,
        "changes": episode.changes,
        "flapping_until": episode.flapping_until,
    }
