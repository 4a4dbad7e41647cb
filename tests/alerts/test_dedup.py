"""Following alerts through messages: the same outcome however they fall into batches, and counts that are true."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from alerts.decisions.grouping import Group
from alerts.decisions.routing import Decision
from alerts.models import AlertStatus
from alerts.parsing.source import ParsedAlert
from alerts.pipeline.cases import Act, Case, Episode, Told
from alerts.pipeline.dedup import Following
from incidents.models import Severity

START = datetime(2026, 3, 1, tzinfo=UTC)
Said = tuple[str, AlertStatus, Severity | None, int | None]  # identity, status, severity, minute it speaks of


@dataclass
class Memory:
    """What the database would hold between batches."""

    episodes: list[Episode] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    reopen_within: timedelta = timedelta()
    seen: int = 0

    def take(self, messages: Sequence[Sequence[Said]]) -> None:
        newest = {episode.fingerprint: episode for episode in self.episodes}
        following = Following(newest, self.cases, reopen_within=self.reopen_within)
        for message in messages:
            self.seen += 1
            for said in message:
                following.tell(_told(said, self.seen))
            following.end_message()
        known = {id(episode) for episode in self.episodes}
        self.episodes += [each for each in following.changed.values() if id(each) not in known]
        for number, case in enumerate(following.cases):
            case.incident_id, case.opened_by, case.joined = number, None, []
        for number, episode in enumerate(self.episodes):
            episode.pk = number
        self.cases = following.cases
        self.acts += following.acts

    def outcome(self) -> tuple[object, ...]:
        places = {id(case): number for number, case in enumerate(self.cases)}
        return (
            [
                (
                    each.fingerprint,
                    each.status,
                    each.count_added,
                    each.dedup,
                    places[id(each.case)] if each.case else None,
                )
                for each in self.episodes
            ],
            [
                (each.service_id, each.is_open, each.alert_count, each.firing_count, each.severity)
                for each in self.cases
            ],
            [(act.kind, places[id(act.case)]) for act in self.acts],
        )


def _told(said: Said, number: int) -> Told:
    identity, status, severity, minute = said
    moment = START + timedelta(minutes=minute) if minute is not None else None
    alert = ParsedAlert(
        dedup_key=identity,
        title=identity,
        status=status,
        severity=severity,
        started_at=moment if status is AlertStatus.FIRING else None,
        ended_at=moment if status is AlertStatus.RESOLVED else None,
    )
    group = identity[0]
    service = 2 if severity is Severity.CRITICAL and group == "b" else 1
    return Told(
        event_id=number,
        at=START + timedelta(minutes=number),
        alert=alert,
        fingerprint=identity,
        route=Decision(service, "condition_matched", 1, ""),
        group=Group(group, "group_by"),
        open_key=f"{service}/{group}",
    )


_said = st.tuples(
    st.sampled_from(["a1", "a2", "b1", "b2"]),
    st.sampled_from(list(AlertStatus)),
    st.sampled_from([None, Severity.WARNING, Severity.CRITICAL]),
    st.none() | st.integers(0, 10),
)
_messages = st.lists(st.lists(_said, min_size=1, max_size=4), min_size=1, max_size=12)


@given(_messages, st.lists(st.integers(1, 11), max_size=4), st.booleans())
def test_the_outcome_does_not_depend_on_how_messages_fall_into_batches(
    messages: list[list[Said]], cuts: list[int], reopens: bool
) -> None:
    reopen_within = timedelta(minutes=3) if reopens else timedelta()
    at_once, in_parts = Memory(reopen_within=reopen_within), Memory(reopen_within=reopen_within)

    at_once.take(messages)
    places = sorted({0, *(cut for cut in cuts if cut < len(messages)), len(messages)})
    for start, end in pairwise(places):
        in_parts.take(messages[start:end])

    assert in_parts.outcome() == at_once.outcome()


@given(_messages)
def test_counts_are_what_can_be_counted_and_an_incident_is_open_while_something_fires(
    messages: list[list[Said]],
) -> None:
    memory = Memory()

    for message in messages:
        memory.take([message])

        for case in memory.cases:
            of_it = [each for each in memory.episodes if each.case is case or case in each.also_in]
            firing = [each for each in of_it if each.is_open]
            assert (case.alert_count, case.firing_count) == (len(of_it), len(firing))
            assert case.is_open == bool(firing)
            assert case.acknowledged_count == sum(each.status is AlertStatus.ACKNOWLEDGED for each in firing)
        open_ones = [each.fingerprint for each in memory.episodes if each.is_open]
        assert len(open_ones) == len(set(open_ones))
        open_keys = [case.open_key for case in memory.cases if case.is_open]
        assert len(open_keys) == len(set(open_keys))
