"""The lane that takes due steps: whom to page is resolved now, and becomes deliveries in the outbox.

A due run is claimed through its incident, so that a tick and an acknowledgement never wait for each other crosswise:
either this transaction has the incident and the acknowledgement comes after, or the run is left for the next tick.
A step's wait counts from when it was really taken, so after downtime missed steps are not made up in one burst.
"""

from datetime import datetime
from functools import partial

import structlog
from django.db import transaction
from django.db.models import QuerySet
from prometheus_client import Counter, Histogram

from core import claims, clock, jobs
from core.metrics import SHARED
from escalation import plan, runs
from escalation.models import Run, RunStatus
from escalation.sheet import Sheet
from escalation.stepping import Stepping
from escalation.targets import Directory
from incidents import timeline
from incidents.states import Status

log = structlog.get_logger(__name__)

_AT_MOST = 50
# A step that cannot be taken, for a fault of ours, may not cost the page: after so many failures (15 seconds) the
# fallback is asked instead.
_GIVE_UP_AFTER = 5

lateness = Histogram(
    "tocsin_step_lateness_seconds",
    "Time from when a step was due until it was taken",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600),
    registry=SHARED,
)
step_failures = Counter("tocsin_step_failures_total", "Times taking a due step raised and was put off", registry=SHARED)


def next_due() -> datetime | None:
    """When the next step is due."""
    due = Run.objects.filter(status=RunStatus.RUNNING, due_at__isnull=False).order_by("due_at", "id")
    return due.values_list("due_at", flat=True).first()


@jobs.lane(runs.LANE, order=30, next_due=next_due)
def take_due_steps() -> int:
    """Take a batch of due steps. Returns how many runs were handled."""
    now = clock.now()
    if not claims.is_any_due(Run, now, where="status = 'running'"):
        return 0
    try:
        return _take(_due(now), now)
    except Exception:  # one run may not stop the others: each is taken for itself, and the broken one put off
        log.exception("steps.batch_failed")
    return sum(_take_guarded(pk, now) for pk in _due(now).values_list("pk", flat=True)[:_AT_MOST])


def _due(now: datetime) -> QuerySet[Run]:
    return Run.objects.filter(status=RunStatus.RUNNING, due_at__lte=now).order_by("due_at", "id")


@transaction.atomic
def _take(due: QuerySet[Run], now: datetime) -> int:
    claimed = _claim(due)
    if claimed:
        _write(claimed, now)
    return len(claimed)


def _take_guarded(pk: int, now: datetime) -> int:
    with transaction.atomic():
        claimed = _claim(_due(now).filter(pk=pk))
        for run in claimed:
            try:
                with transaction.atomic():
                    _write([run], now)
            except Exception:  # whatever it was: it is counted, shown, and tried again later
                log.exception("step.failed", run=run.pk, incident=run.incident_id)
                transaction.on_commit(step_failures.inc)
                _put_off(run, now)
    return len(claimed)


def _claim(due: QuerySet[Run]) -> list[Run]:
    """Due runs whose incidents are locked by this transaction, and then they themselves."""
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


def _write(claimed: list[Run], now: datetime) -> None:
    """Take the steps of runs that this transaction has claimed."""
    # Followers stop runs in the transaction that moves the incident; this only mends what an older release left.
    stale = [run for run in claimed if run.incident.status != Status.TRIGGERED]
    for run in stale:
        runs.stop(run, reason=str(run.incident.status))
    wanted = [run for run in claimed if run.incident.status == Status.TRIGGERED]
    directory, sheet = Directory(wanted, now), Sheet()
    late = [(now - run.due_at).total_seconds() for run in wanted if run.due_at]
    for run in wanted:
        Stepping(run, directory, sheet).go()
    sheet.write()
    for seconds in late:
        transaction.on_commit(partial(lateness.observe, max(0.0, seconds)))


def _put_off(run: Run, now: datetime) -> None:
    run = Run.objects.select_related("incident").get(pk=run.pk)
    run.failures, run.due_at = run.failures + 1, claims.postpone(run.failures + 1, now=now)
    if run.failures == _GIVE_UP_AFTER and run.pass_number != plan.FALLBACK_PASS:
        run.pass_number, run.next_step, run.due_at = plan.MANAGERS.pass_number, plan.MANAGERS.step, now
        timeline.record(
            run.incident,
            kind="step_failing",
            by=runs.BY,
            reason="step_failing",
            text="Taking the next step fails because of a fault in Tocsin; see the worker's log.",
            run=run.pk,
        )
    run.save(update_fields=["failures", "due_at", "pass_number", "next_step"])
