"""The few statements that read and write the alerts of a batch: as many rows as there are, never one query an alert.

Only `alerts.ingest` calls this, with the integration locked: nobody else writes these rows meanwhile.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from alerts.cases import Episode
from alerts.models import AlertStatus
from alerts.source import Link
from alerts.trimming import LONGEST_KEY, cut

_AT_ONCE = 2000  # rows a statement; a message of 16 MB holds far more

_LATEST = """
select alert.id, alert.fingerprint, alert.status, alert.incident_id, alert.service_id, alert.also_in, alert.started_at,
    alert.ended_at, alert.resolved_at, alert.reasons::text, alert.group_key
from unnest(%s::text[]) as wanted(fingerprint)
cross join lateral (
    select * from alerts_alert
    where integration_id = %s and fingerprint = wanted.fingerprint
    order by id desc limit 1
) as alert
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
    reasons = item.reasons,
    last_event_id = coalesce(item.last_event_id, alert.last_event_id)
from jsonb_to_recordset(%s::jsonb) as item(
    id bigint, status text, severity text, has_content boolean, title text, description text, labels jsonb,
    annotations jsonb, links jsonb, count integer, last_seen_at timestamptz, started_at timestamptz,
    ended_at timestamptz, resolved_at timestamptz, service_id bigint, incident_id bigint, also_in bigint[],
    group_key text, reasons jsonb, last_event_id bigint
)
where alert.id = item.id
"""

_INSERT = """
insert into alerts_alert (
    integration_id, fingerprint, dedup_key, status, severity, title, description, labels, annotations, links, count,
    first_seen_at, last_seen_at, started_at, ended_at, resolved_at, service_id, incident_id, also_in, group_key,
    reasons, last_event_id
)
select
    %s, fingerprint, dedup_key, status, severity, title, description, labels, annotations, links, count,
    first_seen_at, last_seen_at, started_at, ended_at, resolved_at, service_id, incident_id, also_in, group_key,
    reasons, last_event_id
from jsonb_to_recordset(%s::jsonb) as item(
    fingerprint text, dedup_key text, status text, severity text, title text, description text, labels jsonb,
    annotations jsonb, links jsonb, count integer, first_seen_at timestamptz, last_seen_at timestamptz,
    started_at timestamptz, ended_at timestamptz, resolved_at timestamptz, service_id bigint, incident_id bigint,
    also_in bigint[], group_key text, reasons jsonb, last_event_id bigint
)
"""


@dataclass(frozen=True, slots=True)
class Row:
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
    reasons: str  # JSON
    group_key: str


_COLUMNS = tuple(Row.__dataclass_fields__)


def newest(integration_id: int, fingerprints: list[str]) -> list[Row]:
    """The newest row of each identity that has one."""
    rows: list[Row] = []
    with connection.cursor() as cursor:
        for start in range(0, len(fingerprints), _AT_ONCE):
            cursor.execute(_LATEST, [fingerprints[start : start + _AT_ONCE], integration_id])
            rows.extend(Row(**dict(zip(_COLUMNS, row, strict=True))) for row in cursor.fetchall())
    return rows


def acknowledged_counts(incident_ids: Sequence[int]) -> dict[int, int]:
    """How many alerts of each incident are acknowledged at their source."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select incident_id, count(*) from alerts_alert where incident_id = any(%s) and status = %s group by 1",
            [list(incident_ids), AlertStatus.ACKNOWLEDGED],
        )
        return dict(cursor.fetchall())


def save(integration_id: int, episodes: Iterable[Episode]) -> None:
    """Write what has changed; the cases of all episodes have their incidents by now."""
    known: list[Episode] = []
    new: list[Episode] = []
    for episode in episodes:
        (new if episode.pk is None else known).append(episode)
    with connection.cursor() as cursor:
        # What ended goes first: an identity has one open row.
        for start in range(0, len(known), _AT_ONCE):
            cursor.execute(_UPDATE, [_json(_changes(each) for each in known[start : start + _AT_ONCE])])
        for start in range(0, len(new), _AT_ONCE):
            cursor.execute(_INSERT, [integration_id, _json(_whole(each) for each in new[start : start + _AT_ONCE])])


def _json(items: Iterable[dict[str, Any]]) -> str:
    return orjson.dumps(list(items), default=_plain).decode()


def _plain(value: object) -> object:
    if isinstance(value, Link):
        return {"text": value.text, "href": value.href}
    raise TypeError


def _common(episode: Episode) -> dict[str, Any]:
    content = episode.content
    return {
        "status": episode.status,
        "severity": content.severity if content is not None else None,
        "description": content.description if content is not None else None,
        "labels": content.labels if content is not None else None,
        "annotations": content.annotations if content is not None else None,
        "links": content.links if content is not None else None,
        "count": episode.count_added,
        "last_seen_at": episode.last.at if episode.last is not None else None,
        "started_at": episode.started_at,
        "ended_at": episode.ended_at,
        "resolved_at": episode.resolved_at,
        "service_id": episode.service_id,
        "incident_id": episode.case.incident_id if episode.case is not None else None,
        "also_in": [case.incident_id for case in episode.also_in],
        "group_key": episode.group_key,
        "reasons": episode.reasons,
        "last_event_id": episode.last.event_id if episode.last is not None else None,
    }


def _changes(episode: Episode) -> dict[str, Any]:
    content = episode.content
    return {
        **_common(episode),
        "id": episode.pk,
        "has_content": content is not None,
        "title": (content.title or None) if content is not None else None,
    }


def _whole(episode: Episode) -> dict[str, Any]:
    told = episode.last
    if told is None or episode.content is None:
        raise ValueError("A new alert has been told of.")
    key = told.alert.dedup_key
    return {
        **_common(episode),
        "fingerprint": episode.fingerprint,
        "dedup_key": cut(key, LONGEST_KEY),
        "title": episode.content.title or cut(key, LONGEST_KEY),
        "count": max(1, episode.count_added),
        "first_seen_at": episode.first_seen_at,
    }
