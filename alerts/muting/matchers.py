"""Matchers of labels, exactly as Alertmanager's: `=`, `!=`, `=~`, `!~`; a missing label is the empty string. Pure.

Regular expressions are RE2's and match the whole value, as there. Beside the labels a matcher may name `title`,
`severity` and `dedup_key` of an alert that has no label of that name: not every source knows labels.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

MOST = 50
LONGEST = 1000  # characters of a matcher
OWN_NAMES = ("title", "severity", "dedup_key")
OPERATORS = ("=~", "!~", "!=", "=")

_NAME = re.compile(r"""[^\s="'!~,{}]+""")
_OPERATOR = re.compile(r"\s*(=~|!~|!=|=)\s*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_BARE = re.compile(r"""[^"{},\n]*""")
_PLAIN = re.compile(r"[\w \-/:@#%&<>=,;'\"~!|]*", re.ASCII)
_GAPS = re.compile(r"(?:[\w \-/:@#%&<>=,;'\"~!]|\.\*)*", re.ASCII)  # plain text with `.*` in it
_MOST_REMEMBERED = 10_000  # values of a pattern


class NotAMatcher(ValueError):
    """The text is none; the sentence says where."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label."""

    name: str
    operator: str
    value: str

    def holds(self, value: str) -> bool:
        """Whether it is true of this value of its label."""
        if self.operator == "=":
            return value == self.value
        if self.operator == "!=":
            return value != self.value
        return _pattern(self.value).matches(value) == (self.operator == "=~")

    def __str__(self) -> str:
        name = self.name if _NAME.fullmatch(self.name) else _quoted(self.name)
        return f"{name}{self.operator}{_quoted(self.value)}"


class Pattern:
    """A regular expression. What most people write needs no machine, and the machine's answers are remembered."""

    def __init__(self, expression: str) -> None:
        self._words = frozenset(expression.split("|")) if _PLAIN.fullmatch(expression) else None
        is_gapped = self._words is None and _GAPS.fullmatch(expression) is not None
        self._parts = tuple(expression.split(".*")) if is_gapped else None
        self.start = self._start_of_all(expression)  # of every value that matches; often nothing
        needs_machine = self._words is None and self._parts is None
        self._machine: Any = re2.compile(expression, _options()) if needs_machine else None
        self._answers: dict[str, bool] = {}

    def _start_of_all(self, expression: str) -> str:
        if self._words is not None:
            return next(iter(self._words)) if len(self._words) == 1 else ""
        return self._parts[0] if self._parts is not None else _start_of(expression)

    def matches(self, value: str) -> bool:
        """Whether the whole value matches."""
        if self._words is not None:
            return value in self._words
        if self._parts is not None:
            return _has_in_order(value, self._parts)
        if not value.startswith(self.start):
            return False
        answer = self._answers.get(value)
        if answer is None:
            if len(self._answers) >= _MOST_REMEMBERED:
                self._answers.clear()
            answer = self._answers[value] = self._machine.fullmatch(value) is not None
        return answer


def _has_in_order(value: str, parts: tuple[str, ...]) -> bool:
    """Whether it is these one after the other, with anything but line breaks between them."""
    first, last = parts[0], parts[-1]
    place, end = len(first), len(value) - len(last)
    if place > end or not value.startswith(first) or not value.endswith(last) or "\n" in value:
        return False
    for each in parts[1:-1]:
        found = value.find(each, place, end)
        if found < 0:
            return False
        place = found + len(each)
    return True


def _start_of(expression: str) -> str:
    """What every value that matches begins with."""
    if "|" in expression or expression.startswith("(?"):
        return ""
    found = _PLAIN.match(expression)
    start = found[0] if found else ""
    # The last letter may be there any number of times.
    return start[:-1] if expression[len(start) : len(start) + 1] in {"*", "?", "{"} else start


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options


@lru_cache(maxsize=2000)
def _pattern(expression: str) -> Pattern:
    return Pattern(expression)


def pattern_of(matcher: Matcher) -> Pattern:
    """The regular expression of a matcher that has one."""
    return _pattern(matcher.value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def read(text: str) -> tuple[Matcher, ...]:
    """The matchers of a text: parted by commas or lines, with or without braces around. Raises NotAMatcher."""
    text = text.strip()
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1]
    found: list[Matcher] = []
    place = 0
    while True:
        place = _past(text, place, ", \t\r\n")
        if place >= len(text):
            return tuple(found)
        matcher, place = _one(text, place)
        found.append(matcher)


def read_all(texts: Iterable[str]) -> tuple[Matcher, ...]:
    """The matchers of several texts. Raises NotAMatcher."""
    return tuple(matcher for text in texts for matcher in read(text))


@lru_cache(maxsize=5000)
def known(texts: tuple[str, ...]) -> tuple[Matcher, ...]:
    """The matchers of texts that have been checked."""
    return read_all(texts)


def written(matchers: Iterable[Matcher]) -> list[str]:
    """As they are kept and shown, one text each."""
    return [str(each) for each in matchers]


def check(matchers: Sequence[Matcher]) -> str:
    """What is wrong with them, as a sentence; empty where nothing is."""
    if not matchers:
        return 'Name at least one matcher, for example alertname="DiskFull".'
    if len(matchers) > MOST:
        return f"More than {MOST} matchers are more than anybody can read."
    for each in matchers:
        if len(str(each)) > LONGEST:
            return f"A matcher is longer than {LONGEST} characters."
        if "\0" in each.name + each.value:
            return "A matcher holds a NUL character."
        problem = _problem_of_pattern(each)
        if problem:
            return problem
    if all(each.holds("") for each in matchers):
        return "At least one matcher must not match the empty string: these would match alerts that have no labels."
    return ""


def _problem_of_pattern(matcher: Matcher) -> str:
    if matcher.operator in {"=", "!="}:
        return ""
    try:
        Pattern(matcher.value)
    except re2.error as trouble:
        said = trouble.args[0] if trouble.args else ""
        why = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        return f"{matcher.name}: “{matcher.value}” is not a regular expression of RE2: {why}."
    return ""


def value_of(name: str, labels: Mapping[str, str], *, title: str, severity: str, dedup_key: str) -> str:
    """What an alert says under this name; empty where nothing."""
    value = labels.get(name, "")
    if value or name not in OWN_NAMES:
        return value
    return {"title": title, "severity": severity, "dedup_key": dedup_key}[name]


def _past(text: str, place: int, letters: str) -> int:
    while place < len(text) and text[place] in letters:
        place += 1
    return place


def _one(text: str, place: int) -> tuple[Matcher, int]:
    quoted = _QUOTED.match(text, place)
    name = quoted or _NAME.match(text, place)
    if name is None:
        raise NotAMatcher(f"“{text[place : place + 40]}” does not begin with the name of a label.")
    shown = _unescaped(quoted[1]) if quoted else name[0]
    operator = _OPERATOR.match(text, name.end())
    if operator is None:
        raise NotAMatcher(f"After “{shown[:40]}” one of =, !=, =~ and !~ is missing.")
    value = _QUOTED.match(text, operator.end())
    if value is not None:
        end = value.end()
        return Matcher(shown, operator[1], _unescaped(value[1])), _ended(text, end)
    bare = _BARE.match(text, operator.end())
    assert bare is not None  # it matches nothing as well
    return Matcher(shown, operator[1], bare[0].strip()), _ended(text, bare.end())


def _ended(text: str, place: int) -> int:
    place = _past(text, place, " \t\r")
    if place < len(text) and text[place] not in ",\n":
        raise NotAMatcher(f"“{text[place : place + 40]}” stands where a comma or a new line should.")
    return place


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: {"n": "\n", "t": "\t", "r": "\r"}.get(found[1], found[1]), text)
