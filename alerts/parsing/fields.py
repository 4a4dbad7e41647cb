"""Reads values out of a message of any shape: what is not there, or says nothing, reads as nothing. Pure.

Paths are names joined by dots (`monitor.tags.0`); a name that has dots itself is found by all of it. A macro that its
sender left as it stands can be shown, but never becomes a label or part of an identity, which would make one alert of
all that lack the same thing.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import parse_qsl

import orjson

from alerts.parsing.macros import is_macro
from alerts.parsing.mend import Unreadable, clean_text
from alerts.parsing.source import Json, as_text

_LONGEST_ADDRESS = 4000
_NOTHING = frozenset({"null", "none", "undefined", "(null)", "[]", "{}"})
_NOT_PLAIN = re.compile(r"[^a-z0-9]")


def at(value: Json, path: str) -> Json:
    """What lies at `a.b.0`; None where nothing does."""
    if isinstance(value, dict) and path in value:
        return value[path]
    for name in path.split("."):
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def object_at(value: Json, path: str = "") -> dict[str, Json]:
    """The object at this path, or the value itself; an empty one where it is none."""
    found = at(value, path) if path else value
    return found if isinstance(found, dict) else {}


def objects_at(value: Json, path: str = "") -> list[dict[str, Json]]:
    """The objects of the list at this path, or of the value itself; none where it is no list."""
    found = at(value, path) if path else value
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def text_at(value: Json, *paths: str) -> str:
    """The first of these that holds any text or number, as it stands; empty where none does."""
    return next((text for path in paths if (text := _text(at(value, path)))), "")


def said(value: Json, *paths: str) -> str:
    """The first of these that holds a text or number that says something; empty where none does.

    That something is true says nothing here: what is asked for is a name, an identity, a word.
    """
    return next((text for path in paths if (text := filled(_text(at(value, path))))), "")


def filled(value: Json) -> str:
    """A value of any kind as text; empty where it says nothing or is a macro nobody expanded."""
    text = as_text(value).strip()
    return "" if text.lower() in _NOTHING or is_macro(text) else text


def labels_at(value: Json, places: Mapping[str, str | Sequence[str]]) -> dict[str, str]:
    """Labels, each of what its path, or the first of its paths, says; without those that say nothing."""
    found = {name: _shown(value, [paths] if isinstance(paths, str) else paths) for name, paths in places.items()}
    return {name: text for name, text in found.items() if text}


def all_filled(value: Json) -> dict[str, str]:
    """The members of an object that say something, as texts."""
    return {name: text for name, each in object_at(value).items() if name and (text := filled(each))}


def named(value: Json) -> dict[str, str]:
    """Labels of a list of objects with a name and a value each, or of an object."""
    if isinstance(value, dict):
        return all_filled(value)
    lowered = [{key.lower(): each for key, each in member.items()} for member in objects_at(value)]
    pairs = ((said(each, "name", "key"), filled(each.get("value"))) for each in lowered)
    return {name: text for name, text in pairs if name and text}


def tagged(value: Json) -> dict[str, str]:
    """Labels of tags, given as a list or as text with commas: `name:value` is one of its own, all are `tags`."""
    words = value if isinstance(value, list) else as_text(value).split(",")
    tags = [tag for word in words if (tag := filled(word))]
    pairs: Iterable[tuple[str, str, str]] = (tag.partition(":") for tag in tags)
    labels = {name.strip(): text.strip() for name, colon, text in pairs if colon and name.strip() and text.strip()}
    return {**labels, "tags": ", ".join(tags)} if tags else {}


def flattened(fields: Mapping[str, Json], above: str = "") -> dict[str, Json]:
    """Fields within fields by one name of letters and digits: `EVENT.ID` and `event: {id}` are both `eventid`."""
    flat: dict[str, Json] = {}
    for name, value in fields.items():
        plain = above + _NOT_PLAIN.sub("", name.lower())
        if isinstance(value, dict):
            flat.update(flattened(value, plain))
        else:
            flat[plain] = value
    return flat


def in_query(address: str, name: str) -> str:
    """A parameter of an address; empty where it has none of this name."""
    query = address[:_LONGEST_ADDRESS].partition("?")[2].partition("#")[0]
    return clean_text(next((value for each, value in parse_qsl(query) if each == name), ""))[0].strip()


def identity(*parts: Json) -> str:
    """What is filled in of these, as one text; empty where nothing is. That something is true is no identity."""
    return "/".join(text for part in parts if not isinstance(part, bool) and (text := filled(part)))


def key_of_content(fields: Mapping[str, Json]) -> str:
    """An identity for a message that names nothing: only the very same message is the same alert."""
    packed = orjson.dumps(fields, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS)
    return hashlib.sha256(packed).hexdigest()[:32]


def nothing_to_tell(what: str) -> Unreadable:
    """For a message without anything that an alert could be known by."""
    return Unreadable("no_identity", f"The message has none of the fields by which an alert of {what} is known.")


def _shown(value: Json, paths: Sequence[str]) -> str:
    found = (at(value, path) for path in paths)
    return next((text for each in found if isinstance(each, str | int | float) and (text := filled(each))), "")


def _text(value: Json) -> str:
    is_text = isinstance(value, str | int | float) and not isinstance(value, bool)
    return as_text(value).strip() if is_text else ""
