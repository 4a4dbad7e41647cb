"""What happens when a silence, a window, a rule or an inhibiting alert begins, changes or ends: which incidents it
concerns, in one statement each. They are looked at by `alerts.muting.unmuting`."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import orjson
from django.db import connection, transaction

from alerts.models import Alert, AlertStatus
from alerts.muting import locking, mutes_now, scope, windows
from alerts.muting.judging import causes_of
from alerts.muting.matchers import OWN_NAMES, Matcher, known
from alerts.muting.models import InhibitionRule, InhibitionSource, MaintenanceWindow, Silence, SilenceState
from alerts.muting.mutes import Facts, Mutes, Side
from alerts.muting.scope import Scope
from alerts.muting.watches import look_at_caused, sources_fire
from incidents.states import Status

_AT_MOST = 500  # inhibiting alerts of a transaction
_ANYWHERE = Scope(frozenset(), frozenset())

_NEXT = """
select least(
    (select min(due_at) from alerts_silence where due_at is not null),
    (select min(due_at) from alerts_maintenancewindow where due_at is not null),
    (select min(due_at) from alerts_inhibitionrule where due_at is not null),
    (select min(due_at) from alerts_inhibitionsource where due_at is not null)
)
"""
_MAY_CONCERN = """alert.status <> 'resolved' and alert.labels @> %(labels)s::jsonb
        and (%(services)s::bigint[] is null or alert.service_id = any(%(services)s))
        and (%(integrations)s::bigint[] is null or alert.integration_id = any(%(integrations)s))"""
# Those nobody has yet, or that are held: where all that fires becomes muted, nobody is paged any more. Where very much
# fires, whoever looks at it most often needs one alert, and asking here whether any may be concerned would need all.
# What got worse and moved on fires in its first incident too: it is asked for by itself, so that each uses its index.
_MAY_BE_MUTED = f"""
insert into alerts_mutewatch (incident_id, causes, due_at, failures)
select incident.id, '{{}}', %(now)s, 0 from incidents_incident as incident
where incident.status in ('triggered', 'held') and incident.muted is null and (incident.firing_count > 100 or exists (
    select 1 from alerts_alert as alert where alert.incident_id = incident.id and {_MAY_CONCERN}
) or exists (
    select 1 from alerts_alert as alert
    where alert.also_in @> array[incident.id] and alert.also_in <> '{{}}' and {_MAY_CONCERN}
))
order by incident.id
on conflict (incident_id) do update set causes = '{{}}', due_at = least(alerts_mutewatch.due_at, excluded.due_at)
"""  # noqa: S608  a piece of text from above, nothing from outside
# Of those whose incident somebody has resolved nothing more is expected either: the next message begins them anew.
_HAVE_ENDED = """
select source.id from alerts_inhibitionsource as source
where ended_at is null and not exists (
    select 1 from alerts_alert as alert left join incidents_incident as incident on incident.id = alert.incident_id
    where alert.integration_id = source.integration_id and alert.fingerprint = source.fingerprint
        and alert.status <> 'resolved' and incident.status is distinct from 'resolved'
)
"""
_END = f"update alerts_inhibitionsource set ended_at = %s, due_at = %s where id in ({_HAVE_ENDED})"  # noqa: S608  as above


def next_turn() -> datetime | None:
    """When something next begins, ends, or is to be carried out."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT)
        row = cursor.fetchone()
    moment: datetime | None = row[0] if row else None
    return moment


def turn_over(now: datetime) -> int:
    """Carry out what is due. Returns how many rows were handled."""
    silences = _due(Silence, now)
    windows_due = _due(MaintenanceWindow, now)
    rules = _due(InhibitionRule, now)
    sources = _due(InhibitionSource, now)
    if not (silences or windows_due or rules or sources):
        return 0
    # Batches that began before this change are over first: they may have opened incidents that it concerns.
    locking.wait_for_others()
    for pk in silences:
        _turn_silence(pk, now)
    for pk in windows_due:
        _turn_window(pk, now)
    for pk in rules:
        _turn_rule(pk, now)
    if sources:
        _turn_sources(sources, now)
    return len(silences) + len(windows_due) + len(rules) + len(sources)


@transaction.atomic
def sources_that_ended(now: datetime) -> int:
    """Note which inhibiting alerts fire no more, by whatever way that came about. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_HAVE_ENDED)
        if cursor.fetchone() is None:
            return 0
        locking.lock_out_others()  # a batch may just be told that one of them fires on
        cursor.execute(_END, [now, now])
        return int(cursor.rowcount)


def said_plainly(matchers: Sequence[Matcher]) -> dict[str, str]:
    """The labels that must have one value: what the database can look for."""
    return {
        each.name: each.value for each in matchers if each.operator == "=" and each.value and each.name not in OWN_NAMES
    }


def _due(
    model: type[Silence] | type[MaintenanceWindow] | type[InhibitionRule] | type[InhibitionSource], now: datetime
) -> list[int]:
    due = model.objects.filter(due_at__lte=now).order_by("due_at").values_list("pk", flat=True)
    return list(due[:_AT_MOST])


@transaction.atomic
def _turn_silence(pk: int, now: datetime) -> None:
    due = Silence.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=pk, due_at__lte=now)
    silence = due.first()
    if silence is None:
        return
    look_at_caused([f"silence:{pk}"], now=now)
    state = silence.state
    if state is SilenceState.ACTIVE:
        _may_be_muted(known(tuple(silence.matchers)), scope.of_silence(silence), now)
    next_at = {SilenceState.PENDING: silence.starts_at, SilenceState.ACTIVE: silence.ends_at}
    Silence.objects.filter(pk=pk).update(due_at=next_at.get(state))


@transaction.atomic
def _turn_window(pk: int, now: datetime) -> None:
    due = MaintenanceWindow.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=pk, due_at__lte=now)
    window = due.first()
    if window is None:
        return
    look_at_caused([f"window:{pk}"], now=now)
    window.due_at = windows.place(window, now)
    if window.is_on:
        _may_be_muted(known(tuple(window.matchers)), scope.of_window(window), now)
    window.save(update_fields=["occurrence_starts_at", "occurrence_ends_at", "due_at"])


@transaction.atomic
def _turn_rule(pk: int, now: datetime) -> None:
    """Find its sources anew. Batches wait meanwhile, or one could end what is just being found."""
    locking.lock_out_others()
    row = InhibitionRule.objects.select_for_update(no_key=True).filter(pk=pk, due_at__lte=now).first()
    if row is None:
        return
    look_at_caused([f"rule:{pk}"], now=now)
    InhibitionSource.objects.filter(rule=pk).delete()
    if row.is_active:
        rule = mutes_now.rule_of(row)
        for integration_id, fired in _firing(Mutes([], [rule]), said_plainly(rule.source)).items():
            sources_fire(integration_id, fired, now=now)
    InhibitionRule.objects.filter(pk=pk).update(due_at=None)


def _firing(mutes: Mutes, labels: Mapping[str, str]) -> dict[int, list[tuple[Side, str, str]]]:
    found: dict[int, list[tuple[Side, str, str]]] = {}
    alerts = Alert.objects.exclude(status=AlertStatus.RESOLVED).exclude(incident__status=Status.RESOLVED)
    firing = alerts.filter(labels__contains=dict(labels)).order_by()
    asked = ("labels", "title", "severity", "dedup_key", "service_id", "integration_id", "fingerprint")
    for text, title, severity, dedup_key, service_id, integration_id, mark in firing.values_list(*asked).iterator(2000):
        one = mutes.of(Facts(text, title, severity or "", dedup_key, service_id, integration_id))
        found.setdefault(integration_id, []).extend((side, mark, title[:200]) for side in one.sources)
    return found


@transaction.atomic
def _turn_sources(pks: Sequence[int], now: datetime) -> None:
    due = InhibitionSource.objects.filter(pk__in=pks, due_at__lte=now).select_related("rule").order_by("id")
    rows = list(due.select_for_update(skip_locked=True, no_key=True, of=("self",)))
    ended = [row for row in rows if row.ended_at is not None]
    if ended:
        look_at_caused([causes_of(Side(row.rule_id, row.key, row.is_target))[1] for row in ended], now=now)
        InhibitionSource.objects.filter(pk__in=[row.pk for row in ended]).delete()
    for rule in {row.rule for row in rows if row.ended_at is None}:
        _may_be_muted(known(tuple(rule.target_matchers)), _ANYWHERE, now)
    InhibitionSource.objects.filter(pk__in=[row.pk for row in rows]).update(due_at=None)


def _may_be_muted(matchers: Sequence[Matcher], where: Scope, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _MAY_BE_MUTED,
            {
                "now": now,
                "labels": orjson.dumps(said_plainly(matchers)).decode(),
                "services": list(where.service_ids) or None,
                "integrations": list(where.integration_ids) or None,
            },
        )
