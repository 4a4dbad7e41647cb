"""The pipeline's part of muting: of a batch that has been followed, which alerts are muted, and what that does.

An incident opens held while all that fires in it is muted, what is muted wakes nobody by getting worse, and an alert
that is not muted wakes people at once. That mutes end is the business of `alerts.muting.unmuting`, which looks again at
the incidents watched here. Where nothing mutes, a batch costs one statement.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from alerts.models import Integration
from alerts.muting import mutes_now
from alerts.muting.judging import Muted, judged
from alerts.muting.mutes import NOTHING, Facts, Found, Mutes
from alerts.muting.watches import BY, held_until, look_at, next_look, sources_end, sources_fire, watch
from alerts.pipeline import thresholds
from alerts.pipeline.cases import RESOLVED, Case, Episode, Told
from alerts.pipeline.dedup import Following
from core import clock
from incidents import lifecycle, muting
from incidents.actor import Actor
from incidents.models import Incident
from incidents.mutes import Mute
from incidents.states import Status


class BatchMuting:
    """One batch of one integration, between being followed and being carried out."""

    def __init__(self, integration: Integration, following: Following, mutes: Mutes, now: datetime) -> None:
        self._integration = integration
        self._following = following
        self._now = now
        self._muted: dict[str, Muted] = {}  # by the alerts' fingerprints
        self._cases: dict[int, list[Muted]] = {}  # of what fires muted, by the identity of its case
        self._loud: set[int] = set()  # cases in which something fires that is not muted, by identity
        found = self._find(mutes)
        firing = mutes_now.firing_sources(side for each in found.values() for side in each.targets)
        self._lost: set[int] = set()  # cases in which something ended, by identity
        told: dict[int, Muted | None] = {id(NOTHING): None}  # alerts that look alike share what was found of them
        for episode in following.changed.values():
            if episode.status is RESOLVED:
                self._lost.update(id(case) for case in (episode.case, *episode.also_in))
                continue
            what = found.get(episode.fingerprint)
            if what is None:
                # An acknowledge, or that it flaps no more, says nothing of what the alert is about: it wakes nobody.
                if episode.content is not None:
                    self._loud.add(id(episode.case))
                    if episode.pk is not None:
                        episode.reasons["muted"] = None
                continue
            if id(what) not in told:
                told[id(what)] = judged(mutes, what, firing)
            self._note(episode, told[id(what)])

    def mute_of(self, case: Case) -> Mute | None:
        """Why a new incident pages nobody; None where something in it is not muted."""
        muted = self._cases.get(id(case))
        return muted[0].first if muted and id(case) not in self._loud else None

    def is_muted(self, told: Told) -> bool:
        """Whether the alert that brought something about is muted."""
        return self._muted.get(told.fingerprint) is not None

    def reopened(self, incident_id: int, told: Told) -> None:
        """It fires again and is muted: it is held. Whether all that fires in it is, is looked at next."""
        muted = self._muted.get(told.fingerprint)
        if muted is not None and muting.mute(incident_id, muted.first, by=BY):
            look_at([incident_id], now=self._now)

    def carry_out(self, incidents: Mapping[int, Incident], new: Sequence[Case], by: Actor) -> None:
        """Watch what opened muted, wake people where something not muted fires, and look where something ended."""
        self._watch([case for case in new if self.mute_of(case) is not None])
        to_look_at: list[int] = []
        are_new = {id(case) for case in new}
        for case in self._following.touched.values():
            incident = incidents.get(case.incident_id) if case.incident_id is not None else None
            if incident is None or not case.is_open or id(case) in are_new:
                continue
            if incident.muted is not None:
                if id(case) in self._loud:
                    self._wake(incident.pk, by)
            elif id(case) in self._lost and incident.status in {Status.TRIGGERED, Status.HELD}:
                to_look_at.append(incident.pk)
        if to_look_at:
            look_at(to_look_at, now=self._now)

    def _find(self, mutes: Mutes) -> dict[str, Found]:
        found: dict[str, Found] = {}
        concern = mutes.concern
        for episode in self._following.changed.values():
            told = episode.last
            if told is None or episode.status is RESOLVED:
                continue
            alert = told.alert
            if not concern(alert):
                continue
            found[episode.fingerprint] = mutes.of(
                Facts(
                    alert.labels,
                    alert.title,
                    alert.severity or "",
                    alert.dedup_key,
                    episode.service_id,
                    self._integration.pk,
                )
            )
        if mutes.rules:
            self._follow_sources(found)
        return found

    def _follow_sources(self, found: Mapping[str, Found]) -> None:
        titles = {
            episode.fingerprint: episode.last.alert.title[:200]
            for episode in self._following.changed.values()
            if episode.last is not None
        }
        fired = [(side, mark) for mark, each in found.items() for side in each.sources]
        ended = [
            episode.fingerprint
            for episode in self._following.changed.values()
            if episode.status is RESOLVED and episode.fingerprint not in found
        ]
        sources_fire(self._integration.pk, [(side, mark, titles.get(mark, "")) for side, mark in fired], now=self._now)
        if ended:
            sources_end(self._integration.pk, ended, now=self._now)

    def _note(self, episode: Episode, muted: Muted | None) -> None:
        if muted is not None:
            self._muted[episode.fingerprint] = muted
            if episode.case is not None:
                self._cases.setdefault(id(episode.case), []).append(muted)
        elif episode.content is not None:
            self._loud.add(id(episode.case))
        if episode.content is not None and (muted is not None or episode.pk is not None):
            episode.reasons["muted"] = muted.first.shown() if muted is not None else None

    def _watch(self, cases: Sequence[Case]) -> None:
        hold = self._integration.hold
        rows = []
        for case in cases:
            muted = self._cases[id(case)]
            causes = list(dict.fromkeys(cause for each in muted for cause in each.causes))
            due_at = next_look((each.until for each in muted), self._now)
            rows.append((case.incident_id, causes, self._now + hold if hold else None, due_at))
        watch(rows)

    def _wake(self, incident_id: int, by: Actor) -> None:
        incident = lifecycle.locked(incident_id)
        hold_until = held_until(incident_id)
        if incident.muted is None or incident.status != Status.HELD:
            return
        if hold_until is not None and hold_until > self._now:
            muting.hold_on(incident, until=hold_until, by=by, reason="not_muted_alert")
        elif thresholds.holds(incident_id):
            muting.hold_on(incident, until=None, by=by, reason="not_muted_alert")
        else:
            lifecycle.trigger(incident_id, by=by, reason="not_muted_alert")


def of_batch(integration: Integration, following: Following) -> BatchMuting | None:
    """What is muted in a batch; None where nothing mutes at all."""
    now = clock.now()
    mutes = mutes_now.current(now)
    return BatchMuting(integration, following, mutes, now) if mutes is not None else None
