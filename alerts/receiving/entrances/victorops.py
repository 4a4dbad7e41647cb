"""VictorOps' (Splunk On-Call's) REST endpoint: `/integrations/generic/20131114/alert/<key>/<routing key>`.

Its senders only change the host name. The last part of the path says whom it is for; it travels with the message and
becomes the label `routing_key`. The answer names the entity, so the body is parsed before it is committed.
"""

import uuid

from alerts.parsing.mend import Unreadable, clean_text, read_json_at_once
from alerts.receiving.entrance import Answer, DropIn, Entrance, Json, Message, Request, as_json

BEGIN = "/integrations/generic/20131114/alert/"
ROUTING_KEY = "routing_key"
DEDUP_KEY = "dedup_key"
_LONGEST = 512  # characters of either key


class VictorOps(Entrance):
    slug = "victorops"
    prefixes = (BEGIN,)
    replaces = "VictorOps (Splunk On-Call)"
    calls = (DropIn("POST", f"{BEGIN}<key>/<routing key>", "CRITICAL, WARNING, ACKNOWLEDGEMENT, RECOVERY"),)

    def takes(self, method: str, path: str) -> bool:
        """With a key, with and without a routing key."""
        return 1 <= len(_parts(path)) <= 2

    def read(self, request: Request) -> Message | Answer:
        """The key; and an entity of our own where the message names none."""
        key, *routing_key = _parts(request.path)
        notes = {DEDUP_KEY: _entity(request) or uuid.uuid4().hex}
        if routing_key:
            notes[ROUTING_KEY] = clean_text(routing_key[0])[0][:_LONGEST]
        return Message(key=key, source="victorops", notes=notes)

    def accepted(self, message: Message, event_id: int) -> Answer:
        """As the vendor answers."""
        return as_json(200, {"result": "success", "entity_id": message.notes[DEDUP_KEY], "event_id": event_id})

    def unknown_key(self, message: Message) -> Answer:
        """In the vendor's shape."""
        return _failure(403, "No integration in Tocsin has this key. Copy the whole address again from its page.")

    def switched_off(self, message: Message) -> Answer:
        """As for an unknown key."""
        return _failure(403, "This integration is switched off in Tocsin.")

    def unavailable(self, retry_after: int) -> Answer:
        """Not committed: it shall come again."""
        return _failure(503, "This could not be stored just now. Send it again.", ("retry-after", str(retry_after)))


def _failure(status: int, message: str, *headers: tuple[str, str]) -> Answer:
    return as_json(status, {"result": "failure", "message": message}, *headers)


def _parts(path: str) -> list[str]:
    return [part for part in path.removeprefix(BEGIN).split("/") if part]


def _entity(request: Request) -> str:
    """The entity a message names. What cannot be read at once is kept all the same: somebody shall hear of it."""
    try:
        body: Json = read_json_at_once(request.body)
    except Unreadable:
        return ""
    entity = body.get("entity_id") if isinstance(body, dict) else None
    return str(entity)[:_LONGEST] if isinstance(entity, str | int) else ""


ENTRANCE = VictorOps()
