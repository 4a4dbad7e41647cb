"""Saving a policy: a new version where its content differs, so that a running escalation never changes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from accounts.models import Team, User
from catalog.models import Service
from core.errors import Invalid
from escalation.models import Coverage, Policy, PolicyVersion, Step, Target
from oncall.models import Schedule

MOST_REPEATS = 20
MOST_STEPS = 50
LONGEST_WAIT = timedelta(days=7)


@dataclass(frozen=True)
class StepDraft:
    """One rung as somebody wishes it: page these (a person, a schedule, a team), then `wait`."""

    targets: Sequence[User | Schedule | Team]
    wait: timedelta


@transaction.atomic
def save_policy(*, name: str, team: Team | None, repeat: int, steps: Sequence[StepDraft]) -> PolicyVersion:
    """The current version after saving: the present one where nothing differs. Raises Invalid.

    `repeat` counts the further passes after the first.
    """
    check(repeat, steps)
    policy, _ = Policy.objects.get_or_create(name=name, defaults={"team": team})
    policy = Policy.objects.select_for_update(no_key=True).get(pk=policy.pk)
    if policy.team_id != (team.pk if team else None):
        policy.team = team
        policy.save(update_fields=["team"])
    current = current_version(policy)
    if current is not None and _content(current) == _drafted(repeat, steps):
        return current
    version = PolicyVersion.objects.create(policy=policy, number=current.number + 1 if current else 1, repeat=repeat)
    for number, draft in enumerate(steps, start=1):
        step = Step.objects.create(version=version, number=number, wait=draft.wait)
        Target.objects.bulk_create(_target(step, each) for each in draft.targets)
    return version


def current_version(policy: Policy) -> PolicyVersion | None:
    """What the policy says now; None where it never said anything."""
    return policy.versions.order_by("-number").first()


def version_for(service: Service) -> PolicyVersion | None:
    """What answers for a service now; None where nothing does."""
    found = PolicyVersion.objects.filter(policy__covers__service=service).select_related("policy")
    return found.order_by("-number").first()


def versions_for(services: Iterable[int]) -> dict[int, PolicyVersion]:
    """The same for many services, by id of the service, each with its steps."""
    covers = dict(Coverage.objects.filter(service__in=set(services)).values_list("service_id", "policy_id"))
    newest = PolicyVersion.objects.filter(policy__in=set(covers.values())).order_by("policy_id", "-number")
    found = newest.distinct("policy_id").select_related("policy").prefetch_related("steps")
    by_policy = {version.policy_id: version for version in found}
    return {service: by_policy[policy] for service, policy in covers.items() if policy in by_policy}


def cover(service: Service, policy: Policy | None) -> bool:
    """Let this policy answer for the service, or none. Returns whether that is new. Running escalations go on."""
    if policy is None:
        return Coverage.objects.filter(service=service).delete()[0] > 0
    coverage, is_new = Coverage.objects.get_or_create(service=service, defaults={"policy": policy})
    if is_new or coverage.policy_id == policy.pk:
        return is_new
    coverage.policy = policy
    coverage.save(update_fields=["policy"])
    return True


def check(repeat: int, steps: Sequence[StepDraft]) -> None:
    """Whether these steps can be saved. Raises Invalid, naming each problem."""
    problems: dict[str, str] = {}
    if not 0 <= repeat <= MOST_REPEATS:
        problems["repeat"] = f"Between 0 and {MOST_REPEATS} further passes."
    if not 1 <= len(steps) <= MOST_STEPS:
        problems["steps"] = f"Between 1 and {MOST_STEPS} steps."
    for number, step in enumerate(steps, start=1):
        if not step.targets:
            problems["steps"] = f"Step {number} pages nobody: name a person, a schedule or a team."
        elif not timedelta() <= step.wait <= LONGEST_WAIT:
            problems["steps"] = f"Step {number}: wait between 0 seconds and {LONGEST_WAIT.days} days."
    if repeat and steps and not sum((step.wait for step in steps), timedelta()):
        problems["steps"] = "A policy that repeats needs a wait, or all its pages would go out at once."
    if problems:
        raise Invalid(f"This policy cannot be saved. {' '.join(problems.values())}", problems)


_Content = tuple[int, tuple[tuple[timedelta, tuple[tuple[str, int], ...]], ...]]


def _drafted(repeat: int, steps: Sequence[StepDraft]) -> _Content:
    kinds = {User: "user", Schedule: "schedule", Team: "team"}
    return repeat, tuple((step.wait, tuple((kinds[type(each)], each.pk) for each in step.targets)) for step in steps)


def _content(version: PolicyVersion) -> _Content:
    return version.repeat, tuple(
        (step.wait, tuple(_named(target) for target in step.targets.order_by("id")))
        for step in version.steps.order_by("number").prefetch_related("targets")
    )


def _named(target: Target) -> tuple[str, int]:
    found = {"user": target.user_id, "schedule": target.schedule_id, "team": target.team_id}
    return next((kind, pk) for kind, pk in found.items() if pk is not None)


def _target(step: Step, what: User | Schedule | Team) -> Target:
    if isinstance(what, User):
        return Target(step=step, user=what)
    return Target(step=step, schedule=what) if isinstance(what, Schedule) else Target(step=step, team=what)
