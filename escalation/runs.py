"""Starting and stopping runs. The caller holds the incident's lock; a live run is one at most per incident."""

from collections.abc import Sequence
from datetime import timedelta

from accounts.models import User
from core import clock, jobs
from escalation import plan, policies, targets
from escalation.models import PolicyVersion, Run, RunKind, RunStatus
from incidents import timeline
from incidents.actor import Actor, system
from incidents.models import Incident, TimelineEntry, Urgency

LANE = "escalation"
BY = system("escalation")


def live(incident_id: int) -> Run | None:
    """The run that has a further step to take, locked; None where there is none."""
    return Run.objects.select_for_update(no_key=True).filter(incident=incident_id, status=RunStatus.RUNNING).first()


def latest(incident_id: int) -> Run | None:
    """The newest run, locked; None where there never was one."""
    return Run.objects.select_for_update(no_key=True).filter(incident=incident_id).order_by("-id").first()


def start(incident: Incident, *, reason: str) -> Run:
    """Follow the service's policy from its first step, due now. Low urgency notifies once and does not escalate."""
    version = policies.version_for(incident.service)
    run = begin(incident, kind=_kind_for(incident), version=version, reason=reason)
    _started(incident, run, version, reason=reason).save(force_insert=True)
    return run


def start_many(incidents: Sequence[Incident], *, reason: str) -> None:
    """The same for incidents that have no run, in a few statements."""
    versions = policies.versions_for(incident.service_id for incident in incidents)
    now = clock.now()
    made = []
    for incident in incidents:
        version = versions.get(incident.service_id)
        run = Run(incident=incident, kind=_kind_for(incident), policy_version=version, start_reason=reason)
        place = plan.first(targets.course_of(run, version))
        run.pass_number, run.next_step = place.pass_number, place.step
        run.started_at = run.due_at = now
        made.append((incident, run, version))
    Run.objects.bulk_create(run for _, run, _ in made)
    TimelineEntry.objects.bulk_create(
        _started(incident, run, version, reason=reason) for incident, run, version in made
    )
    jobs.ring(LANE)


def _kind_for(incident: Incident) -> RunKind:
    return RunKind.LOW_URGENCY if incident.urgency == Urgency.LOW else RunKind.POLICY


def _started(incident: Incident, run: Run, version: PolicyVersion | None, *, reason: str) -> TimelineEntry:
    if version is None:
        text = f"{incident.service.name} has no escalation policy: its team's managers are paged."
        return timeline.draft(incident, kind="no_policy", by=BY, reason="no_policy", text=text, run=run.pk)
    if run.kind == RunKind.LOW_URGENCY:
        text = f"Low urgency: {version.policy.name} notifies once and does not escalate."
        return timeline.draft(incident, kind="low_urgency", by=BY, reason="low_urgency", text=text, run=run.pk)
    return _announcement(incident, run, version, by=BY, reason=reason)


def begin(
    incident: Incident,
    *,
    kind: RunKind,
    version: PolicyVersion | None,
    reason: str,
    place: plan.Place | None = None,
    people: Sequence[User] = (),
) -> Run:
    """A new run, due now, at its first place or the given one. No other may be live."""
    run = Run(incident=incident, kind=kind, policy_version=version, start_reason=reason)
    place = place or plan.first(targets.course_of(run, version))
    run.pass_number, run.next_step = place.pass_number, place.step
    run.started_at = run.due_at = clock.now()
    run.save(force_insert=True)
    if people:
        run.people.set(people)
    jobs.ring(LANE, run.pk)
    return run


def _announcement(incident: Incident, run: Run, version: PolicyVersion, *, by: Actor, reason: str) -> TimelineEntry:
    repeat = f", up to {version.repeat + 1} passes" if version.repeat else ""
    return timeline.draft(
        incident,
        kind="escalation_started",
        by=by,
        reason=reason,
        text=f"Escalation by {version.policy.name} started{repeat}.",
        run=run.pk,
        policy=version.policy.name,
        policy_version=version.number,
    )


def stop(run: Run, *, reason: str) -> None:
    """No further step; whatever still carries this run's version is void."""
    run.version += 1
    run.status, run.reason = RunStatus.STOPPED, reason
    run.due_at, run.ended_at = None, clock.now()
    run.save(update_fields=["version", "status", "reason", "due_at", "ended_at"])


def go_to(run: Run, place: plan.Place, *, after: timedelta = timedelta()) -> None:
    """Take this place when `after` has passed; also wakes a run that had ended by itself."""
    run.pass_number, run.next_step = place.pass_number, place.step
    run.status, run.reason, run.ended_at = RunStatus.RUNNING, "", None
    run.due_at = clock.now() + after
    run.save(update_fields=["pass_number", "next_step", "status", "reason", "ended_at", "due_at", "found_anyone"])
    if not after:
        jobs.ring(LANE, run.pk)
