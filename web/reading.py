"""What the pages show that no single app below knows: the parts of the list, and all of one incident."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from django.db.models import Count, F, Model, Prefetch, QuerySet

from accounts.models import User
from alerts.changes import reading as changes
from alerts.models import Alert, Change, Storm
from alerts.reading import alerts_of
from core import clock
from core.errors import Invalid
from escalation.models import Coverage, PagedPerson, Run, RunKind, RunStatus, Step, Target
from incidents import reading as incidents_reading
from incidents.models import Incident, TimelineEntry
from incidents.reading import Wanted
from incidents.states import OPEN, Status
from notifications.models import Delivery, Kind
from web import ladder

Row = TypeVar("Row", bound=Model)

PAGE = 40
_URGENT = frozenset({Status.TRIGGERED, Status.HELD})
ALERTS_SHOWN = 25
TIMELINE_SHOWN = 80
DELIVERIES_SHOWN = 120
STORMS_SHOWN = 5


@dataclass(frozen=True)
class Group:
    """A part of the list under its own heading; without a heading it is the whole list."""

    heading: str
    incidents: list[Incident]
    is_loud: bool = False
    left_out: int = 0  # how many more there are, older than the last of these

    @property
    def last_id(self) -> int:
        """Where those that are left out begin."""
        return self.incidents[-1].pk


@dataclass(frozen=True)
class Listed:
    """One page of the list. `older` is where the next page starts, None on the last one."""

    groups: list[Group]
    older: int | None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found."""
        return not any(group.incidents for group in self.groups)


def listed(user: User, wish: Wanted, *, before: int | None = None) -> Listed:
    """Newest first. Where all open ones are asked for, those that nobody has yet stand first."""
    found = incidents_reading.incidents(user, wish).with_last_entry()
    if wish.statuses != OPEN:
        page = keyset(found, before)
        return Listed([Group("", page.rows)], page.older)
    rest = keyset(found.exclude(status__in=_URGENT), before)
    urgent = found.filter(status__in=_URGENT)
    groups = [Group("Somebody has these", rest.rows)]
    if not before:
        waiting = _first("Nobody has these yet", urgent.filter(muted__isnull=True), is_loud=True)
        groups = [waiting, *groups, _first("Muted: nobody is paged for these", urgent.filter(muted__isnull=False))]
    return Listed([group for group in groups if group.incidents], rest.older)


def _first(heading: str, found: QuerySet[Incident], *, is_loud: bool = False) -> Group:
    page = keyset(found, None)
    left_out = found.order_by().filter(pk__lt=page.older).count() if page.older else 0
    return Group(heading, page.rows, is_loud=is_loud, left_out=left_out)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """A page of a list that is newest first; `older` is where the next one starts."""

    rows: list[Row]
    older: int | None


def keyset(found: QuerySet[Row], before: int | None, *, size: int = PAGE) -> Page[Row]:
    """The rows of a queryset, ordered by descending id, that come after the one with the id `before`."""
    rows = list((found.filter(pk__lt=before) if before else found)[: size + 1])
    return Page(rows[:size], rows[size - 1].pk if len(rows) > size else None)


def counts(user: User, wish: Wanted) -> dict[str, int]:
    """How many open incidents there are of each status, under the same filters."""
    open_ones = incidents_reading.incidents(user, _among_open(wish)).order_by()
    found = {row["status"]: row["found"] for row in open_ones.values("status").annotate(found=Count("pk"))}
    return {**found, "open": sum(found.values())}


def _among_open(wish: Wanted) -> Wanted:
    return Wanted(OPEN, wish.service, wish.team, wish.urgency, wish.q, wish.is_mine)


def storms(user: User) -> list[Storm]:
    """The storms that are on, as far as their incidents are the reader's to see."""
    on = Storm.objects.filter(ended_at=None, incident__in=Incident.objects.visible_to(user).open())
    return list(on.select_related("incident", "service", "integration").order_by("-id")[:STORMS_SHOWN])


def triggered_count(user: User) -> int:
    """How many incidents nobody has: the number beside the list's name on every page."""
    return Incident.objects.visible_to(user).filter(status=Status.TRIGGERED).count()


@dataclass(frozen=True)
class Paged:
    """What one step sent to one person; `reason` names why she was chosen, where it is still known."""

    user: User | None
    pass_number: int | None
    step_number: int | None
    reason: str
    deliveries: list[Delivery]


@dataclass(frozen=True)
class IncidentPage:
    """Everything the page of one incident shows."""

    incident: Incident
    run: Run | None
    rungs: list[ladder.Rung]
    passes_left: int
    paged: list[Paged]
    alerts: list[Alert]
    timeline: "Page[TimelineEntry]"
    policy_name: str
    changes: list[Change]
    storm: Storm | None
    alike: list[Incident]  # what might be merged with it

    @property
    def newest_entry(self) -> int:
        """The id of what happened last: a browser that is told of a later one asks anew."""
        return self.timeline.rows[0].pk if self.timeline.rows else 0

    @property
    def lasted(self) -> timedelta:
        """From opening to the end, or to now."""
        return (self.incident.resolved_at or clock.now()) - self.incident.created_at

    @property
    def passes(self) -> int:
        """How often the run climbs its ladder in all."""
        version = self.run.policy_version if self.run else None
        return version.repeat + 1 if version else 0

    @property
    def next_rung(self) -> ladder.Rung | None:
        """The step that is taken next, if any."""
        return next((rung for rung in self.rungs if rung.state == "next"), None)


def incident_page(user: User, pk: int) -> IncidentPage:
    """One incident with what fires, who was paged, what happens next and the timeline, newest first.

    Raises Incident.DoesNotExist.
    """
    shown = ("service__team", "acknowledged_by", "resolved_by", "merged_into", "previous", "postmortem")
    incident = Incident.objects.visible_to(user).select_related(*shown).get(pk=pk)
    run = _latest_run(incident)
    deliveries = _deliveries(incident)
    timeline = keyset(incident.timeline.order_by("-id"), None, size=TIMELINE_SHOWN)
    alerts = alerts_of(incident.pk).order_by(F("resolved_at").desc(nulls_first=True), "-id")
    return IncidentPage(
        incident=incident,
        run=run,
        rungs=ladder.rungs(run, _steps(run), _chosen(run)) if run else [],
        passes_left=ladder.passes_left(run) if run else 0,
        paged=_by_person(deliveries, _why_chosen(timeline.rows)),
        alerts=list(alerts[:ALERTS_SHOWN]),
        timeline=timeline,
        policy_name=_policy_name(incident),
        changes=list(changes.before(incident)[: changes.MOST_SHOWN]),
        storm=incident.storms.order_by("-id").first(),
        alike=incidents_reading.alike(user, incident),
    )


def _latest_run(incident: Incident) -> Run | None:
    return incident.runs.select_related("policy_version__policy").prefetch_related("people").order_by("-id").first()


def _steps(run: Run) -> list[Step]:
    if run.policy_version_id is None or run.kind == RunKind.DIRECT:
        return []
    targets = Target.objects.select_related("user", "schedule", "team").order_by("id")
    steps = Step.objects.filter(version=run.policy_version_id).order_by("number")
    return list(steps.prefetch_related(Prefetch("targets", targets)))


def _deliveries(incident: Incident) -> list[Delivery]:
    pages = incident.deliveries.exclude(kind=Kind.UPDATE).select_related("user", "contact_method")
    return list(pages.order_by("-id")[:DELIVERIES_SHOWN])


def _chosen(run: Run) -> list[PagedPerson]:
    paged = run.paged.select_related("user").order_by("id")
    # Whoever stops a run raises its version, to void what is under way; what it did before is still to be told.
    return list(
        (paged.filter(run_version=run.version) if run.status == RunStatus.RUNNING else paged)[:DELIVERIES_SHOWN]
    )


Choice = tuple[int | None, int | None, int | None, int | None]  # run, pass, step, person


def _why_chosen(entries: Sequence[TimelineEntry]) -> dict[Choice, str]:
    """The named reason for each choice the timeline tells of: a delivery's own reason goes on to tell its outcome."""
    parts = ("run", "pass_number", "step_number", "user_id")
    return {
        tuple(each.details.get(part) for part in parts): each.reason
        for each in entries
        if each.kind == incidents_reading.PERSON_PAGED
    }


def _by_person(deliveries: Sequence[Delivery], why: Mapping[Choice, str]) -> list[Paged]:
    """Whoever was paged last stands first; within a person her first way stands first."""
    together: dict[Choice, list[Delivery]] = {}
    for each in deliveries:
        key = (each.run_id, each.pass_number, each.step_number, each.user_id)
        together.setdefault(key, []).insert(0, each)
    return [
        Paged(
            user=items[0].user,
            pass_number=items[0].pass_number,
            step_number=items[0].step_number,
            reason=why.get(choice, ""),
            deliveries=items,
        )
        for choice, items in together.items()
    ]


def _policy_name(incident: Incident) -> str:
    covered = Coverage.objects.select_related("policy").filter(service=incident.service_id).first()
    return covered.policy.name if covered else ""


def before(text: str) -> int | None:
    """The place in the list where a page starts, as its address has it. Raises Invalid."""
    if not text:
        return None
    if not text.isdecimal() or len(text) > 18:
        raise Invalid("This address of a page is not complete. Go back to the list.")
    return int(text)
