"""The lane that takes due steps: whom to page is resolved now, and becomes deliveries in the outbox.

A due run is claimed through its incident, so that a tick and an acknowledgement never wait for each other crosswise:
either this transaction has the incident and the acknowledgement comes after, or the run is left for the next tick.
A step's wait counts from when it was really taken, so after downtime missed steps are not made up in one burst.
"""

from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import F
from prometheus_client import Counter, Histogram

from core import claims, clock, jobs
from escalation import runs
from escalation.models import Run, RunStatus
from escalation.stepping import Stepping
from escalation.targets import Directory
from incidents import timeline
from incidents.models import Incident
from incidents.states import Status

log = structlog.get_logger(__name__)

_AT_MOST = 50
_VISIBLE_AFTER = 3  # failures of a run's step until the incident's timeline says so

lateness = Histogram(
    "tocsin_step_lateness_seconds",
    "Time from when a step was due until it was taken",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600),
)
step_failures = Counter("tocsin_step_failures_total", "Times taking a due step raised and was put off")


def next_due() -> datetime | None:
    """When the next step is due."""
    due = Run.objects.filter(status=RunStatus.RUNNING, due_at__isnull=False).order_by("due_at", "id")
    return due.values_list("due_at", flat=True).first()


@jobs.lane(runs.LANE, order=30, next_due=next_due)
def take_due_steps() -> int:
    """Take a batch of due steps. Returns how many runs were handled."""
    now = clock.now()
    with transaction.atomic():
        claimed = _claim(now)
        directory = Directory(claimed, now)
        for run in claimed:
            _take_guarded(run, directory)
    return len(claimed)


def _claim(now: datetime) -> list[Run]:
    """Due runs whose incidents are locked by this transaction, and then they themselves."""
    due = Run.objects.filter(status=RunStatus.RUNNING, due_at__lte=now).order_by("due_at", "id")
    seen = claims.lock_due(due.select_related("incident__service__team"), at_most=_AT_MOST, of=("incident",))
    if not seen:
        return []
    incidents = {run.incident_id: run.incident for run in seen}
    # The rows above may have been read before somebody else's commit freed the incident: read the runs again, now
    # that nobody else can change them.
    claimed = list(due.filter(pk__in=[run.pk for run in seen]).select_for_update(no_key=True))
    for run in claimed:
        run.incident = incidents[run.incident_id]
    return claimed


def _take_guarded(run: Run, directory: Directory) -> None:
    """One run that raises may not stop its batch: it is counted, shown, and tried again later."""
    due_at = run.due_at or directory.now
    try:
        with transaction.atomic():
            _take(run, directory)
    except Exception:  # whatever it was, the others' pages go out
        log.exception("step.failed", run=run.pk, incident=run.incident_id)
        step_failures.inc()
        _put_off(run, directory.now)
    else:
        lateness.observe(max(0.0, (directory.now - due_at).total_seconds()))


def _take(run: Run, directory: Directory) -> None:
    if run.incident.status != Status.TRIGGERED:
        # Followers stop runs in the transaction that moves the incident; this only mends what an older release left.
        runs.stop(run, reason=str(run.incident.status))
        return
    Stepping(run, directory).go()
    Incident.objects.filter(pk=run.incident_id).update(version=F("version") + 1)


def _put_off(run: Run, now: datetime) -> None:
    failures = Run.objects.values_list("failures", flat=True).get(pk=run.pk) + 1
    Run.objects.filter(pk=run.pk).update(failures=failures, due_at=claims.postpone(failures, now=now))
    if failures == _VISIBLE_AFTER:
        timeline.record(
            run.incident,
            kind="step_failing",
            by=runs.BY,
            reason="step_failing",
            text="Taking the next step fails because of a fault in Tocsin; it is tried again. See the worker's log.",
            run=run.pk,
        )
