"""The lane of muting: what begins or ends is carried out on the incidents it concerns, as sets, and at its moment.

A silence, window, rule or inhibiting alert that has changed marks the incidents it may concern; each is then looked at
under its lock: held where all that fires in it is muted, and triggered where that is no longer so. What somebody has
acknowledged is left alone.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import Q

from alerts.models import Alert, AlertStatus
from alerts.muting import mutes_now, scope
from alerts.muting.judging import Muted, judged
from alerts.muting.models import MuteWatch
from alerts.muting.mutes import NOTHING, Facts, Found, Mutes
from alerts.muting.turning import next_turn, sources_that_ended, turn_over
from alerts.muting.watches import BY, next_look, watch
from alerts.pipeline import thresholds
from core import claims, clock
from incidents import muting
from incidents.lifecycle import move_locked
from incidents.models import Incident
from incidents.mutes import INHIBITED, MAINTENANCE, SILENCED, Mute
from incidents.states import Move, Status

log = structlog.get_logger(__name__)

_AT_MOST = 200  # incidents of a transaction
_REPAIR_EVERY = 60.0  # seconds
_OVER = {SILENCED: "silence_over", MAINTENANCE: "maintenance_over", INHIBITED: "inhibition_over"}
_repaired_at = 0.0


@dataclass(frozen=True)
class Standing:
    """What fires in an incident: whether anything does, and where all of it is muted by what and until when."""

    fires: bool = False
    muted: Mute | None = None
    causes: tuple[str, ...] = ()
    untils: tuple[datetime | None, ...] = ()


def next_due() -> datetime | None:
    """When something next begins, ends or is to be looked at."""
    watched = MuteWatch.objects.order_by("due_at").values_list("due_at", flat=True).first()
    return min((each for each in (watched, next_turn()) if each is not None), default=None)


def run() -> int:
    """Carry out what has changed, then look at the incidents it concerns. Returns how many rows were handled."""
    _repair()
    now = clock.now()
    if not claims.is_any_due(MuteWatch, now):
        turn = next_turn()
        if turn is None or turn > now:
            return 0
    return turn_over(now) + look(now)


def look(now: datetime) -> int:
    """Look at incidents whose moment has come. Returns how many."""
    due = MuteWatch.objects.filter(due_at__lte=now).order_by("due_at", "pk").values_list("pk", flat=True)[:_AT_MOST]
    pks = list(due)
    if not pks:
        return 0
    with transaction.atomic():
        mutes = mutes_now.current(now)
        # Incidents before anything of theirs, as everywhere; what somebody else holds is looked at next time.
        incidents = claims.lock_due(Incident.objects.filter(pk__in=pks).order_by("id"), at_most=_AT_MOST)
        standings = standing_of([each.pk for each in incidents], mutes)
        watches = MuteWatch.objects.in_bulk([each.pk for each in incidents])
        for incident in incidents:
            if incident.pk in watches:
                _settle_guarded(incident, watches[incident.pk], standings[incident.pk], now)
    return len(incidents)


def mute_if_all_is(incident: Incident) -> None:
    """Hold a triggered incident that this transaction has locked, if all that fires in it is muted."""
    now = clock.now()
    mutes = mutes_now.current(now)
    if mutes is None:
        return
    standing = standing_of([incident.pk], mutes)[incident.pk]
    if standing.muted is not None:
        _mute(incident, standing, None, now)


def standing_of(incident_ids: Sequence[int], mutes: Mutes | None) -> dict[int, Standing]:
    """How these locked incidents stand."""
    firing = {pk: Standing(fires=True) for pk in incident_ids}
    if mutes is None:
        return firing
    found = _found_of(incident_ids, mutes)
    sources = mutes_now.firing_sources(side for each in found.values() for one in each for side in one.targets)
    answers: dict[int, Muted | None] = {}
    for pk in incident_ids:
        for one in found[pk]:
            if id(one) not in answers:
                answers[id(one)] = judged(mutes, one, sources)
    return {pk: _standing([answers[id(one)] for one in found[pk]]) for pk in incident_ids}


def _found_of(incident_ids: Sequence[int], mutes: Mutes) -> dict[int, list[Found]]:
    """What was found of the alerts that fire in each; alerts that look alike stand there once.

    Where nothing mutes one of them, nothing mutes the incident; the others, which may be very many, are not read.
    """
    wanted = set(incident_ids)
    found: dict[int, dict[int, Found]] = {pk: {} for pk in incident_ids}
    unsettled = set(incident_ids)
    moved_on = Q(also_in__overlap=list(wanted)) & ~Q(also_in=[])
    rows = Alert.objects.filter(Q(incident__in=wanted) | moved_on).exclude(status=AlertStatus.RESOLVED)
    asked = ("incident_id", "also_in", "labels", "title", "severity", "dedup_key", "service_id", "integration_id")
    for incident_id, also_in, labels, title, severity, dedup_key, service_id, integration_id in (
        rows.order_by().values_list(*asked).iterator(chunk_size=2000)
    ):
        of = {incident_id, *also_in} & unsettled
        if not of:
            continue
        one = mutes.of(Facts(labels, title, severity or "", dedup_key, service_id, integration_id))
        for pk in of:
            found[pk][id(one)] = one
        if one is NOTHING:
            unsettled -= of
            if not unsettled:
                break
    return {pk: list(each.values()) for pk, each in found.items()}


def _standing(answers: Sequence[Muted | None]) -> Standing:
    muted = [each for each in answers if each is not None]
    if not answers or len(muted) < len(answers):
        return Standing(fires=bool(answers))
    causes = tuple(dict.fromkeys(cause for each in muted for cause in each.causes))
    return Standing(True, muted[0].first, causes, tuple(each.until for each in muted))


def _settle_guarded(incident: Incident, watched: MuteWatch, standing: Standing, now: datetime) -> None:
    try:
        with transaction.atomic():
            _settle(incident, watched, standing, now)
    except Exception:  # one row may not stop its batch: it is counted, and tried again later
        log.exception("muting.failed", incident=incident.pk)
        failures = watched.failures + 1
        MuteWatch.objects.filter(pk=incident.pk).update(failures=failures, due_at=claims.postpone(failures, now=now))


def _settle(incident: Incident, watched: MuteWatch, standing: Standing, now: datetime) -> None:
    # Who was paged although it is muted was paged on purpose: by somebody who escalated it.
    is_on_purpose = incident.status == Status.TRIGGERED and bool(watched.causes)
    if incident.status not in {Status.TRIGGERED, Status.HELD} or is_on_purpose:
        MuteWatch.objects.filter(pk=incident.pk).delete()
    elif standing.muted is not None:
        _mute(incident, standing, watched.hold_until, now)
    else:
        MuteWatch.objects.filter(pk=incident.pk).delete()
        if incident.muted is not None:
            _unmute(incident, watched.hold_until, now)


def _mute(incident: Incident, standing: Standing, hold_until: datetime | None, now: datetime) -> None:
    assert standing.muted is not None
    hold_until = incident.due_at or hold_until
    muting.mute_locked(incident, standing.muted, by=BY)
    watch([(incident.pk, list(standing.causes), hold_until, next_look(standing.untils, now))])


def _unmute(incident: Incident, hold_until: datetime | None, now: datetime) -> None:
    reason = _OVER.get(str((incident.muted or {}).get("reason")), "not_muted")
    if incident.alert_count and not incident.firing_count:
        move_locked(incident, Move.RESOLVE, by=BY, reason="resolved_while_held")
    elif hold_until is not None and hold_until > now:
        muting.hold_on(incident, until=hold_until, by=BY, reason=reason)
    elif thresholds.holds(incident.pk):
        muting.hold_on(incident, until=None, by=BY, reason=reason)
    else:
        move_locked(incident, Move.TRIGGER, by=BY, reason=reason, text=_told(incident))


def _told(incident: Incident) -> str:
    what = str((incident.muted or {}).get("what") or "What muted it")
    return f"{what[:1].upper()}{what[1:]} mutes it no more, and it still fires."


def _repair() -> None:
    """Now and then: an alert may have ended, or a service have gone, by a way that tells nobody."""
    global _repaired_at  # noqa: PLW0603  one memory per process
    if _repaired_at and time.monotonic() - _repaired_at < _REPAIR_EVERY:
        return
    _repaired_at = time.monotonic()
    sources_that_ended(clock.now())
    scope.end_lost(clock.now())
