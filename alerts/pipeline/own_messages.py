"""What Tocsin itself has to say of alerts: it goes the way of every message, as a row of the inbox in its place.

So it is durable, is worked on in the order of its integration, and is seen among the events. Nobody outside can send
such a message: the door never stores its source.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import orjson

from alerts.models import AlertStatus, Event
from alerts.parsing.source import Own, ParsedAlert, Received
from core import clock, jobs
from incidents.models import Severity

SOURCE = "tocsin"
AUTO_RESOLVED, FLAPPING_OVER = "auto_resolved", "flapping_over"
LANE = "ingest"  # rung when something was put in
_MOST_WORDS = 1000  # of one message


@dataclass(frozen=True)
class Word:
    """One alert, and why Tocsin says so. Without a service the integration's routes are asked."""

    reason: str
    status: AlertStatus
    dedup_key: str
    title: str = ""
    severity: Severity | None = None
    description: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    at: datetime | None = None
    service_id: int | None = None
    fingerprint: str = ""


def put(words: Iterable[tuple[int, Word]]) -> None:
    """Write them into the inbox of their integrations (by id), in the caller's transaction."""
    by_integration: dict[int, list[Word]] = {}
    for integration_id, word in words:
        by_integration.setdefault(integration_id, []).append(word)
    now = clock.now()
    letters = [
        _letter(integration_id, some, now) for integration_id, its in by_integration.items() for some in _in_parts(its)
    ]
    if letters:
        Event.objects.bulk_create(letters)
        jobs.ring(LANE)


def read(received: Received) -> list[ParsedAlert]:
    """The alerts of such a message."""
    return [_parsed(each) for each in orjson.loads(received.body)]


def _in_parts(words: Sequence[Word]) -> list[Sequence[Word]]:
    return [words[start : start + _MOST_WORDS] for start in range(0, len(words), _MOST_WORDS)]


def _letter(integration_id: int, words: Sequence[Word], now: datetime) -> Event:
    body = orjson.dumps([asdict(each) for each in words])
    return Event(
        integration_id=integration_id,
        received_at=now,
        due_at=now,
        source=SOURCE,
        content_type="application/json",
        body=body,
        body_size=len(body),
    )


def _parsed(said: dict[str, Any]) -> ParsedAlert:
    status = AlertStatus(said["status"])
    at = datetime.fromisoformat(said["at"]) if said["at"] else None
    return ParsedAlert(
        dedup_key=said["dedup_key"],
        title=said["title"],
        status=status,
        severity=Severity(said["severity"]) if said["severity"] else None,
        description=said["description"],
        labels=said["labels"],
        started_at=at if status is AlertStatus.FIRING else None,
        ended_at=at if status is AlertStatus.RESOLVED else None,
        group=said["dedup_key"],
        own=Own(said["reason"], said["service_id"], said["fingerprint"]),
    )
