"""Whom a step pages: resolves its targets to people, at the moment the step is taken, each with the reason in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Prefetch

from accounts.models import Team, User
from escalation.models import PolicyVersion, Run, RunKind, Step, Target
from escalation.plan import Course
from oncall import roster
from oncall.models import Schedule

_NO_WAIT = timedelta()


@dataclass(frozen=True)
class Chosen:
    """Somebody to page: `reason` by name, `why` in words, and the schedule where one says so."""

    user: User
    reason: str
    why: str
    schedule: str = ""


class Directory:
    """Policies, schedules and people that a batch of runs needs, as of `now`, in a fixed number of queries."""

    def __init__(self, runs: Iterable[Run], now: datetime) -> None:
        self.now = now
        self._versions = {each.pk: each for each in _versions({run.policy_version_id for run in runs}, now)}
        self._on_call: dict[int, list[roster.OnCall]] = {}

    def version(self, run: Run) -> PolicyVersion | None:
        """What the run follows; None where it follows no policy."""
        return None if run.policy_version_id is None else self._versions[run.policy_version_id]

    def course(self, run: Run) -> Course:
        """The times of what the run follows."""
        return course_of(run, self.version(run))

    def people_of(self, run: Run, step_number: int) -> list[Chosen]:
        """Who is paged by this step now, each person once; empty where nobody is on call."""
        if run.kind == RunKind.DIRECT:
            return [_assigned(user) for user in run.people.order_by("username") if user.is_active]
        version = self.version(run)
        steps: dict[int, Step] = {step.number: step for step in version.steps.all()} if version else {}
        chosen: dict[int, Chosen] = {}
        for target in steps[step_number].targets.all():
            for each in self._behind(target):
                if each.user.is_active:
                    chosen.setdefault(each.user.pk, each)
        return list(chosen.values())

    def _behind(self, target: Target) -> list[Chosen]:
        if target.user is not None:
            return [Chosen(target.user, "named_in_step", "named in the step")]
        if target.schedule is not None:
            return [self._from(target.schedule, each) for each in self._on_call_in(target.schedule)]
        if target.team is None:
            return []
        members = sorted(target.team.members.all(), key=lambda user: user.username)
        return [Chosen(user, "team_member", f"member of team {target.team.name}") for user in members]

    def _on_call_in(self, schedule: Schedule) -> list[roster.OnCall]:
        if schedule.pk not in self._on_call:
            self._on_call[schedule.pk] = roster.on_call(schedule, self.now)
        return self._on_call[schedule.pk]

    def _from(self, schedule: Schedule, on_call: roster.OnCall) -> Chosen:
        until = ""
        if on_call.until is not None:
            until = f" until {roster.until_words(on_call.until, schedule.time_zone, now=self.now)}"
        by = ", by override" if on_call.is_override else ""
        why = f"on call in {schedule.name}{by}{until}"
        return Chosen(on_call.user, "override" if on_call.is_override else "on_call", why, schedule.name)


def course_of(run: Run, version: PolicyVersion | None) -> Course:
    """The times of a run: its policy's, or one step without a wait for what does not escalate."""
    if run.kind == RunKind.DIRECT:
        return Course(waits=(_NO_WAIT,), escalates=False)
    if version is None:
        return Course(waits=(), escalates=run.kind == RunKind.POLICY)
    waits = tuple(step.wait for step in sorted(version.steps.all(), key=lambda step: step.number))
    return Course(waits, version.repeat, escalates=run.kind == RunKind.POLICY)


def managers(team: Team) -> list[Chosen]:
    """The first fallback: the team's managers."""
    found = User.objects.managers_of(team)
    return [Chosen(user, "fallback_team_managers", f"manager of team {team.name}") for user in found]


def admins() -> list[Chosen]:
    """The last fallback: the organisation's admins."""
    return [Chosen(user, "fallback_admins", "admin") for user in User.objects.admins()]


def _assigned(user: User) -> Chosen:
    return Chosen(user, "assigned", "assigned")


def _versions(pks: set[int | None], now: datetime) -> Iterable[PolicyVersion]:
    wanted = [pk for pk in pks if pk is not None]
    if not wanted:
        return []
    schedules = Schedule.objects.prefetch_related(*roster.drawn(now))
    targets = Target.objects.order_by("id").prefetch_related("user", "team__members", Prefetch("schedule", schedules))
    steps = Step.objects.order_by("number").prefetch_related(Prefetch("targets", targets))
    found = PolicyVersion.objects.filter(pk__in=wanted).select_related("policy")
    return found.prefetch_related(Prefetch("steps", steps))
