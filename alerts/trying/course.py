"""Follows an integration's messages from nothing, as the pipeline would have. Pure: nothing is read or written.

The pipeline's own stages decide. What it leaves to the engine's timers, the end of what nobody tells of any more and of
flapping, is done here when its moment comes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush

from alerts.decisions.flapping import FlapRule
from alerts.decisions.grouping import Window
from alerts.decisions.routing import Limit
from alerts.models import AlertStatus
from alerts.parsing.source import Own, ParsedAlert
from alerts.pipeline.cases import Act, ActKind, Told
from alerts.pipeline.dedup import Following
from alerts.pipeline.own_messages import AUTO_RESOLVED, FLAPPING_OVER
from alerts.trying.outcomes import Outcome, Phase, Why, count_pages
from incidents.models import Severity

Sighting = tuple[int, int]  # a message, and the place of the alert in it


@dataclass(frozen=True, slots=True)
class Habits:
    """What an integration says of how its alerts are followed."""

    hold: timedelta = timedelta()
    reopen_within: timedelta = timedelta()
    resolve_after: timedelta | None = None
    flap: FlapRule | None = None
    window: Window | None = None
    storm_after: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """An alert as one message tells of it, routed."""

    identity: str
    title: str
    status: AlertStatus
    severity: Severity | None
    service_id: int


class Course:
    """One run through the messages. `muted_until` says until when silences mute an alert; None: they do not."""

    def __init__(
        self,
        habits: Habits,
        limits: dict[int, Limit],
        muted_until: Callable[[Told], datetime | None],
    ) -> None:
        self._habits = habits
        self._limits = limits  # of routes, by their position
        self._muted_until = muted_until
        self._following = Following(
            {},
            [],
            reopen_within=habits.reopen_within,
            resolve_after=habits.resolve_after,
            flap=habits.flap,
            window=habits.window,
        )
        self._acts_seen = 0
        self._outcomes: dict[int, Outcome] = {}  # by the identity of the case
        self._timers: list[tuple[datetime, str]] = []

    def take(self, event_id: int, at: datetime, told: Sequence[Told]) -> list[Seen]:
        """The alerts of one message, in order."""
        self._pass_time(at)
        seen = [self._tell((event_id, place), each) for place, each in enumerate(told)]
        self._following.end_message()
        self._note_acts()
        for each in told:
            _forget(each.alert)
        return seen

    def finish(self, until: datetime) -> list[Outcome]:
        """Every incident, in the order in which they opened, with what paged."""
        self._pass_time(until)
        outcomes = sorted(self._outcomes.values(), key=lambda each: each.opened_at)
        count_pages(outcomes, storm_after=self._habits.storm_after, until=until)
        return outcomes

    @property
    def alert_count(self) -> int:
        """Identities that fired or ended."""
        return len(self._following.episodes)

    def _tell(self, sighting: Sighting, told: Told) -> Seen:
        self._following.tell(told)
        self._note_acts()
        episode = self._following.episodes.get(told.fingerprint)
        if episode is not None:
            for moment in (episode.expires_at, episode.flapping_until):
                if moment is not None:
                    heappush(self._timers, (moment, told.fingerprint))
        if episode is not None and episode.is_open and told.alert.status is not AlertStatus.RESOLVED:
            self._sight(sighting, told, id(episode.case))
        alert = told.alert
        return Seen(alert.dedup_key, alert.title, alert.status, alert.severity, told.route.service_id)

    def _sight(self, sighting: Sighting, told: Told, case: int) -> None:
        outcome = self._outcomes.get(case)
        if outcome is None:
            return
        outcome.sightings.append(sighting)
        if told.alert.status is AlertStatus.FIRING:
            outcome.phases[-1].fire(told.at, self._muted_until(told), told.route.limit)

    def _note_acts(self) -> None:
        acts = self._following.acts
        for act in acts[self._acts_seen :]:
            self._note(act)
        self._acts_seen = len(acts)

    def _note(self, act: Act) -> None:
        at, told = act.told.at, act.told
        if act.kind is ActKind.OPEN:
            limit = self._limits.get(told.route.position)
            hold = self._habits.hold if limit is None else timedelta()
            title = told.alert.title or told.alert.dedup_key
            self._outcomes[id(act.case)] = Outcome(act.case, title, at, [Phase(Why.OPENED, at, hold, limit)])
            return
        outcome = self._outcomes[id(act.case)]
        if act.kind is ActKind.REOPEN:
            outcome.resolved_at = None
            outcome.phases.append(Phase(Why.FIRED_AGAIN, at))
        elif act.kind is ActKind.WORSE and self._muted_until(told) is None:
            outcome.phases[-1].worse.append(at)
        elif act.kind in (ActKind.RESOLVE, ActKind.ACKNOWLEDGE):
            outcome.phases[-1].over_at = outcome.phases[-1].over_at or at
            if act.kind is ActKind.RESOLVE:
                outcome.resolved_at = at

    def _pass_time(self, until: datetime) -> None:
        while self._timers and self._timers[0][0] <= until:
            at, fingerprint = heappop(self._timers)
            episode = self._following.episodes[fingerprint]
            if episode.is_open and episode.expires_at is not None and episode.expires_at <= at:
                episode.expires_at = None
                self._say(fingerprint, AUTO_RESOLVED, at)
            if episode.flapping_until is not None and episode.flapping_until <= at:
                episode.flapping_until = None
                if episode.case is not None:
                    episode.case.flapping_count -= 1
                self._say(fingerprint, FLAPPING_OVER, at)

    def _say(self, fingerprint: str, reason: str, at: datetime) -> None:
        """What the engine's timers would have had told."""
        last = self._following.episodes[fingerprint].last
        if last is None:
            return
        own = ParsedAlert(last.alert.dedup_key, last.alert.title, AlertStatus.RESOLVED, ended_at=at, own=Own(reason))
        self._following.tell(Told(0, at, own, fingerprint, last.route, last.group, last.open_key))
        self._following.end_message()
        self._note_acts()


def _forget(alert: ParsedAlert) -> None:
    """What is not asked for any more: thousands of alerts are kept until the end."""
    alert.element = None
    alert.description, alert.labels, alert.annotations, alert.links = "", {}, {}, []
