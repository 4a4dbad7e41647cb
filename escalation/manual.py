"""What people, and a severity that rose, do to an escalation. Each verb is one transaction."""

from collections.abc import Sequence

from django.db import transaction

from accounts.models import User
from core.errors import DomainError, Invalid
from escalation import plan, policies, runs
from escalation.models import Policy, PolicyVersion, Run, RunKind
from escalation.targets import course_of
from incidents import lifecycle, timeline
from incidents.actor import Actor
from incidents.models import Incident
from incidents.states import Status
from notifications import outbox


class IsResolved(DomainError):
    """Nobody is paged for what is over."""

    code = "is_resolved"

    def __init__(self, incident: Incident) -> None:
        super().__init__(f"#{incident.number} is resolved. Reopen it first.")


@transaction.atomic
def escalate(incident_id: int, *, by: Actor) -> bool:
    """Take the next step now. Past the last one, the team's managers are paged, then all admins.

    What nobody has to answer any more (acknowledged, snoozed) is triggered again and goes on where it stood.
    Raises IsResolved.
    """
    incident = _open(incident_id)
    last = runs.latest(incident_id)
    version = last.policy_version if last and last.policy_version_id else policies.version_for(incident.service)
    place = _next_place(last, version)
    live = runs.live(incident_id)
    timeline.record(incident, kind="escalated", by=by, reason="escalated")
    if live is not None and live.kind == RunKind.POLICY:
        runs.go_to(live, place or plan.first(course_of(live, version)))
    else:
        _replace(incident, live, kind=RunKind.POLICY, version=version, reason="escalated", place=place)
    _wake(incident, by=by, reason="escalated")
    return True


@transaction.atomic
def reassign(incident_id: int, *, by: Actor, users: Sequence[User] | None = None, policy: Policy | None = None) -> bool:
    """Page these people and nobody after them; or follow another policy from its first step.

    Raises Invalid unless exactly one of the two is given and pages somebody; IsResolved.
    """
    incident = _open(incident_id)
    if policy is not None and not users:
        version = policies.current_version(policy)
        if version is None:
            raise _wrong("policy", f"The policy {policy.name} has no steps.")
        _replace(incident, runs.live(incident_id), kind=RunKind.POLICY, version=version, reason="reassigned")
        to = f"the policy {policy.name}"
    elif users and policy is None:
        gone = [user.username for user in users if not user.is_active]
        if gone:
            raise _wrong("users", f"No longer active: {', '.join(gone)}.")
        live = runs.live(incident_id)
        _replace(incident, live, kind=RunKind.DIRECT, version=None, reason="reassigned", people=users)
        to = ", ".join(user.username for user in users)
    else:
        raise _wrong("users", "Name either users or a policy.")
    text = f"Reassigned to {to} by {by.phrase}."
    timeline.record(incident, kind="reassigned", by=by, reason="reassigned", text=text, to=to)
    _wake(incident, by=by, reason="reassigned")
    return True


@transaction.atomic
def restart(incident_id: int, *, by: Actor, reason: str) -> bool:
    """It got worse: escalate anew from the first step. False where the incident is resolved."""
    incident = lifecycle.locked(incident_id)
    if incident.status != Status.TRIGGERED:
        return lifecycle.trigger(incident_id, by=by, reason=reason)
    live = runs.live(incident_id)
    if live is not None:
        runs.stop(live, reason="restarted")
    outbox.cancel(incident_id, reason="restarted")
    timeline.record(incident, kind="escalation_restarted", by=by, reason=reason, text="Escalated anew: it got worse.")
    runs.start(incident, reason=reason)
    return True


def _open(incident_id: int) -> Incident:
    incident = lifecycle.locked(incident_id)
    if incident.status == Status.RESOLVED:
        raise IsResolved(incident)
    return incident


def _next_place(last: Run | None, version: PolicyVersion | None) -> plan.Place | None:
    """Where escalating by hand goes on; None: at the first step."""
    if last is None or last.kind == RunKind.DIRECT:
        return None
    place = plan.Place(last.pass_number, last.next_step)
    if place == plan.NOWHERE:
        return None
    if plan.is_past_the_last(course_of(last, version), place):
        return plan.MANAGERS
    return place


def _replace(
    incident: Incident,
    live: Run | None,
    *,
    kind: RunKind,
    version: PolicyVersion | None,
    reason: str,
    place: plan.Place | None = None,
    people: Sequence[User] = (),
) -> None:
    if live is not None:
        runs.stop(live, reason=reason)
    # A run that has ended by itself leaves pages of later rules behind. Only who goes on where it stood keeps them.
    if live is not None or place is None:
        outbox.cancel(incident.pk, reason=reason)
    runs.begin(incident, kind=kind, version=version, reason=reason, place=place, people=people)


def _wake(incident: Incident, *, by: Actor, reason: str) -> None:
    """Whoever is paged now has to answer: what was acknowledged or snoozed is triggered again."""
    if incident.status != Status.TRIGGERED:
        lifecycle.trigger(incident.pk, by=by, reason=reason)


def _wrong(field: str, problem: str) -> Invalid:
    return Invalid(problem, {field: problem})
