"""Opsgenie's words in ours: ids, priorities, and the fields of an alert that are kept among its labels. Pure.

Details are labels under their own names, so that routes and groups can go by them. Tags, entity, source, priority and
responders are labels, too, under names that are reserved: a detail of such a name gets `details.` in front.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from incidents.models import Severity

PRIORITIES = ("P1", "P2", "P3", "P4", "P5")
DEFAULT_PRIORITY = "P3"
_SEVERITIES = {
    "P1": Severity.CRITICAL,
    "P2": Severity.ERROR,
    "P3": Severity.WARNING,
    "P4": Severity.INFO,
    "P5": Severity.INFO,
}
_RESERVED = frozenset({"tags", "entity", "source", "priority", "responders"})
_DETAIL = "details."
_BETWEEN = ", "
# Ids are numbers in the clothes of a UUID, because clients check for that: version 8, whose content is one's own.
_ALERT, _REQUEST, _INTEGRATION = "a1e47000", "4e906570", "19760000"


@dataclass(frozen=True, slots=True)
class Fields:
    """What an alert of Opsgenie's says beside message and description."""

    tags: tuple[str, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)
    entity: str = ""
    source: str = ""
    priority: str = ""
    responders: tuple[str, ...] = ()  # as `team:NOC`, `user:trinity@example.com`

    def labels(self) -> dict[str, str]:
        """As labels."""
        labels = {_DETAIL + name if name in _RESERVED else name: value for name, value in self.details.items()}
        given = {
            "tags": _BETWEEN.join(self.tags),
            "entity": self.entity,
            "source": self.source,
            "priority": self.priority,
            "responders": _BETWEEN.join(self.responders),
        }
        return {**labels, **{name: value for name, value in given.items() if value}}

    def tagged(self, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> "Fields":
        """With these tags, and without those."""
        gone = set(remove)
        kept = dict.fromkeys([*self.tags, *add])
        return replace(self, tags=tuple(tag for tag in kept if tag not in gone))

    def detailed(self, *, add: Mapping[str, str] | None = None, remove: Iterable[str] = ()) -> "Fields":
        """With these details, and without those."""
        gone = set(remove)
        kept = {**self.details, **(add or {})}
        return replace(self, details={name: value for name, value in kept.items() if name not in gone})


def fields_of(labels: Mapping[str, str]) -> Fields:
    """The fields that are kept in these labels."""
    return Fields(
        tags=tuple(each for each in labels.get("tags", "").split(_BETWEEN) if each),
        details={name.removeprefix(_DETAIL): value for name, value in labels.items() if name not in _RESERVED},
        entity=labels.get("entity", ""),
        source=labels.get("source", ""),
        priority=labels.get("priority", ""),
        responders=tuple(each for each in labels.get("responders", "").split(_BETWEEN) if each),
    )


def severity_for(priority: str) -> Severity | None:
    """How bad a priority is; None for none: then nobody has said that it can wait."""
    return _SEVERITIES.get(priority.strip().upper())


def priority_for(severity: Severity | str | None, given: str = "") -> str:
    """The priority of an alert: as given, where that still stands for its severity."""
    if given in _SEVERITIES and (severity is None or _SEVERITIES[given] == severity):
        return given
    return next((name for name, each in _SEVERITIES.items() if each == severity), DEFAULT_PRIORITY)


def tag(text: str) -> str:
    """A tag as it is kept: without what stands between tags."""
    return " ".join(text.replace(",", " ").split())[:50]


def alert_id(pk: int) -> str:
    """The id of an alert."""
    return _dressed(_ALERT, pk)


def request_id(event_id: int) -> str:
    """The id of a request, by which its outcome is asked for."""
    return _dressed(_REQUEST, event_id)


def integration_id(pk: int) -> str:
    """The id of an integration."""
    return _dressed(_INTEGRATION, pk)


def alert_of(text: str) -> int | None:
    """The alert of an id; None where it is none of ours."""
    return _undressed(_ALERT, text)


def event_of(text: str) -> int | None:
    """The raw message of a request's id; None where it is none of ours."""
    return _undressed(_REQUEST, text)


def _dressed(kind: str, number: int) -> str:
    return f"{kind}-0000-8000-8000-{number:012x}"


def _undressed(kind: str, text: str) -> int | None:
    head, _, digits = text.strip().lower().rpartition("-")
    if head != f"{kind}-0000-8000-8000" or len(digits) != 12:
        return None
    try:
        return int(digits, 16)
    except ValueError:
        return None
