"""What both versions of PagerDuty's Events API share: the key stands in the body, and answers have the vendor's shape.

Events are read before anybody knows whether their sender has a key at all: so only as far as that is cheap. What would
be dear to mend is looked through for its key and kept; the pipeline mends it, or tells somebody. 400 is for what the
vendor's clients must not repeat (PagerDuty's developer documentation, "Events API v2 overview": 400 do not retry, 429
and 5xx retry).
"""

import re
import uuid
from collections.abc import Mapping, Sequence
from itertools import islice

import orjson

from alerts.parsing.mend import Unreadable, read_json_at_once
from alerts.receiving.entrance import Answer, Entrance, Json, Message, Request, as_json

LONGEST_DEDUP_KEY = 255
ACTIONS = ("trigger", "acknowledge", "resolve")
DEDUP_KEY = "dedup_key"
PATH = "path"
_LARGEST_UNREAD = 512 * 1024  # as large as the vendor takes
_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")  # longer than any of ours
_ESCAPED = re.compile(rb"\\u00([2-7][0-9A-Fa-f])")
_MOST_LOOKED_AT = 100  # fields of these names in an event that is not read


class EventsApi(Entrance):
    """The common ways of both versions; each says which fields are called what."""

    key_field: str
    identity_field: str

    def takes(self, method: str, path: str) -> bool:
        """With and without the final slash."""
        return path.rstrip("/") in self.prefixes

    def opened(self, request: Request) -> dict[str, Json] | Message | Answer:
        """The event; what is kept of one that cannot be read at once; or the refusal of what is none."""
        try:
            body = read_json_at_once(request.body)
        except Unreadable:
            unread = self._unread(request)
            if unread is not None:
                return unread
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

    def _unread(self, request: Request) -> Message | None:
        """The whole of an event, for the pipeline to mend; None where it names no key, or is too large to look for one.

        Its clients do not repeat what is refused: a log line with a broken character in it would cost the alert.
        """
        if request.size > _LARGEST_UNREAD:
            return None
        found = _outermost(request.body, self.key_field, self.identity_field)
        depth, key = found.get(self.key_field, (0, ""))
        if not _KEY.fullmatch(key):
            return None
        kept = _starred(request.body, key)
        if kept is None:
            return None
        beside, identity = found.get(self.identity_field, (depth, ""))
        # Some senders resolve by what they are answered: the event's own identity, where it stands beside the key.
        is_its_own = beside == depth and 0 < len(identity) <= LONGEST_DEDUP_KEY
        return Message(
            key=key,
            source="pagerduty",
            notes={PATH: request.path.rstrip("/"), DEDUP_KEY: identity if is_its_own else uuid.uuid4().hex},
            body=kept,
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


def _encoding(body: bytes) -> str:
    """As its byte order mark says."""
    return {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(body[:2], "utf-8")


def _outermost(body: bytes, *names: str) -> dict[str, tuple[int, str]]:
    """Of each of these fields the outermost text and its depth, as far as brackets tell, in what is nearly JSON.

    One pass in C, a few milliseconds for 512 KB. What is written with escapes is passed over.
    """
    if _encoding(body) != "utf-8":
        body = body.replace(b"\x00", b"")  # names, keys and brackets are ASCII
    fields = re.compile(rb'"(%s)"\s*+:\s*+"([^"\\]++)"' % "|".join(names).encode())
    found: dict[str, tuple[int, str]] = {}
    depth = seen_until = 0
    for each in islice(fields.finditer(body), _MOST_LOOKED_AT):
        between = body[seen_until : each.start()]
        depth += between.count(b"{") + between.count(b"[") - between.count(b"}") - between.count(b"]")
        seen_until = each.start()
        name = each[1].decode()
        if name not in found or depth < found[name][0]:
            found[name] = depth, each[2].decode("utf-8", "replace").replace("\x00", "")
    return found


def _starred(body: bytes, key: str) -> bytes | None:
    """The body with stars wherever the key stands, be it written with escapes; None where it would show all the same.

    Each step is one pass, whatever the body holds: nobody knows yet who sent it.
    """
    encoding = _encoding(body)
    plain, stars = key.encode(encoding), ("*" * len(key)).encode(encoding)
    kept = body.replace(plain, stars)
    if _shows(kept, key):
        text = body if encoding == "utf-8" else body.decode(encoding, "replace").encode()
        undone = _ESCAPED.sub(_undone, text)
        kept = (undone if encoding == "utf-8" else undone.decode().encode(encoding)).replace(plain, stars)
    return None if _shows(kept, key) else kept


def _shows(body: bytes, key: str) -> bool:
    return key.encode() in _ESCAPED.sub(_undone, body.replace(b"\x00", b""))


def _undone(escape: re.Match[bytes]) -> bytes:
    character = bytes.fromhex(escape[1].decode())
    return escape[0] if character in b'"\\' else character
