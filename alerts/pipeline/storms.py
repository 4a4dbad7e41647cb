"""Storms: what would open incident upon incident on one service becomes one incident, which pages once and counts.

A storm begins with the batch in which an integration would have opened more than `storm_after` incidents on a service
within a minute, and is over when it has been quiet for five. State is never folded: every alert is stored, counted and
resolved as ever. The few incidents that opened before it was known for a storm are merged into it by the lane. What a
threshold holds back pages nobody: it has storms of its own, which gather nothing that pages.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet

from alerts.models import AlertStatus, Integration, Storm
from alerts.pipeline import thresholds
from alerts.pipeline.cases import FIRING, Case, Fold, Kind, Told
from alerts.pipeline.rows import Row
from core import clock, jobs
from core.errors import DomainError
from incidents import lifecycle, merging, timeline
from incidents.actor import source
from incidents.models import Incident
from incidents.states import OPEN, Status

log = structlog.get_logger(__name__)

LANE = "storms"
WITHIN = timedelta(minutes=1)
QUIET = timedelta(minutes=5)
_LOOKED_AT = 300  # newest incidents of a service

_STANDING = """
select wanted.service_id, wanted.is_held_back, storm.id, storm.incident_id, young.number, young.first_id,
    storm.last_at, coalesce(gathering.status, '')
from unnest(%s::bigint[], %s::boolean[]) as wanted(service_id, is_held_back)
left join alerts_storm as storm
    on storm.integration_id = %s and storm.service_id = wanted.service_id
    and storm.is_held_back = wanted.is_held_back and storm.ended_at is null
left join incidents_incident as gathering on gathering.id = storm.incident_id
cross join lateral (
    select count(*) as number, min(id) filter (where wanted.is_held_back or status = 'triggered') as first_id
    from (
        select id, origin, status, created_at, due_at from incidents_incident
        where service_id = wanted.service_id order by id desc limit %s
    ) as newest
    where origin = %s and created_at > %s and wanted.is_held_back = (
        status = 'held' and due_at is null
        and exists (select 1 from alerts_threshold where incident_id = newest.id)
    )
) as young
"""


@dataclass(slots=True)
class Standing:
    """How things stand on a service before a batch: its storm, if there is one, and what opened in the last minute.

    Of what pages, or of what a threshold holds back: these are two things.
    """

    storm_id: int | None
    storm_incident_id: int | None
    young: int
    first_young_id: int | None  # the oldest of them that nobody has answered; where they page, of those that do
    last_at: datetime | None = None
    status: str = ""  # of the storm's incident
    fold: Fold | None = None

    def incident_ids(self) -> set[int]:
        """Those that what is new may be folded into."""
        return {pk for pk in (self.storm_incident_id, self.first_young_id) if pk is not None}

    def goes_on(self, storm_after: int, now: datetime) -> bool:
        """Whether what is new still goes into the storm's incident.

        Where somebody has answered it, or it pages nobody, only as long as it comes as thickly as made it a storm: a
        trickle of new trouble may not vanish in what people take for taken care of.
        """
        if self.status == Status.TRIGGERED:
            return True
        return self.last_at is not None and now - self.last_at <= WITHIN / storm_after


@dataclass(slots=True)
class Weather:
    """What a batch needs to know of storms, by service and whether a threshold holds back what comes."""

    kinds: dict[Kind, Standing] = field(default_factory=dict)
    new_groups: dict[Kind, set[str]] = field(default_factory=dict)

    def incident_ids(self) -> set[int]:
        """The incidents to be locked with the others."""
        return {pk for standing in self.kinds.values() for pk in standing.incident_ids()}

    def folds(self, cases: Mapping[int, Case], *, storm_after: int) -> dict[Kind, Fold]:
        """What is in a storm, now that the incidents are locked. One with nothing to fold has none."""
        open_keys = {case.open_key for case in cases.values() if case.is_open}
        now = clock.now()
        for kind, standing in self.kinds.items():
            storm = cases.get(standing.storm_incident_id or 0)
            if storm is not None and storm.standing() is not None and standing.goes_on(storm_after, now):
                standing.fold = Fold(storm)
                continue
            standing.storm_id = None  # the last one is over
            if standing.young + len(self.new_groups[kind] - open_keys) > storm_after:
                standing.fold = Fold(cases.get(standing.first_young_id or 0))
        return {kind: each.fold for kind, each in self.kinds.items() if each.fold is not None}


def weather(integration: Integration, told: Iterable[Told], known: Iterable[Row]) -> Weather:
    """How things stand on the services on which something new fires; no statement where nothing does."""
    if not integration.storm_after:
        return Weather()
    standing = _in_open_incidents(known)
    new_groups: dict[Kind, set[str]] = {}
    for each in told:
        if each.fingerprint not in standing and each.alert.status is FIRING:
            new_groups.setdefault(each.kind, set()).add(each.open_key)
    if not new_groups:
        return Weather()
    since = clock.now() - WITHIN
    with connection.cursor() as cursor:
        services, held_back = [service_id for service_id, _ in new_groups], [is_held for _, is_held in new_groups]
        cursor.execute(_STANDING, [services, held_back, integration.pk, _LOOKED_AT, integration.name, since])
        return Weather({(row[0], row[1]): Standing(*row[2:]) for row in cursor.fetchall()}, new_groups)


def _in_open_incidents(known: Iterable[Row]) -> set[str]:
    """The alerts that fire in an incident that is open, or was merged into another."""
    firing = {row.fingerprint: row.incident_id for row in known if row.status != AlertStatus.RESOLVED}
    if not firing:
        return set()
    over = Incident.objects.filter(pk__in=set(firing.values()), status=Status.RESOLVED, merged_into=None)
    closed = set(over.values_list("pk", flat=True))
    return {fingerprint for fingerprint, incident_id in firing.items() if incident_id not in closed}


def write_down(integration: Integration, weather: Weather) -> None:
    """What the batch has folded. Its transaction holds the incidents' locks."""
    now = clock.now()
    for kind, standing in weather.kinds.items():
        fold = standing.fold
        if fold is None or not fold.groups or fold.case is None or (case := fold.case.standing()) is None:
            continue
        if standing.storm_id is not None:
            Storm.objects.filter(pk=standing.storm_id).update(groups=F("groups") + fold.groups, last_at=now)
        elif case.incident_id is not None:
            _begin(integration, kind, case.incident_id, fold.groups, now)


def _begin(integration: Integration, kind: Kind, incident_id: int, groups: int, now: datetime) -> None:
    service_id, is_held_back = kind
    same = Storm.objects.filter(integration=integration, service=service_id, is_held_back=is_held_back)
    same.filter(ended_at=None).update(ended_at=now)
    storm = Storm.objects.create(
        integration=integration,
        service_id=service_id,
        is_held_back=is_held_back,
        incident_id=incident_id,
        began_at=now,
        last_at=now,
        groups=groups,
    )
    incident = Incident.objects.select_related("service").get(pk=incident_id)
    text = (
        f"Alert storm: more than {integration.storm_after} new incidents within a minute on {incident.service.name}."
        + (" What is new is gathered here and " + ("counts together." if is_held_back else "pages nobody again."))
    )
    timeline.record(incident, kind="storm_began", by=source(integration.name), reason="storm", text=text)
    jobs.ring(LANE, storm.pk)


def _due(now: datetime) -> QuerySet[Storm]:
    is_over = Q(last_at__lte=now - QUIET) | ~Q(incident__status__in=OPEN)
    return Storm.objects.filter(Q(gathered_at=None) | is_over, ended_at=None).order_by("id")


def next_due() -> datetime | None:
    """When a storm is to be looked at next (UTC)."""
    now = clock.now()
    if _due(now).exists():
        return now
    last = Storm.objects.filter(ended_at=None).order_by("last_at").values_list("last_at", flat=True).first()
    return last + QUIET if last is not None else None


@jobs.lane(LANE, order=15, next_due=next_due, every=jobs.SELDOM)
def tend() -> int:
    """Merge what opened before a storm was known for one, end what is quiet. Returns how many storms were tended."""
    now = clock.now()
    if not Storm.objects.filter(ended_at=None).exists():
        return 0
    due = list(_due(now).select_related("integration")[:50])
    for storm in due:
        if storm.gathered_at is None:
            _gather(storm, now)
        else:
            _end(storm, now)
    return len(due)


def _gather(storm: Storm, now: datetime) -> None:
    """Those that opened in the minute before and that nobody has answered; no page goes for one that pages nobody."""
    by = source(storm.integration.name)
    merged = []
    for pk in _unanswered(storm).exclude(pk=storm.incident_id).order_by("id").values_list("pk", flat=True):
        try:
            if merging.merge(pk, into=storm.incident_id, by=by):
                merged.append(pk)
        except DomainError as refusal:  # somebody was quicker: then it is no part of the storm
            log.info("storm.not_gathered", incident=pk, into=storm.incident_id, why=refusal.code)
    if storm.is_held_back:
        thresholds.add_up(storm.incident_id, merged, by=by)
    Storm.objects.filter(pk=storm.pk).update(gathered_at=now, groups=F("groups") + len(merged))


def _unanswered(storm: Storm) -> QuerySet[Incident]:
    young = Incident.objects.filter(
        service=storm.service_id,
        origin=storm.integration.name,
        created_at__gt=storm.began_at - WITHIN,
        created_at__lte=storm.began_at,
    )
    if storm.is_held_back:
        return young.filter(status=Status.HELD, threshold__isnull=False)
    pages = Incident.objects.filter(pk=storm.incident_id, status=Status.TRIGGERED).exists()
    statuses = [Status.TRIGGERED, Status.HELD] if pages else [Status.HELD]
    return young.filter(status__in=statuses, threshold__isnull=True)


@transaction.atomic
def _end(storm: Storm, now: datetime) -> None:
    incident = lifecycle.locked(storm.incident_id)
    if not Storm.objects.filter(pk=storm.pk, ended_at=None).update(ended_at=now):
        return
    minutes = max(1, round((storm.last_at - storm.began_at).total_seconds() / 60))
    text = f"The storm is over: {storm.groups:,} groups of alerts were gathered here within {minutes} min."
    timeline.record(
        incident, kind="storm_ended", by=source(storm.integration.name), reason="quiet", text=text, groups=storm.groups
    )
