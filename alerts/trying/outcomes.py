"""An incident as a dry run foresees it, and when it would have paged. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.decisions.routing import Limit
from alerts.pipeline import thresholds
from alerts.pipeline.cases import Case, Kind
from incidents.models import Severity

STORM_WITHIN = timedelta(minutes=1)
STORM_QUIET = timedelta(minutes=5)
# Further pages wait so long before they go, and are called off where a storm is seen meanwhile.
CALLED_OFF_WITHIN = timedelta(seconds=3)


class Why(StrEnum):
    """What a page is for."""

    OPENED = "opened"
    FIRED_AGAIN = "fired_again"
    SEVERITY_ROSE = "severity_rose"


@dataclass(frozen=True, slots=True)
class Page:
    """An escalation begins: its first page, without what follows it."""

    at: datetime
    why: Why


@dataclass(slots=True, eq=False)
class Phase:
    """An incident from its opening, or re-opening, to its end."""

    why: Why
    since: datetime
    hold: timedelta = timedelta()
    limit: Limit | None = None
    loud_at: datetime | None = None  # the first moment at which something fires in it that no silence mutes
    reached_at: datetime | None = None  # its route's threshold
    over_at: datetime | None = None  # resolved, or acknowledged at its source
    worse: list[datetime] = field(default_factory=list)
    _moments: list[datetime] = field(default_factory=list)

    def fire(self, at: datetime, muted_until: datetime | None, limit: Limit | None) -> None:
        """A message says that something of it fires; a route with this threshold brought it."""
        loud_at = at if muted_until is None else muted_until
        if self.loud_at is None or loud_at < self.loud_at:
            self.loud_at = loud_at
        if self.limit is not None and self.reached_at is None:
            if limit is None and muted_until is None:
                self.reached_at = at
                return
            self.limit = thresholds.lowest({self.limit, limit or self.limit})
            self._moments = thresholds.recent([*self._moments, at], self.limit)
            if thresholds.is_reached(self._moments, self.limit):
                self.reached_at = at

    def pages(self, until: datetime) -> list[Page]:
        """What pages in it, up to this moment."""
        first = self._first()
        if first is None or (self.over_at is not None and self.over_at <= first):
            return []
        if self.loud_at is None or self.loud_at > until:
            return []
        return [Page(first, self.why), *[Page(at, Why.SEVERITY_ROSE) for at in self.worse if at > first]]

    def _first(self) -> datetime | None:
        moments = list(self.worse[:1])  # what gets worse waits no longer
        if self.loud_at is not None and (self.limit is None or self.reached_at is not None):
            moments.append(max(self.loud_at, self.reached_at or self.since + self.hold))
        return min(moments, default=None)


@dataclass(slots=True, eq=False)
class Outcome:
    """An incident as it would have been."""

    case: Case
    title: str
    opened_at: datetime
    phases: list[Phase]
    resolved_at: datetime | None = None
    is_gathered: bool = False  # a storm's incident takes it in
    paged: list[Page] = field(default_factory=list)
    sightings: list[tuple[int, int]] = field(default_factory=list)  # messages, and the places of the alerts in them

    @property
    def service_id(self) -> int:
        """Whose it is."""
        return self.case.service_id

    @property
    def severity(self) -> Severity | None:
        """The highest of its alerts'."""
        return self.case.severity

    def is_open_at(self, at: datetime) -> bool:
        """Whether it was not over at this moment."""
        return self.opened_at <= at and (self.resolved_at is None or self.resolved_at > at)


def count_pages(outcomes: Sequence[Outcome], *, storm_after: int, until: datetime) -> None:
    """Note in each what pages, and what a storm takes in."""
    for outcome in outcomes:
        outcome.paged = [page for phase in outcome.phases for page in phase.pages(until)]
    if storm_after:
        by_kind: dict[Kind, list[Outcome]] = {}
        for outcome in outcomes:
            by_kind.setdefault((outcome.service_id, outcome.phases[0].limit is not None), []).append(outcome)
        for those in by_kind.values():
            _gather(those, storm_after)


def _gather(outcomes: Sequence[Outcome], storm_after: int) -> None:
    """The incidents of one service, in their order: too many within a minute are one."""
    members: list[Outcome] = []  # of the storm that goes on
    last_at: datetime | None = None
    for place, outcome in enumerate(outcomes):
        at = outcome.opened_at
        if last_at is not None and at - last_at <= STORM_QUIET and any(each.is_open_at(at) for each in members):
            members.append(outcome)
            last_at = at
            outcome.is_gathered, outcome.paged = True, []
            continue
        young = [each for each in outcomes[: place + 1][-storm_after - 1 :] if at - each.opened_at < STORM_WITHIN]
        members, last_at = [], None
        if len(young) > storm_after:
            members, last_at = [each for each in young if each.is_open_at(at)], at
            for each in members[1:]:
                each.is_gathered = True
                each.paged = [page for page in each.paged if page.at < at - CALLED_OFF_WITHIN]
