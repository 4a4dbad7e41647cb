"""What stands when a batch comes: its incidents, locked in one order, and cases and episodes made of the rows."""

from collections.abc import Mapping, Sequence

from django.db.models import BooleanField, ExpressionWrapper, Q

from alerts.models import AlertStatus
from alerts.pipeline.cases import Case, Episode
from alerts.pipeline.rows import Row
from incidents.models import Incident, Severity
from incidents.states import Status

_IS_OVER = ExpressionWrapper(Q(status=Status.RESOLVED), output_field=BooleanField())


class Changed(Exception):
    """An incident moved between being looked at and being locked: begin anew."""


def locked_incidents(known: Sequence[Row], open_keys: set[str], further: set[int]) -> dict[int, Incident]:
    """The incidents these alerts belong to or may join, and those they were merged into; locked in ascending order."""
    wanted = further | {row.incident_id for row in known if row.incident_id is not None}
    wanted.update(pk for row in known for pk in row.also_in)
    # Of a group the open one counts, which somebody may have reopened by hand, else the newest.
    of_groups = Incident.objects.filter(open_key__in=open_keys).order_by("open_key", _IS_OVER, "-id")
    wanted.update(of_groups.distinct("open_key").values_list("pk", flat=True))
    while True:
        targets = Incident.objects.filter(pk__in=wanted, merged_into__isnull=False).exclude(merged_into__in=wanted)
        more = set(targets.values_list("merged_into", flat=True))
        if not more:
            break
        wanted.update(pk for pk in more if pk is not None)
    locked = Incident.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("id")
    found = {incident.pk: incident for incident in locked}
    if any(each.merged_into_id is not None and each.merged_into_id not in found for each in found.values()):
        raise Changed
    return found


def cases_of(incidents: Mapping[int, Incident], acknowledged: Mapping[int, int]) -> dict[int, Case]:
    cases = {
        pk: Case(
            open_key=incident.open_key or "",
            service_id=incident.service_id,
            group_key=incident.group_key,
            incident_id=pk,
            is_open=incident.is_open,
            severity=Severity(incident.severity) if incident.severity else None,
            alert_count=incident.alert_count,
            firing_count=incident.firing_count,
            acknowledged_count=acknowledged.get(pk, 0),
            resolved_at=incident.resolved_at,
            opened_at=incident.created_at,
        )
        for pk, incident in sorted(incidents.items())
    }
    for pk, incident in incidents.items():
        if incident.merged_into_id is not None:
            cases[pk].merged_into = cases[incident.merged_into_id]
    return cases


def episode_of(row: Row, cases: Mapping[int, Case]) -> Episode:
    return Episode(
        fingerprint=row.fingerprint,
        status=AlertStatus(row.status),
        case=cases[row.incident_id] if row.incident_id is not None else None,
        service_id=row.service_id,
        pk=row.pk,
        also_in=[cases[pk] for pk in row.also_in if pk in cases] if row.also_in else [],
        started_at=row.started_at,
        ended_at=row.ended_at,
        resolved_at=row.resolved_at,
        dedup=row.dedup,
        late_firing_at=row.late_firing_at,
        content_hash=row.content_hash,
        group_key=row.group_key,
        expires_at=row.expires_at,
        changes=row.changes,
        flapping_until=row.flapping_until,
    )
