"""Escalation policies. Saving one makes a new version; escalations that run keep theirs."""

from dataclasses import dataclass
from datetime import timedelta

from accounts.models import Team, User
from config.apply.schema import Fields, list_of, optional
from config.apply.section import Given, Made, Plain, Section, said
from config.apply.values import duration, number, reference, text
from core import durations
from escalation.models import Policy, PolicyVersion, Target
from escalation.policies import LONGEST_WAIT, MOST_REPEATS, MOST_STEPS, StepDraft, save_policy
from oncall.models import Schedule


@dataclass(frozen=True)
class TargetForm:
    """Whom a step pages: a user, a schedule or a team."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"

    def plain(self) -> Plain:
        """As in a file."""
        return {self.kind: str(self.name)}


@dataclass(frozen=True)
class StepForm:
    """Page these, then wait so long."""

    notify: tuple[TargetForm, ...]
    wait: timedelta

    def plain(self) -> Plain:
        """As in a file."""
        return {"notify": [each.plain() for each in self.notify], "wait": durations.write(self.wait)}


@dataclass(frozen=True)
class PolicyForm:
    """Who is paged in which order; `repeat` counts the further passes after the first."""

    name: str
    team: str | None = None
    repeat: int = 0
    steps: tuple[StepForm, ...] = ()

    def plain(self) -> dict[str, Plain]:
        """As in a file."""
        return said(
            name=str(self.name),
            team=self.team and str(self.team),
            repeat=self.repeat or None,
            steps=[each.plain() for each in self.steps],
        )


def _target(**named: str) -> TargetForm:
    ((kind, name),) = named.items()
    return TargetForm(kind, name)


_read_target = Fields({kind: reference(kind) for kind in ("user", "schedule", "team")}, _target, exactly_one=True)
_read_step = Fields(
    {"notify": list_of(_read_target, once=str, at_least=1), "wait": duration(longest=LONGEST_WAIT)},
    StepForm,
    required=("notify", "wait"),
)


class Policies(Section[PolicyForm]):
    """Who is paged in which order."""

    key = "escalation_policies"
    kind = "escalation policy"
    form = PolicyForm
    required_when_new = ("steps",)
    fields = {
        "name": text(),
        "team": optional(reference("team")),
        "repeat": number(low=0, high=MOST_REPEATS),
        "steps": list_of(_read_step, at_least=1, at_most=MOST_STEPS),
    }

    def current(self) -> dict[str, PolicyForm]:
        """The current version of every policy."""
        versions = (
            PolicyVersion.objects.order_by("policy_id", "-number")
            .distinct("policy_id")
            .select_related("policy__team")
            .prefetch_related("steps__targets__user", "steps__targets__schedule", "steps__targets__team")
        )
        return {each.policy.name: _form(each) for each in versions}

    def merged(self, old: PolicyForm | None, given: Given) -> PolicyForm:
        """Refuses what would send every page at once."""
        wanted = super().merged(old, given)
        if wanted.repeat and not any(each.wait for each in wanted.steps):
            raise given.wrong("a policy that repeats needs a wait, or all its pages would go out at once")
        return wanted

    def write(self, form: PolicyForm, given: Given, made: Made) -> None:
        """A new version, where the content is new."""
        save_policy(
            name=str(form.name),
            team=Team.objects.get(name=form.team) if form.team else None,
            repeat=form.repeat,
            steps=[StepDraft([_found(each) for each in step.notify], step.wait) for step in form.steps],
        )


def _form(version: PolicyVersion) -> PolicyForm:
    policy: Policy = version.policy
    return PolicyForm(
        name=policy.name,
        team=policy.team.name if policy.team else None,
        repeat=version.repeat,
        steps=tuple(
            StepForm(tuple(_named(each) for each in sorted(step.targets.all(), key=lambda each: each.pk)), step.wait)
            for step in sorted(version.steps.all(), key=lambda step: step.number)
        ),
    )


def _named(target: Target) -> TargetForm:
    if target.user:
        return TargetForm("user", target.user.username)
    return TargetForm("schedule", target.schedule.name) if target.schedule else TargetForm("team", str(target.team))


def _found(target: TargetForm) -> User | Schedule | Team:
    if target.kind == "user":
        user: User = User.objects.get(username=target.name)
        return user
    if target.kind == "schedule":
        return Schedule.objects.get(name=target.name)
    return Team.objects.get(name=target.name)
