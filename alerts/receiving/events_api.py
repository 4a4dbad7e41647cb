"""What both versions of PagerDuty's Events API share: the key stands in the body, and answers have the vendor's shape.

Events are read before anybody knows whether their sender has a key at all: so only as far as that is cheap. 400 is for
what the vendor's clients must not repeat (PagerDuty's developer documentation, "Events API v2 overview": 400 do not
retry, 429 and 5xx retry).
"""

from collections.abc import Mapping, Sequence

import orjson

from alerts.parsing.mend import Unreadable, read_json_at_once
from alerts.receiving.entrance import Answer, Entrance, Json, Message, Request, as_json

LONGEST_DEDUP_KEY = 255
ACTIONS = ("trigger", "acknowledge", "resolve")
DEDUP_KEY = "dedup_key"
PATH = "path"


class EventsApi(Entrance):
    """The common ways of both versions; each says which fields are called what."""

    key_field: str

    def takes(self, method: str, path: str) -> bool:
        """With and without the final slash."""
        return path.rstrip("/") in self.prefixes

    def opened(self, request: Request) -> dict[str, Json] | Answer:
        """The event; or the refusal of what is none."""
        try:
            body = read_json_at_once(request.body)
        except Unreadable:
            return invalid("Unrecognized object", "Event object format is unrecognized", ["JSON parse error"])
        if not isinstance(body, dict):
            return invalid("Unrecognized object", "Event object format is unrecognized", ["Not a JSON object"])
        return body

    def message(self, request: Request, event: Mapping[str, Json], dedup_key: str) -> Message:
        """What is to be committed: all but the key."""
        return Message(
            key=event[self.key_field],
            source="pagerduty",
            notes={PATH: request.path.rstrip("/"), DEDUP_KEY: dedup_key},
            body=_without_key(request, event, self.key_field),
        )

    def unknown_key(self, message: Message) -> Answer:
        """Final for the vendor's clients."""
        name = self.key_field.replace("_", " ")
        return refused([f"Invalid {name}: no integration in Tocsin has it. Copy it again from the integration's page."])

    def switched_off(self, message: Message) -> Answer:
        """Final, as for an unknown key."""
        return refused(["This integration is switched off in Tocsin."])

    def unavailable(self, retry_after: int) -> Answer:
        """Its clients repeat on 5xx."""
        content = {
            "status": "unavailable",
            "message": "This could not be stored just now. Send it again.",
            "errors": [],
        }
        return as_json(503, content, ("retry-after", str(retry_after)))


def invalid(status: str, message: str, errors: Sequence[str]) -> Answer:
    """An answer that the vendor's clients take as final."""
    return as_json(400, {"status": status, "message": message, "errors": errors})


def refused(problems: Sequence[str]) -> Answer:
    """The answer to an event that can be read but not taken."""
    return invalid("invalid event", "Event object is invalid", problems)


def dedup_key_problem(value: Json, field: str, *, is_needed: bool) -> list[str]:
    """What is wrong with the identity of an event."""
    if is_needed and not value:
        return [f"'{field}' is missing or blank"]
    if value is not None and not isinstance(value, str | int):
        return [f"'{field}' must be a string"]
    if len(str(value or "")) > LONGEST_DEDUP_KEY:
        return [f"'{field}' is too long (at most {LONGEST_DEDUP_KEY} characters)"]
    return []


def _without_key(request: Request, event: Mapping[str, Json], field: str) -> bytes:
    """The message with stars in place of the key, as long as it was; to the byte as sent where that can be."""
    key = event[field].encode()
    stars = b"*" * len(key)
    kept = request.body.replace(key, stars)
    if kept != request.body and b"\\" not in request.body:
        return kept
    # The key, or what looks like it, may be written with escapes, or in UTF-16: what is kept must read as it shall.
    anew = orjson.dumps({**event, field: "*" * len(event[field])}).replace(key, stars)
    try:
        return kept if orjson.dumps(read_json_at_once(kept)) == anew else anew
    except Unreadable:
        return anew
