"""Which service an alert is for: ordered conditions in CEL over what the alert says. Pure.

A label that is missing reads as the empty string. A condition that fails all the same (a division by zero, a name that
does not exist) counts as not matched: the next route is asked, and the failure is told with the decision.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from alerts.decisions import evaluator
from alerts.decisions.hours import Hours

LONGEST_CONDITION = 1000
NAMES = ("labels", "annotations", "severity", "title", "source", "integration")
_MAPS = ("labels", "annotations")
MACROS = frozenset({"all", "exists", "exists_one", "filter", "map"})
_MOST_REMEMBERED = 10_000  # decisions; alerts that look alike to the conditions are decided once

_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<name>[A-Za-z_]\w*)|(?P<mark>[.()\[\]{}])|(?P<other>\S)"""
)


@dataclass(slots=True)  # one for each alert, and a frozen one takes three times as long to make
class Facts:
    """What conditions may ask about an alert."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    severity: str
    title: str
    source: str
    integration: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A threshold: more than so many messages within a time."""

    more_than: int
    within: timedelta


@dataclass(frozen=True, slots=True)
class RouteRule:
    """One route; an empty condition always matches."""

    position: int
    condition: str
    service_id: int
    hours: Hours | None = None  # when it is asked at all
    limit: Limit | None = None
    is_timed: bool = False  # it has hours, and these are they


@dataclass(frozen=True, slots=True)
class Decision:
    """Where an alert goes and why. `failures` are the conditions that could not be evaluated before."""

    service_id: int
    reason: str  # condition_matched | within_hours | default_route | no_route_matched | named
    position: int
    condition: str
    failures: tuple[tuple[int, str], ...] = ()
    outside: tuple[int, ...] = ()  # positions of routes before it that were not asked outside their hours
    limit: Limit | None = None  # the threshold below which it holds back what it takes


def check(condition: str, *, gives: type[bool] | type[str] = bool) -> str:
    """What is wrong with a condition, or an expression that gives a text, as a sentence; empty where nothing is."""
    condition = condition.strip()
    if not condition:
        return ""
    if len(condition) > LONGEST_CONDITION:
        return f"The condition is longer than {LONGEST_CONDITION} characters. Split it into several routes."
    if has_nested_macros(condition):
        return "The condition nests “all”, “exists”, “map” or “filter” in one another. Use one at a time."
    try:
        program = evaluator.compile(condition)
    except ValueError as trouble:
        return f"The condition is not valid CEL: {str(trouble).splitlines()[0]}"
    unknown = sorted(set(program.variables()) - set(NAMES) - bound_names(condition))
    if unknown:
        return f"The condition asks for {', '.join(unknown)}; known are {', '.join(NAMES)}."
    try:
        result = program.execute(context_of(_EMPTY, *references(condition)))
    except Exception as trouble:  # noqa: BLE001  the evaluator raises whatever the expression deserves
        return _problem_on_nothing(trouble)
    if isinstance(result, gives):
        return ""
    return "The condition must be true or false, not a value." if gives is bool else "The expression must give a text."


def _problem_on_nothing(trouble: Exception) -> str:
    # Against an alert that says nothing, an index or a number that is missing is no mistake of the author.
    if isinstance(trouble, RuntimeError) and "Undefined" in str(trouble):
        return f"The condition is not valid CEL: {str(trouble).splitlines()[0]}"
    return ""


class Router:
    """The routes of one integration, compiled, with a memory of what was decided for alerts that look alike."""

    def __init__(self, rules: Sequence[RouteRule], outside: tuple[int, ...] = ()) -> None:
        if not rules:
            raise ValueError("An integration needs a route to send its alerts along.")
        self.rules = tuple(rules)
        self._outside = outside
        self._timed = tuple(rules) if any(rule.hours for rule in rules) else ()
        self._at_times: dict[tuple[int, ...], Router] = {}  # by the positions that are asked
        self._rules = [(rule, compiled(rule.condition) if rule.condition else None) for rule in rules]
        self._wanted = {name: set[str]() for name in _MAPS}
        self._is_static = True
        for rule in rules:
            labels, annotations, is_static = references(rule.condition)
            self._wanted["labels"] |= labels
            self._wanted["annotations"] |= annotations
            self._is_static = self._is_static and is_static
        self._needs_text = any("title" in rule.condition for rule in rules)
        self._labels = sorted(self._wanted["labels"])
        self._annotations = sorted(self._wanted["annotations"])
        self._decided: dict[tuple[str, ...], Decision] = {}
        # With one route and no condition there is nothing to ask.
        self._only = self._default(()) if self._rules[0][1] is None else None

    def decide(self, facts: Facts, *, at: datetime | None = None) -> Decision:
        """The first route whose condition holds, else the default. Outside its hours a route is not asked.

        Without a moment all hours hold.
        """
        if self._timed:
            return self._router_at(at).decide(facts)
        if self._only is not None:
            return self._only
        if not self._is_static:
            return self._ask(facts)
        said = facts.labels.get
        looks = (facts.severity, facts.source, facts.integration, *[said(name, "") for name in self._labels])
        if self._needs_text or self._annotations:
            said = facts.annotations.get
            looks = (*looks, facts.title if self._needs_text else "", *[said(name, "") for name in self._annotations])
        decision = self._decided.get(looks)
        if decision is None:
            if len(self._decided) >= _MOST_REMEMBERED:
                self._decided.clear()
            decision = self._decided[looks] = self._ask(facts)
        return decision

    def _router_at(self, at: datetime | None) -> "Router":
        asked = [rule for rule in self._timed if rule.hours is None or at is None or rule.hours.hold(at)]
        positions = tuple(rule.position for rule in asked)
        router = self._at_times.get(positions)
        if router is None:
            outside = tuple(rule.position for rule in self._timed if rule.position not in positions)
            # Where none is left, the last takes what nobody takes, as ever.
            always = [replace(rule, hours=None, is_timed=rule.hours is not None) for rule in asked or self._timed[-1:]]
            router = self._at_times[positions] = Router(always, outside)
        return router

    def _ask(self, facts: Facts) -> Decision:
        context = evaluator.Context(context_of(facts, self._labels, self._annotations, self._is_static))
        failures: list[tuple[int, str]] = []
        for rule, program in self._rules:
            if program is None:
                return self._default(tuple(failures))
            if isinstance(program, str):
                failures.append((rule.position, program))
                continue
            try:
                matched = program.execute(context)
            except Exception as trouble:  # noqa: BLE001  the evaluator raises whatever the expression deserves
                failures.append((rule.position, f"{type(trouble).__name__}: {trouble}"[:200]))
                continue
            if matched is True:
                outside = self._outside_before(rule.position)
                condition, why = rule.condition, tuple(failures)
                return Decision(
                    rule.service_id, "condition_matched", rule.position, condition, why, outside, rule.limit
                )
        return self._default(tuple(failures))

    def _default(self, failures: tuple[tuple[int, str], ...]) -> Decision:
        for rule, program in self._rules:
            if program is None:
                reason = "within_hours" if rule.is_timed else "default_route"
                outside = self._outside_before(rule.position)
                return Decision(rule.service_id, reason, rule.position, "", failures, outside, rule.limit)
        last = self._rules[-1][0]
        outside = self._outside_before(last.position)
        return Decision(last.service_id, "no_route_matched", last.position, "", failures, outside, last.limit)

    def _outside_before(self, position: int) -> tuple[int, ...]:
        return tuple(each for each in self._outside if each < position)


@lru_cache(maxsize=5000)
def compiled(condition: str) -> Any:
    """The program; or, where it cannot be compiled (it was saved by an older release), the problem as text."""
    try:
        return evaluator.compile(condition)
    except ValueError as trouble:
        return str(trouble).splitlines()[0][:200]


def context_of(facts: Facts, labels: Iterable[str], annotations: Iterable[str], is_static: bool) -> dict[str, Any]:
    """Missing labels that a condition names are there and empty; of static conditions only those named are given."""
    said = {"labels": facts.labels, "annotations": facts.annotations}
    asked = {"labels": labels, "annotations": annotations}
    maps = {
        name: {**({} if is_static else said[name]), **{each: said[name].get(each, "") for each in asked[name]}}
        for name in _MAPS
    }
    return {
        **maps,
        "severity": facts.severity,
        "title": facts.title,
        "source": facts.source,
        "integration": facts.integration,
    }


_EMPTY = Facts({}, {}, "", "", "", "")


@lru_cache(maxsize=5000)
def references(condition: str) -> tuple[frozenset[str], frozenset[str], bool]:
    """Labels and annotations a condition names, and whether it asks for those and no others.

    `has(labels.x)` and `"x" in labels` ask whether it was sent, so there a missing one stays missing.
    """
    tokens = [(found.lastgroup, found[0]) for found in _TOKEN.finditer(condition)]
    named: dict[str, set[str]] = {name: set() for name in _MAPS}
    is_static = True
    for place, (kind, text) in enumerate(tokens):
        if kind != "name" or text not in _MAPS or (place and tokens[place - 1][1] == "."):
            continue
        after = tokens[place + 1 : place + 4]
        if place >= 2 and tokens[place - 2][1] == "has" and tokens[place - 1][1] == "(":
            is_static = False
        elif len(after) >= 2 and after[0][1] == "." and after[1][0] == "name" and after[2:3] != [("mark", "(")]:
            named[text].add(after[1][1])
        elif len(after) == 3 and after[0][1] == "[" and after[1][0] == "text" and after[2][1] == "]":
            named[text].add(after[1][1][1:-1])
        else:
            is_static = False
    return frozenset(named["labels"]), frozenset(named["annotations"]), is_static


def bound_names(condition: str) -> set[str]:
    """The names that macros bind: the x of `labels.exists(x, ...)`."""
    tokens = [found[0] for found in _TOKEN.finditer(condition)]
    return {tokens[place + 2] for place, text in enumerate(tokens[:-2]) if text in MACROS and tokens[place + 1] == "("}


def has_nested_macros(condition: str) -> bool:
    """Whether one goes through a list within another that does: nothing bounds what that costs."""
    tokens = [(found.lastgroup, found[0]) for found in _TOKEN.finditer(condition)]
    open_macros: list[bool] = []
    for place, (_, text) in enumerate(tokens):
        if text == "(":
            is_macro = place >= 2 and tokens[place - 1][1] in MACROS and tokens[place - 2][1] == "."
            if is_macro and any(open_macros):
                return True
            open_macros.append(is_macro)
        elif text == ")" and open_macros:
            open_macros.pop()
    return False
