"""The lane of incidents: holds and snoozes that are over."""

from datetime import datetime

import structlog
from django.db import transaction

from core import claims, clock, jobs
from incidents import lifecycle
from incidents.actor import system
from incidents.models import Incident
from incidents.states import Move, Status

log = structlog.get_logger(__name__)

LANE = "incident-timers"
_AT_MOST = 100


def next_due() -> datetime | None:
    """When the next hold or snooze ends."""
    return Incident.objects.filter(due_at__isnull=False).order_by("due_at").values_list("due_at", flat=True).first()


@jobs.lane(LANE, order=20, next_due=next_due)
def end_holds_and_snoozes() -> int:
    """Trigger what was held or snoozed until now. Returns how many rows were handled."""
    now = clock.now()
    if not claims.is_any_due(Incident, now):
        return 0
    with transaction.atomic():
        due = claims.lock_due(Incident.objects.filter(due_at__lte=now).order_by("due_at", "id"), at_most=_AT_MOST)
        for incident in due:
            _end_guarded(incident, now)
    return len(due)


def _end_guarded(incident: Incident, now: datetime) -> None:
    try:
        with transaction.atomic():
            _end(incident)
    except Exception:  # one row may not stop its batch: it is counted, and tried again later
        log.exception("incident.timer_failed", incident=incident.pk)
        failures = incident.failures + 1
        Incident.objects.filter(pk=incident.pk).update(
            failures=failures, due_at=claims.postpone(failures, now=now), version=incident.version + 1
        )


def _end(incident: Incident) -> None:
    by = system("timers")
    if incident.status == Status.SNOOZED:
        lifecycle.move_locked(incident, Move.WAKE, by=by, reason="snooze_over")
    elif incident.status != Status.HELD:
        Incident.objects.filter(pk=incident.pk).update(due_at=None)
    elif incident.alert_count and not incident.firing_count:
        lifecycle.move_locked(incident, Move.RESOLVE, by=by, reason="resolved_while_held")
    else:
        lifecycle.move_locked(incident, Move.TRIGGER, by=by, reason="hold_over")
