"""New alerts as lines of PostgreSQL's COPY, and what an alert says as JSON. Pure.

COPY costs a third of an INSERT from JSON, and lines that are put together here a third of those that the driver puts
together from values one by one.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

import orjson

from alerts.parsing.source import ParsedAlert
from alerts.parsing.trimming import LONGEST_KEY, cut
from alerts.pipeline.cases import Episode, Said

_NULL = "\\N"
COLUMNS = (
    *("integration_id", "fingerprint", "dedup_key", "status", "severity", "title", "description", "labels"),
    *("annotations", "links", "count", "first_seen_at", "last_seen_at", "started_at", "ended_at", "resolved_at"),
    *("service_id", "incident_id", "also_in", "group_key", "reasons", "last_event_id", "content_hash"),
    *("expires_at", "changes", "flapping_until"),
)
COPY = f"copy alerts_alert ({', '.join(COLUMNS)}) from stdin"


def said(content: ParsedAlert) -> Said:
    """What it says, to be kept, and a hash that tells whether another message says the same."""
    labels, annotations = orjson.dumps(content.labels), orjson.dumps(content.annotations)
    links = orjson.dumps(content.links)
    text = f"{content.severity}\0{content.title}\0{content.description}\0".encode()
    digest = hashlib.blake2b(b"%b%b\0%b\0%b" % (text, labels, annotations, links), digest_size=8).digest()
    return Said(int.from_bytes(digest, signed=True), labels.decode(), annotations.decode(), links.decode())


def lines(integration_id: int, episodes: Iterable[Episode]) -> bytes:
    """One line for each; the cases of all have their incidents by now."""
    return "".join([_line(integration_id, each) for each in episodes]).encode()


def _line(integration_id: int, episode: Episode) -> str:
    told, content, text = episode.last, episode.content, episode.said
    if told is None or content is None or text is None:
        raise ValueError("A new alert has been told of.")
    key = told.alert.dedup_key if len(told.alert.dedup_key) <= LONGEST_KEY else cut(told.alert.dedup_key, LONGEST_KEY)
    reasons = orjson.dumps(episode.reasons).decode()
    free = (key, content.title or key, content.description, *text[1:], episode.group_key, reasons)
    key, title, description, labels, annotations, links, group_key, reasons = _escaped(free)
    case = episode.case
    incident = _NULL if case is None else case.incident_id
    also_in = ",".join([str(each.incident_id) for each in episode.also_in]) if episode.also_in else ""
    changes = _NULL if episode.changes is None else f"{{{','.join(map(_moment, episode.changes))}}}"
    # Joined and not formatted: members of an enumeration are texts, and asking them for their value is slow.
    return "\t".join(
        (
            *(str(integration_id), episode.fingerprint, key, episode.status, content.severity or _NULL, title),
            *(description, labels, annotations, links, str(episode.count_added or 1), _moment(episode.first_seen_at)),
            *(_moment(told.at), _moment(episode.started_at), _moment(episode.ended_at), _moment(episode.resolved_at)),
            f"{episode.service_id}\t{incident}\t{{{also_in}}}\t{group_key}\t{reasons}\t{told.event_id}\t{text.hash}",
            *(_moment(episode.expires_at), changes, f"{_moment(episode.flapping_until)}\n"),
        )
    )


@lru_cache(maxsize=10_000)
def _moment(at: datetime | None) -> str:
    return _NULL if at is None else at.isoformat()


def _escaped(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Without what ends a value or a line. Looked at once as a whole: hardly any alert holds one of these."""
    together = "\t".join(texts)
    if together.count("\t") < len(texts) and not ("\\" in together or "\n" in together or "\r" in together):
        return texts
    return tuple(
        [each.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r") for each in texts]
    )
