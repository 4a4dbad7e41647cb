"""What escalation does when an incident moves, or when somebody turns out not to be reachable.

Runs in the transaction of whoever announces it, under the incident's lock: an acknowledgement that could not stop
its escalation is not made.
"""

from collections.abc import Sequence

from django.db.models import QuerySet

from core import clock
from escalation import plan, runs
from escalation.models import PagedPerson, Run, RunStatus
from escalation.targets import course_of
from incidents import timeline
from incidents.hooks import StatusChanged, status_changed
from incidents.models import Incident
from incidents.states import Status
from notifications.hooks import Unreached, unreached


@status_changed.follow
def start_or_stop(news: StatusChanged) -> None:
    """Escalate what is triggered, from the first step; stop for everything else."""
    run = runs.live(news.incident.pk) if news.old is not None else None
    if news.new is Status.TRIGGERED:
        # A run may live already: who reassigns or escalates by hand begins it before the incident moves.
        if run is None:
            runs.start(news.incident, reason=_reason(news))
    elif run is not None:
        runs.stop(run, reason=str(news.new))


@status_changed.for_many(start_or_stop)
def start_or_stop_many(every: Sequence[StatusChanged]) -> None:
    """Incidents that are new start together; whatever else has moved, one by one."""
    new = [news.incident for news in every if news.old is None and news.new is Status.TRIGGERED]
    if new:
        runs.start_many(new, reason="opened")
    for news in every:
        if news.old is not None:
            start_or_stop(news)


@unreached.follow
def go_on(news: Unreached) -> None:
    """When nobody of a step can be reached, the next step is taken now."""
    run = runs.latest(news.incident_id)
    if run is None or (run.pk, run.version) != (news.page.run_id, news.page.run_version):
        return
    incident = Incident.objects.get(pk=news.incident_id)
    here = _paged_by(run, news)
    person = here.filter(user=news.user_id, unreached_at=None).select_related("user").first()
    if person is None or incident.status != Status.TRIGGERED:
        return
    person.unreached_at = clock.now()
    person.save(update_fields=["unreached_at"])
    _tell(incident, run, news, "person_unreached", f"{person.user.username} was not reached by any contact method.")
    if not here.filter(unreached_at=None).exists():
        _next_now(incident, run, news)


def _next_now(incident: Incident, run: Run, news: Unreached) -> None:
    course = course_of(run, run.policy_version)
    taken, place = plan.Place(news.page.pass_number, news.page.step_number), plan.Place(run.pass_number, run.next_step)
    run.found_anyone = run.paged.filter(unreached_at=None).exists()
    if run.status == RunStatus.STOPPED or plan.waits_at(course, taken) != place:
        # The run has gone on by itself meanwhile.
        run.save(update_fields=["found_anyone"])
        return
    _tell(incident, run, news, "step_unreached", "Nobody of this step was reached: going on at once.")
    runs.go_to(run, plan.then_unreached(course, taken))


def _paged_by(run: Run, news: Unreached) -> "QuerySet[PagedPerson]":
    return run.paged.filter(
        run_version=run.version, pass_number=news.page.pass_number, step_number=news.page.step_number
    )


def _tell(incident: Incident, run: Run, news: Unreached, kind: str, text: str) -> None:
    timeline.record(
        incident,
        kind=kind,
        by=runs.BY,
        reason=kind,
        text=text,
        run=run.pk,
        pass_number=news.page.pass_number,
        step_number=news.page.step_number,
        user_id=news.user_id,
    )


def _reason(news: StatusChanged) -> str:
    return {
        None: "opened",
        Status.HELD: "no_longer_held",
        Status.ACKNOWLEDGED: "unacknowledged",
        Status.SNOOZED: "woken",
        Status.RESOLVED: "reopened",
    }.get(news.old, "triggered")
