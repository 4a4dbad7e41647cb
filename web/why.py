"""Why an alert is where it is: its `reasons` as sentences. Pure; what a newer release wrote is told as it is."""

from collections.abc import Mapping
from typing import Any

from web import words

_DEDUP = {
    "fired_again": "It fires anew: the last time is resolved.",
    "repeat": "The same alert again, counted.",
    "late_firing": "This message is older than the one that resolved it: counted, not opened again.",
    "resolved": "Its source says it is over.",
    "resolved_already": "It was resolved before.",
    "resolved_before_firing": "It was resolved before it was known to fire.",
    "late_resolved": "This message is older than the one that fired it.",
    "auto_resolved": "Nobody told of it for the integration's auto-resolve time, so it is over.",
    "acknowledged": "Acknowledged at its source.",
}
_GROUP = {
    "group_by": "By the labels the integration groups by",
    "everything": "The integration puts everything into one group",
    "source_default": "As its source groups",
    "not_grouped": "Not grouped: each alert for itself",
    "storm": "More came at once than anybody could answer one by one, so it was gathered in the storm's incident",
    "expression": "By the integration's expression",
    "expression_failed": "The integration's expression gave no text for it, so it is a group of its own",
    "labels_missing": "None of the labels to group by is there, so it is a group of its own",
}
_ROUTE = {
    "condition_matched": "Route {position} matched",
    "within_hours": "Route {position}, within its hours",
    "named": "Named by the heartbeat",
    "default_route": "The default route: no other condition held",
    "no_route_matched": "No route matched",
}
_NAMES = {
    "dedup": "Same alert?",
    "route": "Service",
    "group": "Group",
    "mapping": "Mapping",
    "muted": "Muted when it came",
    "flapping": "Flapping",
}


def told(reasons: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each decision, by a name and a sentence."""
    found = []
    for name, value in reasons.items():
        sentence = _sentence(name, value)
        if sentence:
            found.append((_NAMES.get(name, words.sentence(name)), sentence))
    return found


def _sentence(name: str, value: Any) -> str:
    if name == "dedup" and isinstance(value, str):
        return _DEDUP.get(value, words.sentence(value))
    if name == "route" and isinstance(value, Mapping):
        return _route(value)
    if name == "group" and isinstance(value, Mapping):
        key = str(value.get("key", ""))
        reason = str(value.get("reason", ""))
        return _GROUP.get(reason, words.sentence(reason)) + (f": {key}" if key else "") + "."
    if name == "mapping" and isinstance(value, Mapping):
        return _mapping(value)
    if name == "muted" and isinstance(value, Mapping):
        return f"{value.get('text')}."
    if name == "flapping" and isinstance(value, Mapping):
        return f"{value.get('changes')} changes between firing and resolved within {value.get('within')}."
    if isinstance(value, Mapping):
        return ", ".join(f"{words.sentence(str(key)).lower()}: {part}" for key, part in value.items())
    return str(value)


def _mapping(value: Mapping[str, Any]) -> str:
    text = f"Version {value.get('version')} of the integration's expressions was applied"
    for failure in value.get("failures") or []:
        if isinstance(failure, Mapping):
            text += f". It left {failure.get('field') or 'the rest'} as the source says: {failure.get('problem')}"
    return text if text.endswith(".") else f"{text}."


def _route(value: Mapping[str, Any]) -> str:
    reason = str(value.get("reason", ""))
    text = _ROUTE.get(reason, words.sentence(reason)).format(position=value.get("position", ""))
    if value.get("condition"):
        text += f": {value['condition']}"
    for position in value.get("outside_hours") or []:
        text += f". Route {position} was not asked: outside its hours"
    for failure in value.get("failures") or []:
        if isinstance(failure, Mapping):
            text += f". Route {failure.get('position')} could not be asked: {failure.get('problem')}"
    return text + "."
