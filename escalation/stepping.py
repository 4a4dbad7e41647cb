"""Takes one run's due place, and those that follow at once, until there is something to wait for."""

from datetime import timedelta

import structlog

from escalation import plan, runs, targets
from escalation.models import PagedPerson, PolicyVersion, Run, RunKind, RunStatus
from escalation.plan import ADMINS, MANAGERS, Found, Place
from escalation.sheet import Sheet
from escalation.targets import Chosen, Directory
from incidents import timeline
from incidents.timeline import Detail
from notifications import outbox
from notifications.hooks import Page
from notifications.models import Delivery
from notifications.states import Status

log = structlog.get_logger(__name__)

_LATE = timedelta(seconds=30)  # later than this is worth a word in the timeline


class Stepping:
    """One run in the hands of the transaction that has locked its incident and it. All it decides goes on the sheet."""

    def __init__(self, run: Run, directory: Directory, sheet: Sheet) -> None:
        self.run = run
        self.sheet = sheet
        self.incident = run.incident
        self.directory = directory
        self.course = directory.course(run)
        self.version: PolicyVersion | None = directory.version(run)
        self.place = Place(run.pass_number, run.next_step)

    def go(self) -> None:
        """Take the due place and note what comes then."""
        while True:
            if plan.is_past_the_last(self.course, self.place):
                self._give_up()
                return
            found = self._take()
            if found is Found.SOMEBODY:
                self.run.found_anyone = True
            then = plan.then(self.course, self.place, found, reached_anyone=self.run.found_anyone)
            taken, self.place = self.place, then.place
            if then.end is not None:
                self._end(then.end, taken)
                return
            if then.after:
                self.run.due_at = self.directory.now + then.after
                self._save()
                return

    def _take(self) -> Found:
        team = self.incident.service.team
        if self.place == MANAGERS:
            self._tell("fallback_team_managers", f"Falling back to the managers of {team.name}.", reason=self._why_so())
            return self._page_all(targets.managers(team), "as the fallback", f"{team.name} has no manager.")
        if self.place == ADMINS:
            self._tell("fallback_admins", "Falling back to all admins.", reason=self._why_so())
            return self._page_all(targets.admins(), "as the last fallback", "There is no admin.")
        people = self.directory.people_of(self.run, self.place.step)
        return self._page_all(people, self._by_step, f"Nobody is on call {self._by_step.replace('by', 'for', 1)}.")

    def _page_all(self, chosen: list[Chosen], by_what: str, otherwise: str) -> Found:
        if not chosen:
            self._tell("nobody_on_call", otherwise)
            return Found.NOBODY
        known = {each.user_id: each for each in self._paged_here()}
        reached = [
            known[each.user.pk].unreached_at is None if each.user.pk in known else self._page(each, by_what)
            for each in chosen
        ]
        if any(reached):
            return Found.SOMEBODY
        self._tell("step_unreached", f"Nobody chosen {by_what} can be reached: going on at once.")
        return Found.UNREACHABLE

    def _page(self, chosen: Chosen, by_what: str) -> bool:
        """Whether she has any way to be reached."""
        now, place = self.directory.now, self.place
        deliveries = outbox.draft(
            self.incident,
            chosen.user,
            page=Page(self.run.pk, self.run.version, place.pass_number, place.step),
            urgency=self.incident.urgency,
            by_reason=chosen.reason,
            wishes=self.directory.wishes(chosen.user),
        )
        can_be_reached = any(each.status != Status.FAILED for each in deliveries)
        paged = PagedPerson(
            run=self.run,
            run_version=self.run.version,
            pass_number=place.pass_number,
            step_number=place.step,
            user=chosen.user,
            at=now,
            unreached_at=None if can_be_reached else now,
        )
        self.directory.paged(self.run).append(paged)
        self.sheet.paged.append(paged)
        self.sheet.deliveries += deliveries
        self._tell_paged(chosen, by_what, deliveries)
        return can_be_reached

    def _tell_paged(self, chosen: Chosen, by_what: str, deliveries: list[Delivery]) -> None:
        methods = sorted({each.channel for each in deliveries if each.status != Status.FAILED})
        late = self.directory.now - (self.run.due_at or self.directory.now)
        late_words = f", {int(late.total_seconds())} s late" if late > _LATE else ""
        name = chosen.user.username
        text = f"Paged {name} ({chosen.why}) {by_what}{late_words}."
        if not methods:
            text = f"{name} ({chosen.why}) cannot be reached {by_what}: no contact method of hers can be used."
        self._tell(
            "person_paged" if methods else "person_unreachable",
            text,
            reason=chosen.reason,
            user_id=chosen.user.pk,
            user=name,
            schedule=chosen.schedule,
            channels=methods,
        )

    def _give_up(self) -> None:
        if self.place.is_fallback:
            log.error("incident.nobody_to_page", incident=self.incident.pk)
            self._finish(RunStatus.EXHAUSTED, "nobody_to_page")
            self._tell("nobody_to_page", "Nobody could be paged: not even an admin can be reached.")
        else:
            self._end(plan.End.EXHAUSTED, self.place)

    def _end(self, end: plan.End, taken: Place) -> None:
        if taken.is_fallback:
            self._finish(RunStatus.EXHAUSTED, "fallback_admins" if taken == ADMINS else "fallback_team_managers")
        elif end is plan.End.FINISHED:
            self._finish(RunStatus.FINISHED, str(self.run.kind))
        else:
            self._finish(RunStatus.EXHAUSTED, "exhausted")
            passes = f" in all {self.course.repeat + 1} passes" if self.course.repeat else ""
            self._tell("escalation_exhausted", f"Every step was taken{passes} and nobody has answered.")

    def _finish(self, status: RunStatus, reason: str) -> None:
        self.run.status, self.run.reason = status, reason
        self.run.due_at, self.run.ended_at = None, self.directory.now
        self._save()

    def _save(self) -> None:
        self.run.pass_number, self.run.next_step, self.run.failures = self.place.pass_number, self.place.step, 0
        self.sheet.runs.append(self.run)

    def _paged_here(self) -> list[PagedPerson]:
        """Whom this place has paged already: taking a place twice pages nobody twice."""
        here = (self.run.version, self.place.pass_number, self.place.step)
        return [
            each
            for each in self.directory.paged(self.run)
            if (each.run_version, each.pass_number, each.step_number) == here
        ]

    def _why_so(self) -> str:
        """Why the fallback is asked."""
        if self.run.failures:
            return "step_failing"
        if self.run.kind != RunKind.DIRECT and self.version is None:
            return "no_policy"
        if any(each.unreached_at for each in self.directory.paged(self.run)):
            return "step_unreached"
        return "escalated" if self.run.start_reason == "escalated" else "nobody_on_call"

    @property
    def _by_step(self) -> str:
        if self.version is None:
            return "by hand"
        again = f", pass {self.place.pass_number}" if self.place.pass_number > 1 else ""
        return f"by step {self.place.step} of {self.version.policy.name}{again}"

    def _tell(self, kind: str, text: str, *, reason: str = "", **details: Detail) -> None:
        entry = timeline.draft(
            self.incident,
            kind=kind,
            by=runs.BY,
            reason=reason or kind,
            text=text,
            run=self.run.pk,
            pass_number=self.place.pass_number,
            step_number=self.place.step,
            **details,
        )
        self.sheet.entries.append(entry)
