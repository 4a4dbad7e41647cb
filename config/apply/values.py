"""The kinds of single values a configuration file may hold, each with the sentence that says how to write it."""

import re
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from config.apply.document import Node
from config.apply.schema import Gathered, Reader, Reference, Written, scalar, wrong
from core import durations
from core.spelling import near
from notifications.addresses import is_email

_TURN = re.compile(r"(\d{1,3})([dw])", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_USERNAME = re.compile(r"[\w.@+-]+")
_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SHORTEST_KEY = 32


def text(*, longest: int = 100, may_be_empty: bool = False, may_break: bool = False) -> Reader[str]:
    """A text without control characters; of one line unless it `may_break`."""

    def read(node: Node, _gathered: Gathered) -> str:
        value = scalar(node).text
        if may_break:
            value = with_plain_breaks(value)
        if not value and not may_be_empty:
            raise wrong(node, "must not be empty")
        if len(value) > longest:
            raise wrong(node, f"is longer than {longest} characters")
        if _CONTROL.search(value) or ("\n" in value and not may_break):
            raise wrong(node, "holds a control character or a line break")
        if not may_break and value != value.strip():
            raise wrong(node, "starts or ends with a space")
        return Written.at(node.place, value)

    return read


def with_plain_breaks(value: str) -> str:
    """The text with line breaks as files have them. Browsers send carriage returns with theirs."""
    return value.replace("\r\n", "\n").replace("\r", "\n")


def username() -> Reader[str]:
    """What somebody signs in by."""

    def read(node: Node, gathered: Gathered) -> str:
        value = text(longest=150)(node, gathered)
        if not _USERNAME.fullmatch(value):
            raise wrong(node, f'"{value}" is not a username: letters, digits and . @ + - _ only')
        return value

    return read


def reference(kind: str) -> Reader[str]:
    """The name of an object of another section; whether there is one is asked when all files are read."""

    def read(node: Node, gathered: Gathered) -> str:
        name = text(longest=150)(node, gathered)
        gathered.references.append(Reference(kind, str(name), node.place))
        return name

    return read


def one_of(known: Callable[[], Collection[str]]) -> Reader[str]:
    """One word of a known few. `known` is asked on reading: sources and channels are found then."""

    def read(node: Node, _gathered: Gathered) -> str:
        value = scalar(node).text
        choices = known()
        if value not in choices:
            raise wrong(node, f'"{value}" is not known here{near(value, choices)}')
        return Written.at(node.place, value)

    return read


def time_zone() -> Reader[str]:
    """An IANA time zone."""

    def read(node: Node, _gathered: Gathered) -> str:
        value = scalar(node).text
        if value not in _zones():
            raise wrong(node, f'"{value}" is not an IANA time zone{near(value, _zones())}')
        return Written.at(node.place, value)

    return read


def flag() -> Reader[bool]:
    """Yes or no."""

    def read(node: Node, _gathered: Gathered) -> bool:
        value = scalar(node).text.lower()
        if value in {"true", "yes", "on"}:
            return True
        if value in {"false", "no", "off"}:
            return False
        raise wrong(node, f'"{scalar(node).text}" is neither true nor false')

    return read


def number(*, low: int, high: int) -> Reader[int]:
    """A whole number between these, both included."""

    def read(node: Node, _gathered: Gathered) -> int:
        value = scalar(node).text
        if not re.fullmatch(r"-?\d{1,9}", value, re.ASCII) or not low <= int(value) <= high:
            raise wrong(node, f'"{value}" is not a whole number from {low} to {high}')
        return int(value)

    return read


def duration(*, longest: timedelta = durations.LONGEST) -> Reader[timedelta]:
    """A stretch of time: a whole number and its unit."""

    def read(node: Node, _gathered: Gathered) -> timedelta:
        value = scalar(node).text
        try:
            found = durations.read(value)
        except durations.TooLong:
            found = timedelta.max
        except ValueError:
            raise wrong(node, f'"{value}" is not a duration: write it like 30s, 5m, 2h, 1d or 1w') from None
        if found > longest:
            raise wrong(node, f'"{value}" is longer than {longest.days} days')
        return found

    return read


def turn() -> Reader[str]:
    """How long a turn of a rotation takes: whole days or weeks."""

    def read(node: Node, _gathered: Gathered) -> str:
        value = scalar(node).text
        match = _TURN.fullmatch(value)
        if not match or int(match[1]) < 1:
            raise wrong(node, f'"{value}" is not a turn: write whole days or weeks, like 1d or 2w')
        return f"{int(match[1])}{match[2]}"

    return read


def moment(*, may_have_offset: bool) -> Reader[datetime]:
    """A date and a time of day, to the minute: local, or with an offset where that is allowed."""

    def read(node: Node, _gathered: Gathered) -> datetime:
        value = scalar(node).text
        try:
            at = datetime.fromisoformat(value) if re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", value) else None
        except ValueError:
            at = None
        if at is None or at.second or at.microsecond or not 1970 < at.year < 9999:
            raise wrong(node, f'"{value}" is not a date and time: write it like 2026-01-05T09:00')
        if at.tzinfo is not None and not may_have_offset:
            raise wrong(node, f'"{value}" has an offset: write local time, the time_zone of the schedule says the rest')
        return at

    return read


def email() -> Reader[str]:
    """An e-mail address, or nothing."""

    def read(node: Node, _gathered: Gathered) -> str:
        value = scalar(node).text
        if value and (len(value) > 254 or not is_email(value)):
            raise wrong(node, f'"{value}" is not an e-mail address')
        return value

    return read


def url() -> Reader[str]:
    """An address of a page, or nothing."""

    def read(node: Node, _gathered: Gathered) -> str:
        value = scalar(node).text
        try:
            if value:
                URLValidator(schemes=["http", "https"])(value)
        except ValidationError:
            raise wrong(node, f'"{value}" is not the address of a page: write https://…') from None
        if len(value) > 200:
            raise wrong(node, "is longer than 200 characters")
        return value

    return read


def key_text() -> Reader[str]:
    """The text of a key, which stands in URLs and headers."""

    def read(node: Node, _gathered: Gathered) -> str:
        value = scalar(node).text
        if len(value) < _SHORTEST_KEY:
            raise wrong(node, f"the key has {len(value)} characters; it needs at least {_SHORTEST_KEY}")
        if len(value) > 200 or not _KEY.fullmatch(value):
            raise wrong(node, "the key may hold letters, digits, - and _ only, at most 200 of them")
        return Written.at(node.place, value)

    return read


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones() - {"localtime", "Factory"})
