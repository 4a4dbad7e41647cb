"""PagerDuty's Events API v2, for senders that only change the host name: `/v2/enqueue` and `/v2/change/enqueue`.

The key and the identity stand in the body, so it is parsed before it is committed, and before anybody knows whether its
sender has a key at all: so only as far as that is cheap. Answers have the vendor's shape;
400 is for what its clients must not repeat (PagerDuty's developer documentation, "Events API v2 overview": 400 do not
retry, 429 and 5xx retry). What the vendor would refuse but a person should hear of (an unknown severity, no source) is
taken.
"""

import uuid

import orjson

from alerts.entrance import Answer, Entrance, Json, Message, Request, as_json
from alerts.mend import Unreadable, read_json_at_once

ENQUEUE = "/v2/enqueue"
CHANGE = "/v2/change/enqueue"
LONGEST_DEDUP_KEY = 255
_ACTIONS = ("trigger", "acknowledge", "resolve")
DEDUP_KEY = "dedup_key"
PATH = "path"


class PagerDuty(Entrance):
    slug = "pagerduty"
    prefixes = (ENQUEUE, CHANGE)

    def takes(self, method: str, path: str) -> bool:
        """Both paths, with and without the final slash."""
        return path.rstrip("/") in self.prefixes

    def read(self, request: Request) -> Message | Answer:
        """The routing key; and a dedup key of our own where a trigger comes without."""
        try:
            body = read_json_at_once(request.body)
        except Unreadable:
            return _invalid("Unrecognized object", "Event object format is unrecognized", ["JSON parse error"])
        if not isinstance(body, dict):
            return _invalid("Unrecognized object", "Event object format is unrecognized", ["Not a JSON object"])
        path = request.path.rstrip("/")
        problems = _problems(body, is_change=path == CHANGE)
        if problems:
            return _invalid("invalid event", "Event object is invalid", problems)
        dedup_key = body.get("dedup_key") or uuid.uuid4().hex
        return Message(
            key=body["routing_key"],
            source="pagerduty",
            notes={PATH: path, DEDUP_KEY: str(dedup_key)},
            body=_without_key(request.body, body),
        )

    def accepted(self, message: Message, event_id: int) -> Answer:
        """As the vendor answers; its clients read `dedup_key`."""
        answer = {"status": "success", "message": "Event processed", "event_id": event_id}
        if message.notes[PATH] == CHANGE:
            return as_json(202, {**answer, "message": "Change event processed"})
        return as_json(202, {**answer, "dedup_key": message.notes[DEDUP_KEY]})

    def unknown_key(self, message: Message) -> Answer:
        """Final for the vendor's clients."""
        return _invalid(
            "invalid event",
            "Event object is invalid",
            ["Invalid routing key: no integration in Tocsin has it. Copy it again from the integration's page."],
        )

    def switched_off(self, message: Message) -> Answer:
        """Final, as for an unknown key."""
        return _invalid("invalid event", "Event object is invalid", ["This integration is switched off in Tocsin."])

    def unavailable(self, retry_after: int) -> Answer:
        """Its clients repeat on 5xx."""
        content = {
            "status": "unavailable",
            "message": "This could not be stored just now. Send it again.",
            "errors": [],
        }
        return as_json(503, content, ("retry-after", str(retry_after)))


def _invalid(status: str, message: str, errors: list[str]) -> Answer:
    return as_json(400, {"status": status, "message": message, "errors": errors})


def _without_key(raw: bytes, body: dict[str, Json]) -> bytes:
    """The message with stars in place of the routing key, as long as it was."""
    key = body["routing_key"].encode()
    if b'"%s"' % key in raw:
        return raw.replace(key, b"*" * len(key))
    # The key was written with escapes (whose last digits may look like its first letter), or in UTF-16.
    return orjson.dumps({**body, "routing_key": "*" * len(body["routing_key"])}).replace(key, b"*" * len(key))


def _problems(body: dict[str, Json], *, is_change: bool) -> list[str]:
    problems = []
    key = body.get("routing_key")
    if not isinstance(key, str) or not key:
        problems.append("'routing_key' is missing or blank")
    payload = body.get("payload")
    action = "change" if is_change else body.get("event_action")
    if action not in _ACTIONS and not is_change:
        problems.append("'event_action' must be one of trigger, acknowledge, resolve")
    if action in ("trigger", "change") and not (isinstance(payload, dict) and payload.get("summary")):
        problems.append("'payload.summary' is missing or blank")
    dedup_key = body.get("dedup_key")
    if action in ("acknowledge", "resolve") and not dedup_key:
        problems.append("'dedup_key' is missing or blank")
    if dedup_key is not None and not isinstance(dedup_key, str | int):
        problems.append("'dedup_key' must be a string")
    elif len(str(dedup_key or "")) > LONGEST_DEDUP_KEY:
        problems.append(f"'dedup_key' is too long (at most {LONGEST_DEDUP_KEY} characters)")
    return problems


ENTRANCE = PagerDuty()
