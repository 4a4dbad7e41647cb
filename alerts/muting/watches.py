"""Incidents watched because of mutes, and alerts that inhibit: written as sets, looked at in the lane of muting.

Nothing is decided here: `alerts.muting.unmuting` looks at what is due, the pipeline notes what it has muted.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import connection

from alerts.muting.mutes import Side
from core import jobs
from incidents.actor import system

LANE = "mutes"
BY = system("muting")
# However it came about that something is muted, that is looked at again.
LOOK_AGAIN = timedelta(minutes=10)

_WATCH = """
insert into alerts_mutewatch (incident_id, causes, hold_until, due_at, failures)
select incident_id, causes::text[], hold_until, due_at, 0
from unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::timestamptz[])
    as given(incident_id, causes, hold_until, due_at)
order by incident_id
on conflict (incident_id) do update set causes = excluded.causes, due_at = excluded.due_at,
    hold_until = coalesce(excluded.hold_until, alerts_mutewatch.hold_until)
"""
_LOOK_AT = """
insert into alerts_mutewatch (incident_id, causes, due_at, failures)
select incident_id, '{}', %s, 0 from unnest(%s::bigint[]) as given(incident_id) order by incident_id
on conflict (incident_id) do update set causes = '{}', due_at = least(alerts_mutewatch.due_at, excluded.due_at)
"""
_WERE_MUTED = """
with concerned as (
    select incident_id from alerts_mutewatch where causes && %s::text[] order by incident_id for no key update
)
update alerts_mutewatch as watch set due_at = %s from concerned where watch.incident_id = concerned.incident_id
"""
_SOURCES_FIRE = """
insert into alerts_inhibitionsource (rule_id, integration_id, fingerprint, key, is_target, title, due_at)
select rule_id, %s, fingerprint, key, is_target, title, %s
from unnest(%s::bigint[], %s::text[], %s::text[], %s::boolean[], %s::text[])
    as given(rule_id, fingerprint, key, is_target, title)
where exists (select 1 from alerts_inhibitionrule as rule where rule.id = given.rule_id)
order by fingerprint, rule_id
on conflict (integration_id, fingerprint, rule_id) do update set
    key = excluded.key, is_target = excluded.is_target, title = excluded.title, ended_at = null,
    due_at = excluded.due_at
where alerts_inhibitionsource.ended_at is not null or alerts_inhibitionsource.key <> excluded.key
    or alerts_inhibitionsource.is_target <> excluded.is_target
"""
_SOURCES_END = """
update alerts_inhibitionsource set ended_at = %s, due_at = %s
where integration_id = %s and fingerprint = any(%s) and ended_at is null
"""


def next_look(untils: Iterable[datetime | None], now: datetime) -> datetime:
    """When an incident that is muted until these moments is looked at again."""
    return min((each for each in untils if each is not None), default=now + LOOK_AGAIN)


def watch(rows: Sequence[tuple[int | None, list[str], datetime | None, datetime]]) -> None:
    """Remember muted incidents: id, causes, the end of the hold time, when to look again."""
    if not rows:
        return
    pks, causes, holds, dues = zip(*rows, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_WATCH, [list(pks), [_array(each) for each in causes], list(holds), list(dues)])


def look_at(incident_ids: Sequence[int], *, now: datetime) -> None:
    """Have these incidents looked at as soon as this transaction has committed."""
    with connection.cursor() as cursor:
        cursor.execute(_LOOK_AT, [now, list(incident_ids)])
    jobs.ring(LANE)


def look_at_caused(causes: Sequence[str], *, now: datetime) -> None:
    """Have the incidents looked at that one of these mutes, as soon as this transaction has committed."""
    with connection.cursor() as cursor:
        cursor.execute(_WERE_MUTED, [list(causes), now])
    jobs.ring(LANE)


def sources_fire(integration_id: int, fired: Sequence[tuple[Side, str, str]], *, now: datetime) -> None:
    """These alerts (side, fingerprint, title) fire and mute others."""
    if not fired:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _SOURCES_FIRE,
            [
                integration_id,
                now,
                [side.rule_id for side, *_ in fired],
                [fingerprint for _, fingerprint, _ in fired],
                [side.key for side, *_ in fired],
                [side.is_both for side, *_ in fired],
                [title for *_, title in fired],
            ],
        )
        if cursor.rowcount:
            jobs.ring(LANE)


def sources_end(integration_id: int, fingerprints: Sequence[str], *, now: datetime) -> None:
    """These alerts fire no more; if one of them muted others, those are looked at."""
    with connection.cursor() as cursor:
        cursor.execute(_SOURCES_END, [now, now, integration_id, list(fingerprints)])
        if cursor.rowcount:
            jobs.ring(LANE)


def held_until(incident_id: int) -> datetime | None:
    """The end of the hold time of a muted incident."""
    with connection.cursor() as cursor:
        cursor.execute("select hold_until from alerts_mutewatch where incident_id = %s", [incident_id])
        row = cursor.fetchone()
    return row[0] if row else None


def _array(texts: Iterable[str]) -> str:
    """Names of causes hold nothing that an array of PostgreSQL's would have to quote."""
    return "{" + ",".join(texts) + "}"
