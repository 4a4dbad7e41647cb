"""What an escalation run has done and will do, rung by rung. Pure: rows in, rungs out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from escalation import plan
from escalation.models import PagedPerson, Run, RunStatus, Step

_FALLBACK = {plan.MANAGERS: "the team's managers", plan.ADMINS: "all admins"}


@dataclass(frozen=True)
class Rung:
    """One step as a reader sees it. `state` is done, next or later; `at` is when it was or will be taken."""

    mark: str
    whom: str
    state: str
    at: datetime | None = None
    wait: timedelta | None = None
    paged: str = ""


def rungs(run: Run, steps: Sequence[Step], paged: Sequence[PagedPerson]) -> list[Rung]:
    """The run's present pass, and the fallback once it has come to that.

    `paged` are those the run has chosen; of a pass that lies behind only the people are still told.
    """
    shown_pass = run.pass_number or max((each.pass_number for each in paged), default=1)
    climbed = [_step(run, step, shown_pass, paged) for step in steps]
    if run.pass_number == plan.FALLBACK_PASS:
        return climbed + [_fallback(run, place, paged) for place in _FALLBACK if place.step <= run.next_step]
    if run.status == RunStatus.RUNNING and steps and run.next_step > len(steps):
        climbed.append(Rung("–", "give up, if nobody answers", "next", run.due_at))
    return climbed


def _step(run: Run, step: Step, shown_pass: int, paged: Sequence[PagedPerson]) -> Rung:
    place = plan.Place(shown_pass, step.number)
    return _rung(run, place, str(step.number), ", ".join(_named(step)) or "nobody", paged, wait=step.wait)


def _fallback(run: Run, place: plan.Place, paged: Sequence[PagedPerson]) -> Rung:
    return _rung(run, place, "!", _FALLBACK[place], paged)


def _rung(
    run: Run,
    place: plan.Place,
    mark: str,
    whom: str,
    paged: Sequence[PagedPerson],
    *,
    wait: timedelta | None = None,
) -> Rung:
    here = [each for each in paged if (each.pass_number, each.step_number) == (place.pass_number, place.step)]
    names = ", ".join(dict.fromkeys(each.user.shown_name for each in here))
    if run.status == RunStatus.RUNNING and plan.Place(run.pass_number, run.next_step) == place:
        return Rung(mark, whom, "next", run.due_at, wait, names)
    taken = here[0].at if here else None
    is_behind = place.step < run.next_step or run.pass_number == plan.FALLBACK_PASS
    state = "done" if here or is_behind or run.status == RunStatus.EXHAUSTED else "later"
    return Rung(mark, whom, state, taken, wait, names)


def _named(step: Step) -> list[str]:
    names = []
    for target in step.targets.all():
        if target.schedule is not None:
            names.append(target.schedule.name)
        elif target.team is not None:
            names.append(f"team {target.team.name}")
        elif target.user is not None:
            names.append(target.user.shown_name)
    return names


def passes_left(run: Run) -> int:
    """How often the whole ladder will still be climbed after this pass."""
    if run.policy_version is None or run.status != RunStatus.RUNNING or not run.pass_number:
        return 0
    return max(0, run.policy_version.repeat + 1 - run.pass_number)
