"""Whom a step pages: resolves its targets to people, at the moment the step is taken, each with the reason in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Prefetch

from accounts.models import Team, User
from escalation.models import PagedPerson, PolicyVersion, Run, RunKind, Step, Target
from escalation.plan import Course, Place, is_past_the_last
from incidents.models import Urgency
from notifications import outbox
from notifications.outbox import Wishes
from notifications.rules import Wish
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
    """What a batch of runs needs to know, as of `now`, read in a number of queries that does not grow with it."""

    def __init__(self, batch: Sequence[Run], now: datetime) -> None:
        self.now = now
        self._versions = {each.pk: each for each in _versions({run.policy_version_id for run in batch}, now)}
        self._on_call: dict[int, list[roster.OnCall]] = {}
        self._people: dict[tuple[int, int], list[Chosen]] = {}
        self._paged: dict[int, list[PagedPerson]] = {run.pk: [] for run in batch}
        for each in PagedPerson.objects.filter(run__in=self._paged).order_by("id"):
            self._paged[each.run_id].append(each)
        self._known: set[int] = set()
        self._wishes: dict[tuple[int, str], list[Wish]] = {}
        self._learn([each.user for run in batch for each in self._chosen_next(run)])

    def version(self, run: Run) -> PolicyVersion | None:
        """What the run follows; None where it follows no policy."""
        return None if run.policy_version_id is None else self._versions[run.policy_version_id]

    def course(self, run: Run) -> Course:
        """The times of what the run follows."""
        return course_of(run, self.version(run))

    def people_of(self, run: Run, step_number: int) -> list[Chosen]:
        """Who is paged by this step now, each person once; empty where nobody is on call."""
        version = self.version(run)
        if run.kind == RunKind.DIRECT or version is None:
            return [_assigned(user) for user in run.people.order_by("username") if user.is_active]
        key = version.pk, step_number
        if key not in self._people:
            (step,) = (step for step in version.steps.all() if step.number == step_number)
            chosen: dict[int, Chosen] = {}
            for each in (each for target in step.targets.all() for each in self._behind(target)):
                if each.user.is_active:
                    chosen.setdefault(each.user.pk, each)
            self._people[key] = list(chosen.values())
        return self._people[key]

    def paged(self, run: Run) -> list[PagedPerson]:
        """Whom this run has paged so far; whoever pages another adds her."""
        return self._paged[run.pk]

    def wishes(self, user: User) -> Wishes:
        """What is known of her rules, among those of others."""
        if user.pk not in self._known:
            self._learn([user])
        return self._wishes

    def _learn(self, users: Sequence[User]) -> None:
        self._wishes.update(outbox.wishes_of(users, Urgency.values) if users else {})
        self._known.update(user.pk for user in users)

    def _chosen_next(self, run: Run) -> list[Chosen]:
        """Whom the due step will choose. The fallback is rare: its people are looked up when it comes to that."""
        place = Place(run.pass_number, run.next_step)
        if place.is_fallback or is_past_the_last(self.course(run), place):
            return []
        return self.people_of(run, place.step)

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
    targets = Target.objects.order_by("id").select_related("user")
    targets = targets.prefetch_related("team__members", Prefetch("schedule", schedules))
    steps = Step.objects.order_by("number").prefetch_related(Prefetch("targets", targets))
    found = PolicyVersion.objects.filter(pk__in=wanted).select_related("policy")
    return found.prefetch_related(Prefetch("steps", steps))
