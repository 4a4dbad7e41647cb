"""What a sender asks to be done to an alert it has told of: acknowledge it, close it, add a note, and so on. Pure.

A source reads it from the message (`Source.action`), `alerts.pipeline.acting` carries it out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

NOTE = "action"  # of a message: the entrance says with it that this is no alert but an action
KEPT_AS = f":{NOTE}"  # among the headers that are kept


class Action(StrEnum):
    """What is to be done."""

    ACKNOWLEDGE = "acknowledge"
    UNACKNOWLEDGE = "unacknowledge"
    CLOSE = "close"
    SNOOZE = "snooze"
    NOTE = "note"
    ASSIGN = "assign"
    ESCALATE = "escalate"
    PRIORITY = "priority"
    MESSAGE = "message"
    DESCRIPTION = "description"
    ADD_TAGS = "add_tags"
    REMOVE_TAGS = "remove_tags"
    ADD_DETAILS = "add_details"
    REMOVE_DETAILS = "remove_details"


@dataclass(frozen=True, slots=True)
class Asked:
    """An action, on which alert, and in whose name.

    The alert is named by its own id, or else by its identity, which then is that of an open alert. `text` is what the
    action is about: a new title, a person, a policy, a priority.
    """

    action: Action
    alert_id: int | None = None
    dedup_key: str = ""
    who: str = ""
    note: str = ""
    text: str = ""
    until: datetime | None = None
    words: tuple[str, ...] = ()
    pairs: Mapping[str, str] = field(default_factory=dict)
