"""The pipeline's part of muting: of a batch that has been followed, which alerts are muted, and what that does.

An incident opens held while all that fires in it is muted, what is muted wakes nobody by getting worse, and an alert
that is not muted wakes people at once. That mutes end is the business of `alerts.muting.unmuting`, which looks again at
the incidents watched here. Where nothing mutes, a batch costs one statement.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection

from alerts.models import AlertStatus, Integration
from alerts.muting import mutes_now
from alerts.muting.mutes import NOTHING, Facts, Found, Mutes, Side, is_inhibited
from alerts.pipeline import thresholds
from alerts.pipeline.cases import Case, Episode, Told
from alerts.pipeline.dedup import Following
from core import clock, jobs
from incidents import lifecycle, muting
from incidents.actor import Actor, system
from incidents.models import Incident
from incidents.mutes import INHIBITED, Mute
from incidents.states import Status

LANE = "mutes"
BY = system("muting")
# However it came about that something is muted, that is looked at again.
LOOK_AGAIN = timedelta(minutes=10)

_WATCH = """
insert into alerts_mutewatch (incident_id, causes, hold_until, due_at, failures)
select incident_id, causes::text[], hold_until, due_at, 0
from unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::timestamptz[])
    as given(incident_id, causes, hold_until, due_at)
order by incident_id
on conflict (incident_id) do update set causes = excluded.causes, due_at = excluded.due_at,
    hold_until = coalesce(excluded.hold_until, alerts_mutewatch.hold_until)
"""
_LOOK_AT = """
insert into alerts_mutewatch (incident_id, causes, due_at, failures)
select incident_id, '{}', %s, 0 from unnest(%s::bigint[]) as given(incident_id) order by incident_id
on conflict (incident_id) do update set causes = '{}', due_at = least(alerts_mutewatch.due_at, excluded.due_at)
"""
_WERE_MUTED = """
with concerned as (
    select incident_id from alerts_mutewatch where causes && %s::text[] order by incident_id for no key update
)
update alerts_mutewatch as watch set due_at = %s from concerned where watch.incident_id = concerned.incident_id
"""
_SOURCES_FIRE = """
insert into alerts_inhibitionsource (rule_id, integration_id, fingerprint, key, is_target, title, due_at)
select rule_id, %s, fingerprint, key, is_target, title, %s
from unnest(%s::bigint[], %s::text[], %s::text[], %s::boolean[], %s::text[])
    as given(rule_id, fingerprint, key, is_target, title)
where exists (select 1 from alerts_inhibitionrule as rule where rule.id = given.rule_id)
order by fingerprint, rule_id
on conflict (integration_id, fingerprint, rule_id) do update set
    key = excluded.key, is_target = excluded.is_target, title = excluded.title, ended_at = null,
    due_at = excluded.due_at
where alerts_inhibitionsource.ended_at is not null or alerts_inhibitionsource.key <> excluded.key
    or alerts_inhibitionsource.is_target <> excluded.is_target
"""
_SOURCES_END = """
update alerts_inhibitionsource set ended_at = %s, due_at = %s
where integration_id = %s and fingerprint = any(%s) and ended_at is null
"""


class Muted:
    """What mutes one alert: the first of it, and all by their names."""

    __slots__ = ("causes", "first", "until")

    def __init__(self, first: Mute, causes: Sequence[str], until: datetime | None) -> None:
        self.first = first
        self.causes = causes
        self.until = until  # when the first of its causes ends, as far as that is known


def judged(mutes: Mutes, found: Found, firing: Mapping[tuple[int, str], bool]) -> Muted | None:
    """What mutes an alert of which this was found; None where nothing does."""
    inhibiting = [side for side in found.targets if is_inhibited(side, firing)]
    if not found.muters and not inhibiting:
        return None
    causes = [muter.cause for muter in found.muters]
    causes += [cause for side in inhibiting for cause in causes_of(side)]
    until = min((muter.until for muter in found.muters), default=None)
    if found.muters:
        one = found.muters[0]
        return Muted(Mute(one.reason, one.what, one.pk, one.owner, one.until, one.comment), causes, until)
    side = inhibiting[0]
    rule = mutes.rules[side.rule_id]
    title = mutes_now.source_title(side)
    what = f"rule “{rule.name}”" + (f", while “{title}” fires" if title else "")
    return Muted(Mute(INHIBITED, what, rule.pk), causes, None)


def causes_of(side: Side) -> tuple[str, str]:
    """The names of an inhibition among the causes of a muted incident: its rule, and the rule with its key."""
    return f"rule:{side.rule_id}", f"rule:{side.rule_id}:{side.key}"


def next_look(untils: Iterable[datetime | None], now: datetime) -> datetime:
    """When an incident that is muted until these moments is looked at again."""
    return min((each for each in untils if each is not None), default=now + LOOK_AGAIN)


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
            if episode.status is AlertStatus.RESOLVED:
                self._lost.update(id(case) for case in (episode.case, *episode.also_in))
                continue
            what = found.get(episode.fingerprint)
            if what is None:
                self._note(episode, None)
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
        for episode in self._following.changed.values():
            told = episode.last
            if told is None or episode.status is AlertStatus.RESOLVED:
                continue
            alert = told.alert
            if not mutes.concern(alert):
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
            if episode.status is AlertStatus.RESOLVED and episode.fingerprint not in found
        ]
        sources_fire(self._integration.pk, [(side, mark, titles.get(mark, "")) for side, mark in fired], now=self._now)
        if ended:
            sources_end(self._integration.pk, ended, now=self._now)

    def _note(self, episode: Episode, muted: Muted | None) -> None:
        if muted is None:
            self._loud.add(id(episode.case))
        else:
            self._muted[episode.fingerprint] = muted
            if episode.case is not None:
                self._cases.setdefault(id(episode.case), []).append(muted)
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


def watch(rows: Sequence[tuple[int | None, list[str], datetime | None, datetime]]) -> None:
    """Remember muted incidents: id, causes, the end of the hold time, when to look again."""
    if not rows:
        return
    pks, causes, holds, dues = zip(*rows, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_WATCH, [list(pks), [_array(each) for each in causes], list(holds), list(dues)])


def look_at(incident_ids: Sequence[int], *, now: datetime) -> None:
    """Have these incidents looked at as soon as this transaction has committed."""
    with connection.cursor() as cursor:
        cursor.execute(_LOOK_AT, [now, list(incident_ids)])
    jobs.ring(LANE)


def look_at_caused(causes: Sequence[str], *, now: datetime) -> None:
    """Have the incidents looked at that one of these mutes, as soon as this transaction has committed."""
    with connection.cursor() as cursor:
        cursor.execute(_WERE_MUTED, [list(causes), now])
    jobs.ring(LANE)


def sources_fire(integration_id: int, fired: Sequence[tuple[Side, str, str]], *, now: datetime) -> None:
    """These alerts (side, fingerprint, title) fire and mute others."""
    if not fired:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _SOURCES_FIRE,
            [
                integration_id,
                now,
                [side.rule_id for side, *_ in fired],
                [fingerprint for _, fingerprint, _ in fired],
                [side.key for side, *_ in fired],
                [side.is_both for side, *_ in fired],
                [title for *_, title in fired],
            ],
        )
        if cursor.rowcount:
            jobs.ring(LANE)


def sources_end(integration_id: int, fingerprints: Sequence[str], *, now: datetime) -> None:
    """These alerts fire no more; if one of them muted others, those are looked at."""
    with connection.cursor() as cursor:
        cursor.execute(_SOURCES_END, [now, now, integration_id, list(fingerprints)])
        if cursor.rowcount:
            jobs.ring(LANE)


def held_until(incident_id: int) -> datetime | None:
    """The end of the hold time of a muted incident."""
    with connection.cursor() as cursor:
        cursor.execute("select hold_until from alerts_mutewatch where incident_id = %s", [incident_id])
        row = cursor.fetchone()
    return row[0] if row else None


def _array(texts: Iterable[str]) -> str:
    """Names of causes hold nothing that an array of PostgreSQL's would have to quote."""
    return "{" + ",".join(texts) + "}"
