"""Which alerts are muted, and which mute others; without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.muting.matchers import read
from alerts.muting.mutes import NOTHING, Facts, Found, Muter, Mutes, Rule, is_inhibited

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def facts(service: int = 1, integration: int = 1, title: str = "Lag", **labels: str) -> Facts:
    return Facts(labels, title, "critical", "key", service, integration)


def muter(pk: int, matchers: str, hours: int = 1, **scope: frozenset[int]) -> Muter:
    return Muter("silenced", pk, f"silence {pk}", "ada", "why", NOW + timedelta(hours=hours), read(matchers), **scope)


def rule(source: str, target: str, *equal: str) -> Rule:
    return Rule(7, "rule", read(source), read(target), equal)


def pks(found: Found) -> list[int]:
    return [each.pk for each in found.muters]


def test_what_no_matcher_matches_is_nothing() -> None:
    mutes = Mutes([muter(1, 'a="x"'), muter(2, 'b=~"y.*"')], [rule('s="1"', 't="1"')])

    assert mutes.of(facts(a="z")) is NOTHING


def test_all_matchers_have_to_hold_and_the_longest_silence_stands_first() -> None:
    mutes = Mutes([muter(1, 'a="x", b!="y"'), muter(2, 'a="x"', hours=3), muter(3, 'a=~"x|z"', hours=2)], [])

    assert pks(mutes.of(facts(a="x"))) == [2, 3, 1]
    assert pks(mutes.of(facts(a="x", b="y"))) == [2, 3]
    assert pks(mutes.of(facts(a="z"))) == [3]


def test_a_scope_narrows() -> None:
    both = muter(1, 'a="x"', service_ids=frozenset({1}), integration_ids=frozenset({2, 3}))
    mutes = Mutes([both, muter(2, "", service_ids=frozenset({5}))], [])

    assert pks(mutes.of(facts(1, 2, a="x"))) == [1]
    assert pks(mutes.of(facts(1, 4, a="x"))) == []
    assert pks(mutes.of(facts(5, 4))) == [2]


def test_the_title_is_asked_where_there_is_no_such_label() -> None:
    mutes = Mutes([muter(1, 'title="Lag"')], [])

    assert pks(mutes.of(facts())) == [1]
    assert pks(mutes.of(facts(title="Disk"))) == []


def test_sources_and_targets_share_a_key_where_their_labels_are_equal() -> None:
    mutes = Mutes([], [rule('s="1"', 't="1"', "cluster", "region")])

    (source,) = mutes.of(facts(s="1", cluster="a")).sources
    (target,) = mutes.of(facts(t="1", cluster="a")).targets
    (other,) = mutes.of(facts(t="1", cluster="b")).targets

    assert source.key == target.key != other.key
    assert mutes.of(facts(t="1")) is NOTHING  # all that had to be equal is missing


def test_a_rule_that_asks_for_no_equal_labels_has_one_key() -> None:
    mutes = Mutes([], [rule('s="1"', 't="1"')])

    assert mutes.of(facts(s="1", a="x")).sources[0].key == mutes.of(facts(t="1", a="y")).targets[0].key


@pytest.mark.parametrize(
    ("is_both", "has_plain", "expected"),
    [(False, True, True), (False, False, True), (True, True, True), (True, False, False)],
)
def test_what_matches_both_sides_is_inhibited_by_plain_sources_only(
    is_both: bool, has_plain: bool, expected: bool
) -> None:
    mutes = Mutes([], [rule('s="1"', 't="1"')])
    (side,) = mutes.of(facts(t="1", s="1" if is_both else "")).targets

    assert is_inhibited(side, {(7, side.key): has_plain}) is expected
    assert not is_inhibited(side, {})
