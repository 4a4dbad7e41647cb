"""What mutes now, read from the database: one statement, and more only when something has changed since the last.

Whoever decides by it holds a shared lock until its transaction ends (`alerts.muting.locking`). The engine's lane that
carries out a change (`alerts.muting.unmuting`) first waits for all who may not have seen it.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from django.db import connection

from alerts.muting import matchers, scope
from alerts.muting.locking import LOCK
from alerts.muting.models import InhibitionRule, InhibitionSource, MaintenanceWindow, Silence
from alerts.muting.mutes import Muter, Mutes, Rule, Side
from incidents.mutes import MAINTENANCE, SILENCED

# Without parameters, so that the driver sends both statements at once and the second sees what is committed when the
# lock is held. The moment is our own clock's.
_READ = f"""
select pg_advisory_xact_lock_shared({LOCK});
select 'silence', id, changed_at, ends_at from alerts_silence where ends_at > '{{now}}' and starts_at <= '{{now}}'
union all
select 'window', id, changed_at, occurrence_ends_at from alerts_maintenancewindow
    where occurrence_ends_at > '{{now}}' and occurrence_starts_at <= '{{now}}' and is_active
union all
select 'rule', id, changed_at, null from alerts_inhibitionrule where is_active
order by 1, 2
"""  # noqa: S608  the lock's number and a moment, nothing from outside

Version = tuple[str, int, datetime, datetime | None]


def current(now: datetime) -> Mutes | None:
    """All that mutes at this moment, for this transaction; None where nothing does."""
    with connection.cursor() as cursor:
        cursor.execute(_READ.format(now=now.isoformat()))
        cursor.cursor.nextset()  # Django's wrapper has no word for the second answer
        versions = tuple(cursor.fetchall())
    return _compiled(versions) if versions else None


def firing_sources(sides: Iterable[Side]) -> dict[tuple[int, str], bool]:
    """Of these rules and keys those that have a firing source, and whether one of it is no target of its rule."""
    wanted = {(side.rule_id, side.key) for side in sides}
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "select source.rule_id, source.key, bool_or(not source.is_target) from alerts_inhibitionsource as source"
            " join unnest(%s::bigint[], %s::text[]) as wanted(rule_id, key) using (rule_id, key)"
            " where source.ended_at is null group by 1, 2",
            [[rule_id for rule_id, _ in wanted], [key for _, key in wanted]],
        )
        return {(rule_id, key): has_plain for rule_id, key, has_plain in cursor.fetchall()}


def source_title(side: Side) -> str:
    """The title of an alert that mutes this one, for people."""
    found = InhibitionSource.objects.filter(rule=side.rule_id, key=side.key, ended_at=None).order_by("id")
    return found.values_list("title", flat=True).first() or ""


@lru_cache(maxsize=20)
def _compiled(versions: tuple[Version, ...]) -> Mutes:
    of_kind: dict[str, list[int]] = {"silence": [], "window": [], "rule": []}
    for kind, pk, *_ in versions:
        of_kind[kind].append(pk)
    silences = Silence.objects.filter(pk__in=of_kind["silence"]).order_by("id")
    windows = MaintenanceWindow.objects.filter(pk__in=of_kind["window"]).order_by("id")
    rules = InhibitionRule.objects.filter(pk__in=of_kind["rule"]).order_by("id")
    return Mutes(
        [
            *map(_silence, silences),
            *map(_window, windows.prefetch_related("services", "integrations")),
        ],
        [rule_of(each) for each in rules],
    )


def _silence(row: Silence) -> Muter:
    where = scope.of_silence(row)
    return Muter(
        reason=SILENCED,
        pk=row.pk,
        what=f"silence {row.pk}",
        owner=row.created_by,
        comment=row.comment,
        until=row.ends_at,
        matchers=matchers.known(tuple(row.matchers)),
        service_ids=where.service_ids,
        integration_ids=where.integration_ids,
    )


def _window(row: MaintenanceWindow) -> Muter:
    where = scope.of_window(row)
    return Muter(
        reason=MAINTENANCE,
        pk=row.pk,
        what=f"window “{row.name}”",
        owner=row.created_by,
        comment=row.comment,
        until=row.occurrence_ends_at or row.changed_at,  # it was on a moment ago
        matchers=matchers.known(tuple(row.matchers)),
        service_ids=where.service_ids,
        integration_ids=where.integration_ids,
    )


def rule_of(row: InhibitionRule) -> Rule:
    """A rule, compiled."""
    source, target = matchers.known(tuple(row.source_matchers)), matchers.known(tuple(row.target_matchers))
    return Rule(row.pk, row.name, source, target, tuple(row.equal))
