"""Values by CEL expressions over what a message holds. Pure.

Every path that an expression spells out (`payload.alert.tags[0]`) is looked up before it is evaluated: what is not
there, or null, reads as the empty string, as an empty list where the expression goes through it. So only what is asked
for is handed to the evaluator, and that within bounds, for an evaluator knows no limits of its own.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

from alerts.decisions import evaluator
from alerts.decisions.routing import MACROS, bound_names, has_nested_macros
from alerts.mapping.functions import FUNCTIONS, LONGEST_TEXT, MOST_ELEMENTS, Functions
from alerts.parsing.source import Json, as_text

LONGEST_EXPRESSION = 1000
_DEEPEST = 12
_MOST_VALUES = 5_000  # within one value
_LARGEST_INTEGER = 2**63 - 1

_TOKEN = re.compile(
    r"""(?P<text>[rR]"[^"\n]*"|[rR]'[^'\n]*'|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<name>[A-Za-z_]\w*)|(?P<number>\d[\w.]*)|(?P<other>\S)"""
)
_Kind = Literal["value", "list", "has"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A place an expression asks for: the value there, or whether there is one."""

    root: str
    path: tuple[str | int, ...]
    kind: _Kind


@dataclass(frozen=True, slots=True)
class Result:
    """What an expression comes to, or why it comes to nothing."""

    value: Json = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Expression:
    """One that can be evaluated; `refusal` says why it cannot be."""

    program: Any
    references: Mapping[str, Reference]  # by the variable that stands for each
    functions: tuple[str, ...]
    is_walking: bool  # it goes through lists element by element
    refusal: str = ""

    def evaluate(self, facts: Mapping[str, Json]) -> Result:
        """Its value over these facts. Never raises."""
        if self.refusal:
            return Result(problem=self.refusal)
        # What is gone through element by element is handed over a hundred times.
        longest = LONGEST_TEXT // 16 if self.is_walking else LONGEST_TEXT
        given = {name: _looked_up(facts, each, longest) for name, each in self.references.items()}
        helped = Functions()
        try:
            context = evaluator.Context(given)
            for name in self.functions:
                context.add_function(name, getattr(helped, name))
            value = self.program.execute(context)
        except Exception as trouble:  # noqa: BLE001  the evaluator raises whatever the expression deserves
            return Result(problem=_sentence(trouble))
        return Result(problem=helped.problem) if helped.problem else Result(_plain(value))


def check(text: str, roots: Sequence[str]) -> str:
    """What is wrong with an expression that may ask for these, as a sentence; empty where nothing is."""
    return compiled(text, tuple(roots)).refusal


@lru_cache(maxsize=5000)
def compiled(text: str, roots: tuple[str, ...]) -> Expression:
    """The expression, compiled once; what is wrong with it stands in its `refusal`."""
    text = text.strip()
    refusal = _refusal(text, roots)
    rewritten, references = _rewritten(text, roots)
    program = None
    if not refusal:
        try:
            evaluator.compile(text)
            program = evaluator.compile(rewritten)
        except ValueError as trouble:
            refusal = f"This is not valid CEL: {_first_line(trouble)}"
    if program is not None:
        named = {*references, *bound_names(text)}
        unknown = sorted(set(program.variables()) - named)
        if unknown:
            refusal = f"It asks for {', '.join(unknown)}; known are {', '.join(roots)}. Texts stand in quotes."
    called = _called(text)
    return Expression(
        program=program,
        references=references,
        functions=tuple(name for name in FUNCTIONS if name in called),
        is_walking=bool(called & MACROS),
        refusal=refusal,
    )


def _refusal(text: str, roots: tuple[str, ...]) -> str:
    if len(text) > LONGEST_EXPRESSION:
        return f"It is longer than {LONGEST_EXPRESSION:,} characters."
    if '"""' in text or "'''" in text:
        return "It has a text in three quotes. Use one quote."
    if has_nested_macros(text):
        return "It nests “all”, “exists”, “map” or “filter” in one another. Use one at a time."
    shadowed = bound_names(text) & set(roots)
    if shadowed:
        return f"It uses {', '.join(sorted(shadowed))} as a name of its own. Call it something else."
    return ""


def _rewritten(text: str, roots: tuple[str, ...]) -> tuple[str, dict[str, Reference]]:
    """The expression with a variable in place of each path, and what these stand for."""
    tokens = list(_TOKEN.finditer(text))
    words = [found[0] for found in tokens]
    parts: list[str] = []
    references: dict[str, Reference] = {}
    done = place = 0
    while place < len(tokens):
        follows_dot = place > 0 and words[place - 1] == "."
        if tokens[place].lastgroup != "name" or words[place] not in roots or follows_dot:
            place += 1
            continue
        path, end = _path(tokens, place + 1)
        start = place
        is_walked = words[end : end + 1] == ["."] and not MACROS.isdisjoint(words[end + 1 : end + 2])
        kind: _Kind = "list" if is_walked else "value"
        if words[max(0, place - 2) : place] == ["has", "("] and words[end : end + 1] == [")"]:
            kind, start, end = "has", place - 2, end + 1
        variable = f"p{len(references)}_"
        references[variable] = Reference(words[place], path, kind)
        parts += [text[done : tokens[start].start()], variable]
        done = tokens[end - 1].end()
        place = end
    return "".join([*parts, text[done:]]), references


def _path(tokens: Sequence["re.Match[str]"], place: int) -> tuple[tuple[str | int, ...], int]:
    """The steps that are spelled out from here, and where they end."""
    path: list[str | int] = []
    while place < len(tokens):
        ahead = tokens[place : place + 4]
        words = [found[0] for found in ahead]
        kinds = [found.lastgroup for found in ahead]
        if words[0] == "." and kinds[1:2] == ["name"] and words[2:3] != ["("]:
            path.append(words[1])
            place += 2
        elif words[0] == "[" and kinds[1:2] == ["text"] and words[2:3] == ["]"] and "\\" not in words[1]:
            path.append(words[1].lstrip("rR")[1:-1])
            place += 3
        elif words[0] == "[" and kinds[1:2] == ["number"] and words[1].isdecimal() and words[2:3] == ["]"]:
            path.append(int(words[1]))
            place += 3
        else:
            break
    return tuple(path), place


def _called(text: str) -> frozenset[str]:
    words = [found[0] for found in _TOKEN.finditer(text)]
    return frozenset(word for word, after in pairwise(words) if after == "(")


def _looked_up(facts: Mapping[str, Json], reference: Reference, longest: int) -> Json:
    value: Json = facts.get(reference.root)
    for step in reference.path:
        if isinstance(value, Mapping) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            value = None
            break
    if reference.kind == "has":
        return value is not None
    if value is None:
        return [] if reference.kind == "list" else ""
    return _Bounds(longest).within(value)


class _Bounds:
    """Hands on so much of a value as any alert needs."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._left = _MOST_VALUES

    def within(self, value: Json, depth: int = 0) -> Json:
        """The value, cut where it is too long, too deep or too much."""
        self._left -= 1
        if isinstance(value, str):
            return value[: self._longest]
        if isinstance(value, bool) or value is None or isinstance(value, float):
            return value
        if isinstance(value, int):
            return value if abs(value) <= _LARGEST_INTEGER else str(value)
        if depth >= _DEEPEST or self._left <= 0:
            return ""
        if isinstance(value, Mapping):
            some = list(value.items())[: MOST_ELEMENTS * 10]
            return {str(name): self.within(each, depth + 1) for name, each in some if self._left > 0}
        if isinstance(value, list):
            return [self.within(each, depth + 1) for each in value[:MOST_ELEMENTS] if self._left > 0]
        return as_text(value)[: self._longest]


def _plain(value: Any) -> Json:
    """As it can be shown and kept."""
    if isinstance(value, str | bool | int | float | list | dict) or value is None:
        return value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


_WORDS: dict[str, Callable[[str], str]] = {
    "KeyError": lambda text: f"There is nothing called {text}.",
    "IndexError": lambda text: "The list is shorter than that.",
    "TypeError": lambda text: f"The kinds of values do not fit: {text.split('. ')[0]}. string(x) makes a text.",
    "ZeroDivisionError": lambda text: "It divides by zero.",
}


def _sentence(trouble: Exception) -> str:
    kind, text = type(trouble).__name__, _first_line(trouble)
    return _WORDS[kind](text)[:300] if kind in _WORDS else (text or kind)[:300]


def _first_line(trouble: Exception) -> str:
    """What is wrong, without where in our own words it stands."""
    text = str(trouble).strip() or type(trouble).__name__
    return text.partition("ERROR: <input>:")[2].partition("\n")[0] or text.partition("\n")[0]
