"""Follows alerts and incidents through a batch of messages, one message after the other. Pure: no database, no clock.

It is given the alerts and incidents as they stand, is told every alert of every message in order, and answers with the
rows as they shall be and with what happens to incidents. Doing it in memory is what lets the rows be written by a few
statements, and doing it in order is what makes the outcome the same however messages fall into batches.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from alerts.decisions.flapping import FlapRule
from alerts.decisions.grouping import Window
from alerts.pipeline.caseload import Caseload
from alerts.pipeline.cases import ACKNOWLEDGED, FIRING, RESOLVED, Act, ActKind, Case, Episode, Flap, Fold, Kind, Told
from alerts.pipeline.flaps import Flaps
from alerts.pipeline.own_messages import AUTO_RESOLVED, FLAPPING_OVER
from incidents.urgency import RANK

# A `firing` older than a newer `resolved` is late and re-opens nothing. If its source still says so this long after, it
# is no straggler: Alertmanager says the same after it has lost sight of Prometheus for a while.
BELIEVED_AFTER = timedelta(minutes=10)
# What Tocsin says itself of alerts that nobody tells of any more.
_ENDS_BY_ITSELF = frozenset({AUTO_RESOLVED, FLAPPING_OVER})


class Following:
    """Alerts and incidents of one integration, followed through a batch."""

    def __init__(
        self,
        episodes: Mapping[str, Episode],
        cases: Iterable[Case],
        *,
        reopen_within: timedelta = timedelta(),
        folds: Mapping[Kind, Fold] | None = None,
        resolve_after: timedelta | None = None,
        flap: FlapRule | None = None,
        window: Window | None = None,
    ) -> None:
        self.episodes = dict(episodes)
        self.changed: dict[int, Episode] = {}  # in order of first change
        self.flaps = Flaps(flap)
        self._caseload = Caseload(cases, reopen_within=reopen_within, folds=folds, window=window)
        self._resolve_after = resolve_after
        self._last: Told | None = None

    @property
    def cases(self) -> list[Case]:
        """Every incident it is about, those that are still to be opened among them."""
        return self._caseload.cases

    @property
    def acts(self) -> list[Act]:
        """What happens to incidents, in order."""
        return self._caseload.acts

    @property
    def touched(self) -> dict[int, Case]:
        """The incidents in which something changes, in order of first change."""
        return self._caseload.touched

    def tell(self, told: Told) -> str:
        """Take in one alert of the current message. Returns the named reason of what it was taken for."""
        self._last = told
        episode = self.episodes.get(told.fingerprint)
        if told.alert.own is not None and told.alert.own.reason in _ENDS_BY_ITSELF:
            reason = self._end_by_itself(told, episode, told.alert.own.reason)
        elif told.alert.status is FIRING:
            reason = self._fire(told, episode)
        elif told.alert.status is RESOLVED:
            reason = self._resolve(told, episode)
        else:
            reason = self._acknowledge(told, episode)
        return reason

    def end_message(self) -> None:
        """The message is complete."""
        if self._last is not None:
            self._caseload.end_message(self._last)

    def _fire(self, told: Told, episode: Episode | None) -> str:
        if episode is None:
            return self._begin(told, "new")
        if episode.is_open:
            return self._fire_on(told, episode)
        if self._is_late(told, episode):
            return "late_firing"
        case = self._caseload.of(told)
        if case is not episode.case:
            return self._begin(told, "fired_after_resolve", case)
        episode.status, episode.resolved_at, episode.ended_at = FIRING, None, None
        episode.started_at = told.alert.started_at
        if episode.late_firing_at is not None:
            episode.late_firing_at = episode.reasons["late_firing_at"] = None
        case.firing_count += 1
        self.flaps.count(episode, told)
        self._note(episode, told, "fired_again", content=True)
        self._weigh(told, episode, case)
        return "fired_again"

    def _fire_on(self, told: Told, episode: Episode) -> str:
        """A message about an alert that fires already."""
        standing = episode.case.standing() if episode.case is not None else None
        if standing is None:
            # Somebody resolved the incident while it fired; that it is told of again says that it is not over.
            target = self._caseload.of(told)
            if target is not episode.case:
                self._end(episode, told, "incident_resolved")
                return self._begin(told, "fired_after_resolve", target)
            standing = target
        elif standing is not episode.case:
            self._move(episode, standing)
        started = told.alert.started_at
        if started is not None and (episode.started_at is None or started > episode.started_at):
            episode.started_at = started
        is_news = not told.alert.only_counts or RANK[told.alert.severity] > RANK[standing.severity]
        self._note(episode, told, "repeat", content=is_news)
        self._weigh(told, episode, standing)
        return "repeat"

    def _is_late(self, told: Told, episode: Episode) -> bool:
        started = told.alert.started_at
        if started is None or episode.ended_at is None or started >= episode.ended_at:
            return False
        noted = episode.late_firing_at
        if noted is not None and told.at - datetime.fromisoformat(noted) >= BELIEVED_AFTER:
            return False
        if noted is None:
            episode.late_firing_at = episode.reasons["late_firing_at"] = told.at.isoformat()
        self._note(episode, told, "late_firing")
        return True

    def _begin(self, told: Told, reason: str, case: Case | None = None) -> str:
        case = case or self._caseload.of(told)
        episode = Episode(
            fingerprint=told.fingerprint,
            status=FIRING,
            case=case,
            service_id=told.route.service_id,
            started_at=told.alert.started_at,
            first_seen_at=told.at,
        )
        before = self.episodes.get(told.fingerprint)
        self.episodes[told.fingerprint] = episode
        if before is not None and before.changes and self.flaps.go_on(before, episode, told):
            self.changed[id(before)] = before
        case.alert_count += 1
        case.firing_count += 1
        case.joined.append(told)
        case.joined_at = told.at
        self._note(episode, told, reason, content=True)
        self._weigh(told, episode, case)
        return reason

    def _weigh(self, told: Told, episode: Episode, case: Case) -> None:
        """When the highest severity of a group rises, its route is asked again."""
        severity = told.alert.severity
        if case.opened_by is told or severity is case.severity or RANK[severity] <= RANK[case.severity]:
            return
        is_same = told.route.service_id == case.service_id or told.open_key == case.open_key
        # Its route names another service now: that one's incident opens too, and this one stays until it is over.
        target = case if is_same else self._caseload.of(told)
        case.severity = told.alert.severity
        self._caseload.touch(case)
        if target is case or target in episode.also_in:
            self._caseload.acts.append(Act(ActKind.WORSE, case, told))
            return
        episode.also_in.append(case)
        episode.case, episode.service_id = target, told.route.service_id
        target.alert_count += 1
        target.firing_count += 1
        target.acknowledged_count += episode.status is ACKNOWLEDGED
        target.joined.append(told)
        self._caseload.touch(target)
        self._weigh(told, episode, target)

    def _move(self, episode: Episode, target: Case) -> None:
        """Its incident was merged into another."""
        old = episode.case
        if old is not None:
            old.alert_count -= 1
            old.firing_count -= 1
            self._caseload.touch(old)
        target.alert_count += 1
        target.firing_count += 1
        episode.case = target
        self._caseload.touch(target)

    def _resolve(self, told: Told, episode: Episode | None) -> str:
        if episode is None:
            episode = Episode(
                fingerprint=told.fingerprint,
                status=RESOLVED,
                case=None,
                service_id=told.route.service_id,
                started_at=told.alert.started_at,
                ended_at=told.alert.ended_at,
                resolved_at=told.at,
                first_seen_at=told.at,
            )
            self.episodes[told.fingerprint] = episode
            self._note(episode, told, "resolved_before_firing", content=True)
            return "resolved_before_firing"
        ended = told.alert.ended_at
        if not episode.is_open:
            if ended is not None and (episode.ended_at is None or ended > episode.ended_at):
                episode.ended_at = ended
            self._note(episode, told, "repeat")
            return "resolved_already"
        # One that names the same beginning is about this episode, whatever its sender's clock says of the end.
        is_of_another = told.alert.started_at != episode.started_at
        if is_of_another and ended is not None and episode.started_at is not None and ended < episode.started_at:
            self._note(episode, told, "late_resolved")
            return "late_resolved"
        self._end(episode, told, "resolved")
        return "resolved"

    def _end(self, episode: Episode, told: Told, reason: str) -> None:
        for case in (episode.case, *episode.also_in):
            if case is not None:
                case.firing_count -= 1
                case.acknowledged_count -= episode.status is ACKNOWLEDGED
                self._caseload.touch(case)
        episode.status, episode.resolved_at = RESOLVED, told.at
        episode.expires_at = None
        if told.alert.status is RESOLVED and reason != AUTO_RESOLVED:
            episode.ended_at = told.alert.ended_at
            self.flaps.count(episode, told)
            self._note(episode, told, reason)
        else:
            self._take_for(episode, reason)
            self.changed[id(episode)] = episode

    def _acknowledge(self, told: Told, episode: Episode | None) -> str:
        if episode is None or not episode.is_open:
            return "acknowledged_unknown"
        if episode.status is not ACKNOWLEDGED:
            episode.status = ACKNOWLEDGED
            for case in (episode.case, *episode.also_in):
                if case is not None:
                    case.acknowledged_count += 1
                    self._caseload.touch(case)
        self._note(episode, told, "acknowledged")
        return "acknowledged"

    def _end_by_itself(self, told: Told, episode: Episode | None, reason: str) -> str:
        """Nobody has told of it for long. Where somebody has meanwhile, its mark is there again."""
        if episode is None:
            return "told_of_again"
        if reason == AUTO_RESOLVED:
            if not episode.is_open or episode.expires_at is not None:
                return "told_of_again"
            self._end(episode, told, reason)
            return reason
        if episode.flapping_until is not None:
            return "told_of_again"
        episode.reasons["flapping"] = None
        self.changed[id(episode)] = episode
        if episode.case is not None:
            self.flaps.news.append(Flap(episode.case, told.alert.title))
            self._caseload.touch(episode.case)
        return reason

    def _note(self, episode: Episode, told: Told, reason: str, *, content: bool = False) -> None:
        episode.count_added += 1
        episode.last = told
        self._take_for(episode, reason)
        if content:
            episode.content = told.alert
            episode.group_key = told.group.key
            if episode.is_open:
                episode.expires_at = told.alert.expires_at
                if self._resolve_after is not None and episode.expires_at is None:
                    episode.expires_at = told.at + self._resolve_after
        if episode.case is not None:
            self._caseload.touch(episode.case)
        self.changed[id(episode)] = episode

    def _take_for(self, episode: Episode, reason: str) -> None:
        if episode.dedup != reason:
            episode.dedup = episode.reasons["dedup"] = reason
