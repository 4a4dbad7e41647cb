"""Values by their path in JSON of any shape, and identities made of them. Pure.

For sources whose messages differ between releases, or whose body is a template that somebody wrote: what is not there,
or is not what it should be, reads as nothing.
"""

from collections.abc import Mapping, Sequence

from alerts.macros import is_macro
from alerts.source import Json, as_text


def at(value: Json, path: str) -> Json:
    """What lies at `a.b.0`; None where nothing does."""
    for name in path.split("."):
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def text_at(value: Json, *paths: str) -> str:
    """The first of these that holds text or a number, as text; else nothing."""
    for path in paths:
        found = at(value, path)
        if isinstance(found, str | int | float) and found != "":
            return as_text(found)
    return ""


def object_at(value: Json, path: str) -> dict[str, Json]:
    """The object at this path; an empty one where there is none."""
    found = at(value, path)
    return found if isinstance(found, dict) else {}


def objects_at(value: Json, path: str) -> list[dict[str, Json]]:
    """The objects of the list at this path."""
    found = at(value, path)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def texts_at(value: Json, places: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """By name, what is at its path, or at the first of its paths; without what says nothing."""
    found = {name: text_at(value, *([paths] if isinstance(paths, str) else paths)) for name, paths in places.items()}
    return {name: text for name, text in found.items() if text}


def identity(*parts: str) -> str:
    """An identity of the parts that say something; empty where none does."""
    return "/".join(part for part in parts if part and not is_macro(part))
