"""The pipeline: read > dedup > route > group, a batch of one integration's messages in one transaction.

Messages of an integration are worked on in their order: a worker holds the lock of its row, others skip it. Incidents
are locked before alerts are written, in ascending order. Whose turn it is, and what becomes of a message that fails, is
decided in `alerts.pipeline.turns`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog

from alerts.decisions.flapping import FlapRule
from alerts.decisions.grouping import Window
from alerts.decisions.routing import Router
from alerts.mapping import versions
from alerts.models import EventStatus, Integration
from alerts.parsing.source import ParsedAlert, resolve_after
from alerts.pipeline import (
    acting,
    changes,
    deciding,
    errands,
    events,
    muting,
    own_messages,
    quarantine,
    rows,
    storms,
    thresholds,
)
from alerts.pipeline.attaching import Attaching
from alerts.pipeline.cases import ACKNOWLEDGED, RESOLVED, Episode, Told
from alerts.pipeline.copying import said
from alerts.pipeline.dedup import Following
from alerts.pipeline.guards import Guard, guard_of
from alerts.pipeline.standing import Changed, cases_of, episode_of, locked_incidents
from alerts.pipeline.understanding import RawEvent, Understood, doubted_by, understand
from catalog.models import Service
from core import clock
from incidents.actor import Actor
from incidents.models import Incident

log = structlog.get_logger(__name__)

# What an alert was taken for where that changes no row which could tell of it: then its message does.
_IN_NO_ROW = {
    "acknowledged_unknown": "Acknowledged at its source, but no such alert is open: there was nothing to change.",
    "told_of_again": "Its source told of it again before this was read, so it goes on.",
}


class StandsAlone(Exception):
    """The next message is large: its start is committed before the work begins."""

    def __init__(self, event: events.Next) -> None:
        super().__init__()
        self.event = event


def locked(integration_id: int) -> Integration | None:
    """The integration, locked; None where another worker has it."""
    rows_of_it = Integration.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=integration_id)
    return rows_of_it.first()


def batch(integration_id: int, now: datetime, *, only: events.Next | None = None) -> int:
    """Carry an integration's next messages, or this one, through the pipeline. Returns how many they were.

    Within a transaction. Raises Changed and StandsAlone, having changed nothing, and whatever a message brings about.
    """
    integration = locked(integration_id)
    if integration is None:
        return 0
    chosen = [only] if only is not None else events.next_batch(integration_id, now)
    if only is None and chosen and chosen[0].is_large:
        raise StandsAlone(chosen[0])
    claimed = events.bodies(chosen)
    if not claimed:
        return 0
    guard = guard_of(integration)
    if acting.is_action(claimed[0]):
        return _act(integration, claimed[0], guard)
    rules = deciding.rules_of(integration)
    read = [_read(event, integration, guard, has_routes=bool(rules)) for event in claimed]
    understood = [each for each in read if each is not None]
    messages = [each for each in understood if each.alerts]
    if messages:
        # Locked with the others, in their order: it may be noted on when they have been.
        is_told_of = any(each is None or each.status is EventStatus.QUARANTINED for each in read)
        and_lock = quarantine.incident_keys(integration.pk) if is_told_of else set()
        _follow(integration, messages, deciding.router(rules) if rules else None, and_lock=and_lock)
    quarantine.tell_of(integration, understood)
    errands.note(integration, understood)
    changes.keep(integration, understood, deciding.router(rules) if rules else None)
    for event, each in zip(claimed, read, strict=True):
        if each is None:
            quarantine.give_way(integration, event.id, now=now)
    came = [event.received_at for event in claimed if event.source != own_messages.SOURCE]
    last_at = came[-1] if came else None
    events.finish(understood, now=clock.now(), integration_id=integration_id, last_at=last_at)
    return len(claimed)


def _act(integration: Integration, event: RawEvent, guard: Guard | None) -> int:
    """An action of a sender's on an alert: what it says of the condition goes the way of every alert."""
    done = doubted_by(guard, event)
    if done is None:
        action = acting.Acting(integration, event)
        told = action.told()
        if told is not None:
            rules = deciding.rules_of(integration)
            router = deciding.router(rules) if rules else None
            _follow(integration, [Understood(event, alerts=[told])], router, and_lock=set(), by=action.by)
        done = action.finish()
    quarantine.tell_of(integration, [done])
    events.finish([done], now=clock.now(), integration_id=integration.pk, last_at=event.received_at)
    return 1


def _read(event: RawEvent, integration: Integration, guard: Guard | None, *, has_routes: bool) -> Understood | None:
    try:
        mapping = versions.active(integration)
        understood = understand(event, integration.source, guard=guard, rules=integration.mail_rules, mapping=mapping)
    except Exception as trouble:  # noqa: BLE001  a source's own mistake with one message; the others are read
        source = event.source or integration.source
        log.warning("ingest.source_failed", message=event.id, source=source, cause=quarantine.cause(trouble))
        return None
    if not has_routes and not all(map(_names_its_service, understood.alerts)):
        problem = "The integration has no route, so nobody knows whose alerts these are. Add one, then read it again."
        return Understood(event, status=EventStatus.QUARANTINED, reason="no_route", problem=problem)
    return understood


def _names_its_service(alert: ParsedAlert) -> bool:
    return alert.own is not None and alert.own.service_id is not None


def _follow(
    integration: Integration,
    messages: Sequence[Understood],
    router: Router | None,
    *,
    and_lock: set[str],
    by: Actor | None = None,
) -> None:
    told = [[deciding.decide(integration, router, each.event, alert) for alert in each.alerts] for each in messages]
    every = [each for message in told for each in message]
    oldest = min(each.event.received_at for each in messages)
    known = rows.newest(integration.pk, list({each.fingerprint for each in every}), at=clock.now(), since=oldest)
    weather = storms.weather(integration, every, known)
    open_keys = {each.open_key for each in every} | and_lock
    incidents = locked_incidents(known, open_keys, weather.incident_ids())
    if rows.have_moved(known):
        raise Changed
    following = _following(integration, every, known, incidents, weather)
    for understood, message in zip(messages, told, strict=True):
        for each in message:
            reason = following.tell(each)
            if reason in _IN_NO_ROW:
                understood.add_reason(reason, _IN_NO_ROW[reason])
        following.end_message()
    services = Service.objects.in_bulk(
        {case.service_id for case in following.cases} | {each.route.service_id for each in every}
    )
    # Silences, maintenance windows and inhibition mute the page, never the alert: it is followed and kept as ever.
    muted = muting.of_batch(integration, following)
    is_muted = muted.is_muted if muted is not None else None
    held_back = thresholds.of_batch(router.rules if router else (), every, following, incidents, is_muted)
    Attaching(
        integration, following, incidents=incidents, services=services, muting=muted, thresholds=held_back, by=by
    ).carry_out()
    storms.write_down(integration, weather)
    rows.save(integration.pk, following.changed.values(), _explain)


def _following(
    integration: Integration,
    every: Sequence[Told],
    known: Sequence[rows.Row],
    incidents: Mapping[int, Incident],
    weather: storms.Weather,
) -> Following:
    """Everything as it stands, with what of it is asked for only where these alerts or the integration need it."""
    asks_acknowledged = any(each.alert.status is ACKNOWLEDGED for each in every)
    cases = cases_of(incidents, rows.acknowledged_counts(list(incidents)) if asks_acknowledged else {})
    flap = FlapRule(integration.flap_changes, integration.flap_window) if integration.flap_changes else None
    if flap is not None and any(each.alert.status is RESOLVED for each in every):
        for incident_id, count in rows.flapping_counts(list(incidents)).items():
            cases[incident_id].flapping_count = count
    window = Window(integration.group_window, integration.group_window_rolls) if integration.group_window else None
    if window is not None and window.rolls:
        for incident_id, at in rows.last_joined(list(incidents)).items():
            cases[incident_id].joined_at = at
    return Following(
        {row.fingerprint: episode_of(row, cases) for row in known},
        cases.values(),
        reopen_within=integration.reopen_within,
        resolve_after=resolve_after(integration.resolve_after, integration.source),
        flap=flap,
        window=window,
        folds=weather.folds(cases, storm_after=integration.storm_after),
    )


def _explain(episode: Episode) -> None:
    """Each decision by its name, for the alert's own row; nothing where a message only said the same again."""
    told = episode.last
    if told is None or episode.content is None:
        return
    episode.said = said(episode.content)
    if episode.said.hash == episode.content_hash:
        episode.content = None
        return
    route: dict[str, object] = {"reason": told.route.reason, "position": told.route.position}
    if told.route.condition:
        route["condition"] = told.route.condition
    if told.route.outside:
        route["outside_hours"] = list(told.route.outside)
    if told.route.failures:
        route["failures"] = [{"position": position, "problem": text} for position, text in told.route.failures]
    episode.reasons["route"] = route
    episode.reasons["group"] = {"reason": told.group.reason, "key": told.group.key[:500]}
    if told.alert.mapped is not None or episode.pk is not None:
        episode.reasons["mapping"] = told.alert.mapped
