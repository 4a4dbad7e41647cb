"""What a source makes of a message, without a door before it."""

from datetime import UTC, datetime
from typing import Any

import orjson

from alerts.parsing.source import ParsedAlert, Received, sources


def parsed(slug: str, body: Any, **more: Any) -> list[ParsedAlert]:
    """The alerts of a message; sent as JSON unless it is bytes already."""
    source = sources.get(slug)
    assert source is not None
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return source.parse(Received(raw, datetime(2026, 3, 1, 12, tzinfo=UTC), **more))


def the_one_parsed(slug: str, body: Any, **more: Any) -> ParsedAlert:
    """The only alert of a message."""
    (alert,) = parsed(slug, body, **more)
    return alert
