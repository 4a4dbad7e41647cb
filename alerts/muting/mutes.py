"""Which alerts are muted, and which mute others: silences, maintenance windows and inhibition rules, compiled. Pure.

What was found for alerts that look alike is remembered: of an alert only the labels that some matcher names are looked
at. A silence or window that asks for a certain value of a label is found by that value, so fifty of them cost little
more than one; patterns are asked only of alerts that have the label.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from alerts.muting.matchers import OWN_NAMES, Matcher, Pattern, pattern_of, value_of
from incidents.models import Severity

_MOST_REMEMBERED = 10_000


@dataclass(slots=True)  # a frozen one takes three times as long to make
class Facts:
    """What matchers and scopes may ask about an alert."""

    labels: Mapping[str, str]
    title: str
    severity: str
    dedup_key: str
    service_id: int
    integration_id: int


class Alike(Protocol):
    """An alert as far as matchers ask about it. `severity` is None where it has none."""

    labels: dict[str, str]
    title: str
    severity: Severity | None
    dedup_key: str


@dataclass(frozen=True, slots=True)
class Muter:
    """A silence or a maintenance window that is on. Without matchers it mutes all in its scope."""

    reason: str  # silenced | maintenance
    pk: int
    what: str  # as people read it
    owner: str
    comment: str
    until: datetime
    matchers: tuple[Matcher, ...]
    service_ids: frozenset[int] = frozenset()
    integration_ids: frozenset[int] = frozenset()

    @property
    def cause(self) -> str:
        """Its name among the causes of a muted incident."""
        return f"{'silence' if self.reason == 'silenced' else 'window'}:{self.pk}"


@dataclass(frozen=True, slots=True)
class Rule:
    """An inhibition rule."""

    pk: int
    name: str
    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """An alert as a rule's source or target. `key` stands for the labels that must be equal."""

    rule_id: int
    key: str
    is_both: bool  # its source and its target matchers match it


@dataclass(frozen=True, slots=True)
class Found:
    """What holds of an alert."""

    muters: tuple[Muter, ...] = ()
    targets: tuple[Side, ...] = ()
    sources: tuple[Side, ...] = ()


NOTHING = Found()


class Mutes:
    """All that mutes at a moment."""

    def __init__(self, muters: Sequence[Muter], rules: Sequence[Rule]) -> None:
        self.muters = tuple(muters)
        self.rules = {rule.pk: rule for rule in rules}
        named = {matcher.name for muter in muters for matcher in muter.matchers}
        named |= {matcher.name for rule in rules for matcher in (*rule.source, *rule.target)}
        named |= {name for rule in rules for name in rule.equal}
        self._plain = sorted(named - set(OWN_NAMES))
        self._own = sorted(named & set(OWN_NAMES))
        self._by_value: dict[str, dict[str, list[Muter]]] = {}
        self._by_pattern: dict[str, list[tuple[Pattern, Muter]]] = {}
        self._others: list[Muter] = []
        for muter in muters:
            self._place(muter)
        self._remembered: dict[tuple[str | int, ...], Found] = {}
        self._same: dict[tuple[tuple[str, int], ...], Found] = {}
        self._asked = [
            (
                name,
                frozenset(self._by_value.get(name, ())),
                tuple({pattern.start for pattern, _ in self._by_pattern.get(name, ())}),
                [(pattern.start, pattern.matches) for pattern, _ in self._by_pattern.get(name, ())],
            )
            for name in sorted({*self._by_value, *self._by_pattern})
        ]
        self._is_seen_at_once = not self.rules and not self._others

    def concern(self, alert: Alike) -> bool:
        """Whether anything may hold of it: of most alerts values and patterns alone tell at once that nothing does."""
        if not self._is_seen_at_once:
            return True
        for name, values, starts, patterns in self._asked:
            value = alert.labels.get(name, "")
            if not value and name in OWN_NAMES:
                value = getattr(alert, name) or ""
            if value in values:
                return True
            if starts and value and value.startswith(starts):  # one look at most values, for all patterns
                for start, matches in patterns:
                    if value.startswith(start) and matches(value):
                        return True
        return False

    def of(self, facts: Facts) -> Found:
        """What mutes this alert, and what it may be muted by or mute under inhibition rules."""
        labels = facts.labels
        looks: tuple[str | int, ...] = (
            facts.service_id,
            facts.integration_id,
            *[labels.get(name, "") for name in self._plain],
            *[self._value(name, facts) for name in self._own],
        )
        found = self._remembered.get(looks)
        if found is None:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
                self._same.clear()
            found = self._remembered[looks] = self._ask(facts)
        return found

    def _place(self, muter: Muter) -> None:
        for matcher in muter.matchers:
            if matcher.operator == "=" and matcher.value:
                self._by_value.setdefault(matcher.name, {}).setdefault(matcher.value, []).append(muter)
                return
        for matcher in muter.matchers:
            if matcher.operator == "=~" and not matcher.holds(""):
                self._by_pattern.setdefault(matcher.name, []).append((pattern_of(matcher), muter))
                return
        self._others.append(muter)

    def _ask(self, facts: Facts) -> Found:
        possible = list(self._others)
        for name, by_value in self._by_value.items():
            possible += by_value.get(self._value(name, facts), ())
        for name, patterns in self._by_pattern.items():
            value = self._value(name, facts)
            if value:
                possible += [muter for pattern, muter in patterns if pattern.matches(value)]
        muters = [each for each in possible if self._is_in_scope(each, facts) and self._match(each.matchers, facts)]
        targets, sources = [], []
        for rule in self.rules.values():
            is_source, is_target = self._match(rule.source, facts), self._match(rule.target, facts)
            key = self._key(rule, facts) if is_source or is_target else None
            if key is None:
                continue
            side = Side(rule.pk, key, is_source and is_target)
            if is_target:
                targets.append(side)
            if is_source:
                sources.append(side)
        if not (muters or targets or sources):
            return NOTHING
        # The one that lasts longest is told of first.
        muters.sort(key=lambda each: (-each.until.timestamp(), each.reason, each.pk))
        if targets or sources:
            return Found(tuple(muters), tuple(targets), tuple(sources))
        # One for all alerts that the same mutes: what follows from it is reckoned once.
        return self._same.setdefault(tuple((each.reason, each.pk) for each in muters), Found(tuple(muters)))

    def _is_in_scope(self, muter: Muter, facts: Facts) -> bool:
        is_of_service = not muter.service_ids or facts.service_id in muter.service_ids
        return is_of_service and (not muter.integration_ids or facts.integration_id in muter.integration_ids)

    def _match(self, matchers: Sequence[Matcher], facts: Facts) -> bool:
        return all(each.holds(self._value(each.name, facts)) for each in matchers)

    def _value(self, name: str, facts: Facts) -> str:
        return value_of(name, facts.labels, title=facts.title, severity=facts.severity, dedup_key=facts.dedup_key)

    def _key(self, rule: Rule, facts: Facts) -> str | None:
        """What must be equal, at a fixed length; None where all of it is missing: that is nothing in common."""
        values = [self._value(name, facts) for name in rule.equal]
        if values and not any(values):
            return None
        return hashlib.blake2b("\xff".join(values).encode(), digest_size=16).hexdigest()


def is_inhibited(side: Side, firing: Mapping[tuple[int, str], bool]) -> bool:
    """Whether a firing source mutes this target. `firing` says of each rule and key that has a source whether one of
    its sources is no target of the rule: an alert that matches both sides is muted by such ones only."""
    has_plain = firing.get((side.rule_id, side.key))
    return has_plain is not None and (has_plain or not side.is_both)
