"""What sources have in common when they look for something in a message: fields, macros, tags, identities. Pure.

Macros a sender has not expanded ("$SERVICE", "{{ host }}") say nothing: they never become a label, an address or part
of an identity, which would make one alert of all that lack the same thing.
"""

from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

from alerts.macros import is_macro
from alerts.mend import Unreadable, clean_text
from alerts.source import Json, Received, as_text, expect_object

_NOTHING = frozenset({"null", "none", "undefined", "(null)", "[]", "{}"})


def read_fields(received: Received) -> dict[str, Json]:
    """The fields of a JSON object, or of a form, which some senders send unless told otherwise. Raises Unreadable."""
    if received.content_type.lower().startswith("application/x-www-form-urlencoded"):
        text = received.text().strip()
        if text[:1] not in ("{", "["):
            form = dict(parse_qsl(text, keep_blank_values=True))
            if not form:
                raise Unreadable("no_content", "The message is a form without fields.")
            return {clean_text(name)[0]: clean_text(value)[0] for name, value in form.items()}
    return expect_object(received.json())


def inner(value: Json, *names: str) -> dict[str, Json]:
    """The object that lies within, by the names on the way to it; empty where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def objects(value: Json) -> list[dict[str, Json]]:
    """The objects of a list; none where it is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def filled(value: Json) -> str:
    """The text of a value; empty where it says nothing or is a macro nobody expanded."""
    text = as_text(value).strip()
    if text.lower() in _NOTHING or is_macro(text):
        return ""
    return text


def first(fields: Mapping[str, Json], *names: str) -> str:
    """The first of these that says something."""
    return next((text for name in names if (text := filled(fields.get(name)))), "")


def labelled(**values: Json) -> dict[str, str]:
    """Labels, of those that say something."""
    return {name: text for name, value in values.items() if (text := filled(value))}


def all_filled(value: Json) -> dict[str, str]:
    """The members of an object that say something, as texts."""
    return {name: text for name, each in inner(value).items() if name and (text := filled(each))}


def named(value: Json) -> dict[str, str]:
    """Labels of a list of objects with a name and a value each, or of an object."""
    if isinstance(value, dict):
        return all_filled(value)
    lowered = [{key.lower(): each for key, each in member.items()} for member in objects(value)]
    pairs = ((first(each, "name", "key"), filled(each.get("value"))) for each in lowered)
    return {name: text for name, text in pairs if name and text}


def tagged(value: Json) -> dict[str, str]:
    """Labels of tags, given as a list or as text with commas: `name:value` is one of its own, all are `tags`."""
    words = value if isinstance(value, list) else as_text(value).split(",")
    tags = [tag for word in words if (tag := filled(word))]
    pairs: Iterable[tuple[str, str, str]] = (tag.partition(":") for tag in tags)
    labels = {name.strip(): text.strip() for name, colon, text in pairs if colon and name.strip() and text.strip()}
    return {**labels, "tags": ", ".join(tags)} if tags else {}


def identity(*parts: Json) -> str:
    """What is filled in of these, as one text; empty where nothing is."""
    return "/".join(text for part in parts if (text := filled(part)))


def nothing_to_tell(what: str) -> Unreadable:
    """For a message without anything that an alert could be known by."""
    return Unreadable("no_identity", f"The message has none of the fields by which an alert of {what} is known.")
