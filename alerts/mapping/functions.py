"""What expressions may call beyond CEL's own. Pure; each bounds what it makes."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import re2

from alerts.parsing.source import Json, as_text

LONGEST_TEXT = 16_000
MOST_ELEMENTS = 100


class Functions:
    """What expressions may call beyond CEL's own. None raises: a problem is noted, and told in place of the value."""

    def __init__(self) -> None:
        self.problem = ""

    def lower(self, *given: Json) -> str:
        return _texts(given, 1)[0].lower()

    def upper(self, *given: Json) -> str:
        return _texts(given, 1)[0].upper()

    def trim(self, *given: Json) -> str:
        return _texts(given, 1)[0].strip()

    def text(self, *given: Json) -> str:
        return _texts(given, 1)[0]

    def line(self, *given: Json) -> str:
        return _texts(given, 1)[0].strip().partition("\n")[0].strip()

    def first(self, *given: Json) -> Json:
        return next((each for each in given if each not in ("", None)), "")

    def split(self, *given: Json) -> list[str]:
        text, separator = _texts(given, 2)
        return text.split(separator or None, MOST_ELEMENTS - 1)

    def join(self, *given: Json) -> str:
        elements = given[0] if given and isinstance(given[0], list) else []
        between = as_text(given[1]) if len(given) > 1 else ", "
        return self._bounded(between.join([as_text(each) for each in elements[:MOST_ELEMENTS]]))

    def replace(self, *given: Json) -> str:
        text, old, new = _texts(given, 3)
        if not old or len(text) + text.count(old) * (len(new) - len(old)) > LONGEST_TEXT:
            self.problem = "“replace” needs a text to look for, and may not make too long a text."
            return ""
        return text.replace(old, new)

    def extract(self, *given: Json) -> str:
        text, pattern = _texts(given, 2)
        try:
            found = _pattern(pattern).search(text)
        except re2.error as trouble:
            self.problem = f"“extract” cannot read its pattern: {_pattern_problem(trouble)}"
            return ""
        if found is None:
            return ""
        return (found[1] if found.re.groups else found[0]) or ""

    def get(self, *given: Json) -> Json:
        table, key = (*given, "", "")[:2]
        default = given[2] if len(given) > 2 else ""
        return table.get(as_text(key), default) if isinstance(table, Mapping) else default

    def _bounded(self, text: str) -> str:
        if len(text) > LONGEST_TEXT:
            self.problem = "The text becomes too long."
        return text[:LONGEST_TEXT]


FUNCTIONS = ("lower", "upper", "trim", "text", "line", "first", "split", "join", "replace", "extract", "get")


def _texts(given: Sequence[Json], count: int) -> list[str]:
    texts = [as_text(each)[:LONGEST_TEXT] for each in given[:count]]
    return texts + [""] * (count - len(texts))


@lru_cache(maxsize=1000)
def _pattern(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def _pattern_problem(trouble: Exception) -> str:
    said = trouble.args[0] if trouble.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
