"""From raw messages to the alerts they tell of: the first stage of the pipeline. What cannot be read is said so.

No query, no write: messages come in as rows of the inbox and go out as what was understood of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alerts.mapping.rules import FAILED, AlertMapping
from alerts.models import EventStatus
from alerts.parsing.authentication import Doubt
from alerts.parsing.bodies import body_of
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import CUT_MARK, MOST_ALERTS, ChangeTold, Ignored, Json, ParsedAlert, Received, sources
from alerts.parsing.trimming import MARK, trim
from alerts.pipeline import own_messages

_MOST_SHOWN = 1000  # alerts of one message whose reading is kept beside it


@dataclass(frozen=True, slots=True)
class RawEvent:
    """A message as it lies in the inbox."""

    id: int
    received_at: datetime
    source: str
    content_type: str
    headers: Mapping[str, str]
    query: str
    body: bytes
    marks: list[str]
    failures: int


@dataclass(slots=True)
class Understood:
    """What a message was understood to say.

    Without alerts, or where one changed nothing, `reason` and `problem` tell why.
    """

    event: RawEvent
    alerts: list[ParsedAlert] = field(default_factory=list)
    status: EventStatus = EventStatus.PROCESSED
    reason: str = ""
    problem: str = ""
    marks: list[str] = field(default_factory=list)
    changes: list[ChangeTold] = field(default_factory=list)
    is_doubted: bool = False  # it may not be the sender's at all
    is_told: bool = True  # to somebody, where it was put away

    def add_reason(self, reason: str, sentence: str) -> None:
        """What became of one of its alerts, where no row tells it. The first name stays; sentences are told once."""
        self.reason = self.reason or reason
        if sentence not in self.problem:
            self.problem = f"{self.problem} {sentence}".strip()[:2000]

    def shown(self) -> list[dict[str, Any]]:
        """As the API shows it."""
        return [
            {
                "dedup_key": alert.dedup_key,
                "status": alert.status,
                "severity": alert.severity,
                "title": alert.title or alert.dedup_key,
            }
            for alert in self.alerts[:_MOST_SHOWN]
        ]


def understand(
    event: RawEvent,
    source_slug: str,
    *,
    guard: Callable[[RawEvent], Doubt | None] | None = None,
    rules: Any = None,
    mapping: AlertMapping | None = None,
) -> Understood:
    """Read one message with the source it came by, else its integration's; unless the guard does not believe it.

    What a source read, the integration's mapping may say otherwise.
    """
    is_own = event.source == own_messages.SOURCE  # the door never stores it
    doubted = doubted_by(guard, event) if not is_own else None
    if doubted is not None:
        return doubted
    source = sources.get(event.source or source_slug)
    if source is None and not is_own:
        problem = f"No source is called {event.source or source_slug!r} in this release."
        return Understood(event, status=EventStatus.QUARANTINED, reason="unknown_source", problem=problem)
    given = received(event, rules)
    try:
        alerts = own_messages.read(given) if source is None else source.parse(given)
    except Unreadable as trouble:
        return _without(event, given, EventStatus.QUARANTINED, trouble.reason, str(trouble))
    except Ignored as news:
        return _without(event, given, EventStatus.IGNORED, news.reason, str(news))
    if not alerts:
        return _without(event, given, EventStatus.IGNORED, "no_alerts", "The message tells of no alert.")
    if len(alerts) > MOST_ALERTS:
        given.marks.append(CUT_MARK)
        alerts = alerts[:MOST_ALERTS]
    problem = f"Only the first {MOST_ALERTS:,} of its alerts were read." if CUT_MARK in given.marks else ""
    if mapping is not None and not is_own:
        problem = _mapped(mapping, alerts, given, event) or problem
    was_cut = False
    for alert in alerts:
        was_cut |= trim(alert)
    if was_cut:
        given.marks.append(MARK)
    marks = list(dict.fromkeys(given.marks))
    return Understood(event, alerts=alerts, problem=problem, marks=marks, changes=given.changes)


def _mapped(mapping: AlertMapping, alerts: list[ParsedAlert], given: Received, event: RawEvent) -> str:
    failures = mapping.apply(alerts, lambda: content(event))
    if not failures:
        return ""
    given.marks.append(FAILED)
    return f"Of the mapping could not be applied: {' '.join(failures)}"[:2000]


def content(event: RawEvent) -> Json:
    """What a message holds, as expressions ask for it: JSON, fields or text; empty where it cannot be read."""
    try:
        return body_of(received(event), is_often_text=True)
    except Unreadable:
        return ""


def doubted_by(guard: Callable[[RawEvent], Doubt | None] | None, event: RawEvent) -> Understood | None:
    """What becomes of a message that the guard does not believe; None where it does."""
    doubt = guard(event) if guard is not None else None
    if doubt is None:
        return None
    return Understood(
        event, status=EventStatus.QUARANTINED, reason=doubt.reason, problem=doubt.problem, marks=list(event.marks),
        is_doubted=True, is_told=not doubt.is_open,
    )  # fmt: skip


def received(event: RawEvent, rules: Any = None) -> Received:
    """A message as a source reads it."""
    return Received(
        body=event.body,
        now=event.received_at,
        content_type=event.content_type,
        headers=event.headers,
        query=event.query,
        is_cut="cut" in event.marks,
        rules=rules,
        marks=list(event.marks),
    )


def _without(event: RawEvent, given: Received, status: EventStatus, reason: str, problem: str) -> Understood:
    marks = list(dict.fromkeys(given.marks))
    # What is ignored as an alert may tell of a change.
    changes = given.changes if status is EventStatus.IGNORED else []
    return Understood(event, status=status, reason=reason, problem=problem[:2000], marks=marks, changes=changes)
