"""Opsgenie's query language for alerts, read into a tree. Pure; which alerts it finds is asked in `opsgenie_fields`.

Source: Opsgenie's documentation, "Alerts Search Query Help": `field : value`, comparisons of times and numbers, AND,
OR, NOT, parentheses around conditions and around values, `*` in a value, words without a field. What stands side by
side is joined by AND. AND binds closer than OR.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from core.errors import Invalid

LONGEST = 2000  # characters
DEEPEST = 30
ANYWHERE = ""  # in place of a field: the message, the description or the alias


@dataclass(frozen=True, slots=True)
class Condition:
    """A field compared with a value; `operator` is one of `: < <= > >=`."""

    field: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class All:
    """Every one of these."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Any:
    """At least one of these."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not this."""

    part: "Node"


Node = Condition | All | Any | Not

_SPACE = re.compile(r"\s*")
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)\s*(!=|<=|>=|:|=|<|>)\s*")
_WORD = re.compile(r"[^\s()\"]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_KEYWORDS = frozenset({"AND", "OR", "NOT"})


def parse(text: str) -> Node | None:
    """The tree of a query; None for an empty one. Raises Invalid, saying where it cannot be read."""
    if len(text) > LONGEST:
        raise _wrong(f"it is longer than {LONGEST} characters")
    reader = _Reader(text.strip())
    if reader.is_at_end():
        return None
    found = reader.either(reader.condition)
    if not reader.is_at_end():
        raise _wrong(f"there is a “{text[reader.place]}” too many at character {reader.place + 1}")
    return found


class _Reader:
    """Goes through the text once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self._depth = 0

    def is_at_end(self) -> bool:
        """Whether nothing is left but space."""
        self._skip()
        return self.place >= len(self.text)

    def either(self, single: Callable[[], Node]) -> Node:
        """Parts joined by OR."""
        parts = [self._both(single)]
        while self._takes_keyword("OR"):
            parts.append(self._both(single))
        return parts[0] if len(parts) == 1 else Any(tuple(parts))

    def _both(self, single: Callable[[], Node]) -> Node:
        parts = [self._negated(single)]
        while self._takes_keyword("AND") or self._goes_on():
            parts.append(self._negated(single))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _negated(self, single: Callable[[], Node]) -> Node:
        is_not = False
        while self._takes_keyword("NOT"):
            is_not = not is_not
        part = self._inner(lambda: self.either(single)) if self._peek() == "(" else single()
        return Not(part) if is_not else part

    def condition(self) -> Node:
        """A field and its value or values; else words to be found anywhere."""
        self._skip()
        found = _FIELD.match(self.text, self.place)
        if found is None:
            return Condition(ANYWHERE, ":", self._value())
        self.place = found.end()
        field, sign = found[1], found[2]
        operator = ":" if sign in ("=", "!=") else sign

        def one() -> Node:
            return Condition(field, operator, self._value())

        part = self._inner(lambda: self.either(one)) if self._peek() == "(" else one()
        return Not(part) if sign == "!=" else part

    def _value(self) -> str:
        self._skip()
        quoted = _QUOTED.match(self.text, self.place)
        if quoted is not None:
            self.place = quoted.end()
            return re.sub(r"\\(.)", r"\1", quoted[1])
        words: list[str] = []
        while True:
            self._skip()
            word = _WORD.match(self.text, self.place)
            is_next = words and _FIELD.match(self.text, self.place) is not None
            if word is None or is_next or word[0].upper() in _KEYWORDS:
                break
            words.append(word[0])
            self.place = word.end()
        if not words:
            raise _wrong(f"a value is missing at character {self.place + 1}")
        return " ".join(words)

    def _inner(self, read: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise _wrong(f"it has more than {DEEPEST} parentheses in one another")
        self.place += 1
        found = read()
        if self._peek() != ")":
            raise _wrong(f"a “)” is missing at character {self.place + 1}")
        self.place += 1
        self._depth -= 1
        return found

    def _goes_on(self) -> bool:
        """Whether another part follows side by side."""
        following = self._peek()
        return following not in ("", ")") and self._keyword() != "OR"

    def _takes_keyword(self, name: str) -> bool:
        if self._keyword() != name:
            return False
        self.place += len(name)
        return True

    def _keyword(self) -> str:
        self._skip()
        word = _WORD.match(self.text, self.place)
        return word[0].upper() if word is not None and word[0].upper() in _KEYWORDS else ""

    def _peek(self) -> str:
        self._skip()
        return self.text[self.place : self.place + 1]

    def _skip(self) -> None:
        found = _SPACE.match(self.text, self.place)
        self.place = found.end() if found is not None else self.place


def _wrong(problem: str) -> Invalid:
    return Invalid(f"The query cannot be read: {problem}.", {"query": problem})
