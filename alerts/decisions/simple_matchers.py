"""A label, an operator and a value as a condition in CEL, for people who do not write CEL. Pure."""

import json
import re
from enum import StrEnum

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What can be asked without being a label.
_OWN_NAMES = frozenset({"severity", "title", "source", "integration"})


class Operator(StrEnum):
    """How the value is compared."""

    IS = "is"
    IS_NOT = "is not"
    CONTAINS = "contains"
    BEGINS = "begins with"
    ENDS = "ends with"
    MATCHES = "matches"  # a regular expression


_WRITTEN = {
    Operator.IS: "{name} == {value}",
    Operator.IS_NOT: "{name} != {value}",
    Operator.CONTAINS: "{name}.contains({value})",
    Operator.BEGINS: "{name}.startsWith({value})",
    Operator.ENDS: "{name}.endsWith({value})",
    Operator.MATCHES: "{name}.matches({value})",
}


def condition(label: str, operator: Operator, value: str) -> str:
    """The condition in CEL. `severity`, `title`, `source` and `integration` are those; every other name is a label."""
    label = label.strip().removeprefix("labels.")
    if label in _OWN_NAMES:
        name = label
    else:
        name = f"labels.{label}" if _PLAIN_NAME.fullmatch(label) else f"labels[{_quoted(label)}]"
    return _WRITTEN[operator].format(name=name, value=_quoted(value))


def both(first: str, second: str) -> str:
    """Where both conditions hold; an empty one always does."""
    if not first.strip() or not second.strip():
        return first.strip() or second.strip()
    return f"{_apart(first.strip())} && {second.strip()}"


def _apart(text: str) -> str:
    """In brackets where another `&&` behind it would be read otherwise."""
    return f"({text})" if "||" in text or "?" in text else text


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
