"""Opsgenie's Alert API v2, for clients that only change the host name: what they send to `/v2/alerts...`.

The key stands in `Authorization: GenieKey <key>`. Alerts and actions go the same way, through the inbox and in order,
so that an action finds the alert that was created a moment before. What they read is answered by
`alerts.opsgenie.api`. A create that cannot be read is kept all the same: somebody shall hear of it.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs

from alerts.parsing import opsgenie
from alerts.parsing.asked import NOTE, Action
from alerts.parsing.mend import Unreadable, clean_text, read_json_at_once
from alerts.receiving.entrance import Answer, DropIn, Entrance, Json, Message, Request, as_json

ALERTS = "/v2/alerts"
ALIAS, CLOSES, IDENTIFIER, NAMED_BY = "dedup_key", "closes", "identifier", "identifier_type"
_NAMES = ("id", "alias", "tiny")
_LONGEST_ALIAS = 512
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS = (("x-ratelimit-state", "OK"),)


def _is_text(name: str) -> Callable[[dict[str, Json], str], str]:
    def problem(body: dict[str, Json], query: str) -> str:
        given = body.get(name)
        return "" if isinstance(given, str) and given.strip() else f"[{name}] can not be empty."

    return problem


def _is_priority(body: dict[str, Json], query: str) -> str:
    is_known = body.get("priority") in opsgenie.PRIORITIES
    return "" if is_known else f"[priority] must be one of {', '.join(opsgenie.PRIORITIES)}."


def _names_somebody(name: str) -> Callable[[dict[str, Json], str], str]:
    def problem(body: dict[str, Json], query: str) -> str:
        given = body.get(name)
        has_name = isinstance(given, dict) and any(isinstance(each, str) and each.strip() for each in given.values())
        return "" if has_name else f"[{name}] must name somebody."

    return problem


def _is_list(body: dict[str, Json], query: str) -> str:
    given = body.get("tags")
    is_fine = isinstance(given, list) and any(isinstance(each, str) and each.strip() for each in given)
    return "" if is_fine else "[tags] can not be empty."


def _is_map(body: dict[str, Json], query: str) -> str:
    return "" if isinstance(body.get("details"), dict) and body["details"] else "[details] can not be empty."


def _in_query(name: str) -> Callable[[dict[str, Json], str], str]:
    def problem(body: dict[str, Json], query: str) -> str:
        return "" if any(parse_qs(query).get(name, [])) else f"[{name}] can not be empty."

    return problem


def _anything(body: dict[str, Json], query: str) -> str:
    return ""


@dataclass(frozen=True)
class Call:
    """A call that changes an alert: its last word in the path, and what is wrong with what it brings."""

    method: str
    word: str
    action: Action
    problem: Callable[[dict[str, Json], str], str]
    vendors_name: str  # of the action, in the status of a request
    done: str  # what that status says


CALLS = (
    Call("POST", "acknowledge", Action.ACKNOWLEDGE, _anything, "Acknowledge", "Acknowledged alert"),
    Call("POST", "unacknowledge", Action.UNACKNOWLEDGE, _anything, "UnAcknowledge", "Unacknowledged alert"),
    Call("POST", "close", Action.CLOSE, _anything, "Close", "Closed alert"),
    Call("POST", "snooze", Action.SNOOZE, _is_text("endTime"), "Snooze", "Snoozed alert"),
    Call("POST", "notes", Action.NOTE, _is_text("note"), "AddNote", "Added note to alert"),
    Call("POST", "assign", Action.ASSIGN, _names_somebody("owner"), "AssignOwnership", "Assigned alert"),
    Call("POST", "escalate", Action.ESCALATE, _anything, "EscalateToNext", "Escalated alert"),
    Call("POST", "tags", Action.ADD_TAGS, _is_list, "AddTags", "Added tags to alert"),
    Call("DELETE", "tags", Action.REMOVE_TAGS, _in_query("tags"), "RemoveTags", "Removed tags from alert"),
    Call("POST", "details", Action.ADD_DETAILS, _is_map, "AddDetails", "Added details to alert"),
    Call("DELETE", "details", Action.REMOVE_DETAILS, _in_query("keys"), "RemoveDetails", "Removed details from alert"),
    Call("PUT", "priority", Action.PRIORITY, _is_priority, "UpdatePriority", "Updated priority of alert"),
    Call("PUT", "message", Action.MESSAGE, _is_text("message"), "UpdateMessage", "Updated message of alert"),
    Call("PUT", "description", Action.DESCRIPTION, _is_text("description"), "UpdateDescription", "Updated description"),
)
_BY_WORD = {(call.method, call.word): call for call in CALLS}
# Known to Opsgenie's clients and not done here: to take them would be to say that they were.
_NOT_DONE = {"responders", "teams", "attachments", "actions", "saved-searches"}


_WHAT = {
    Action.ACKNOWLEDGE: "Acknowledges the alert's incident",
    Action.UNACKNOWLEDGE: "Pages again from the first step",
    Action.CLOSE: "Resolves the alert; its incident is resolved when none of its alerts fires",
    Action.SNOOZE: "Snoozes the incident until `endTime`, 30 days at most",
    Action.NOTE: "Adds a note to the incident's timeline",
    Action.ASSIGN: "Pages this person, found by username or e-mail address, instead",
    Action.ESCALATE: "Takes the next step now; with the name of another policy, follows that one",
    Action.ADD_TAGS: "Adds to the label `tags`",
    Action.REMOVE_TAGS: "Takes from the label `tags`",
    Action.ADD_DETAILS: "Adds labels",
    Action.REMOVE_DETAILS: "Takes labels away",
    Action.PRIORITY: "Changes the severity; one that rises escalates anew",
    Action.MESSAGE: "Changes the title, of the incident, too, where it is the same",
    Action.DESCRIPTION: "Changes the description",
}
_READ = (
    DropIn("GET", ALERTS, "The integration's alerts, by `query`, `sort`, `order`, `offset` and `limit`"),
    DropIn("GET", f"{ALERTS}/count", "How many a query finds"),
    DropIn("GET", f"{ALERTS}/<identifier>", "One alert; by its alias while it is open"),
    DropIn("GET", f"{ALERTS}/<identifier>/notes", "Notes in its incident's timeline"),
    DropIn("GET", f"{ALERTS}/<identifier>/logs", "The whole timeline of its incident"),
    DropIn("GET", f"{ALERTS}/requests/<id>", "What became of a request"),
)


class OpsGenie(Entrance):
    slug = "opsgenie"
    prefixes = (ALERTS,)
    methods = frozenset({"POST", "PUT", "DELETE", "PATCH"})
    replaces = "Opsgenie"
    calls = (
        DropIn("POST", ALERTS, "Creates an alert, or counts it with the open one of the same alias"),
        *(DropIn(call.method, f"{ALERTS}/<identifier>/{call.word}", _WHAT[call.action]) for call in CALLS),
        DropIn("DELETE", f"{ALERTS}/<identifier>", "Closes the alert; nothing is deleted"),
        *_READ,
    )

    def takes(self, method: str, path: str) -> bool:
        """Whatever changes something; what is read is Django's."""
        return method not in _READS and (path == ALERTS or path.startswith(f"{ALERTS}/"))

    def read(self, request: Request) -> Message | Answer:
        """The key, and the action that the path names."""
        scheme, _, key = request.header(b"authorization").partition(" ")
        if scheme.lower() != "geniekey" or not key.strip():
            return failed(401, "Send the integration's key as “Authorization: GenieKey <key>”.")
        rest = request.path.removeprefix(ALERTS).removeprefix("/").removesuffix("/")
        if not rest:
            return self._creation(request, key.strip())
        return self._action(request, key.strip(), rest.split("/"))

    def accepted(self, message: Message, event_id: int) -> Answer:
        """As the vendor answers: what becomes of it is asked for by the request's id."""
        number = opsgenie.request_id(event_id)
        content = {"result": "Request will be processed", "took": 0.001, "requestId": number}
        return as_json(202, content, ("x-request-id", number), ("x-response-time", "0.001"), *_HEADERS)

    def unknown_key(self, message: Message) -> Answer:
        """Final for the vendor's clients."""
        return failed(401, "No integration in Tocsin has this key. Copy it again from the integration's page.")

    def switched_off(self, message: Message) -> Answer:
        """Final, too."""
        return failed(403, "This integration is switched off in Tocsin.")

    def unavailable(self, retry_after: int) -> Answer:
        """Its clients repeat on 5xx."""
        return failed(503, "This could not be stored just now. Send it again.", ("retry-after", str(retry_after)))

    def _creation(self, request: Request, key: str) -> Message | Answer:
        if request.method != "POST":
            return failed(405, "Alerts are created with POST.")
        body = _object(request)
        if body is not None and not any(_says(body, name) for name in ("message", "alias", "description")):
            return failed(422, "[message] can not be empty.")
        return Message(key, source=self.slug, notes={ALIAS: _alias(body) or str(uuid.uuid4())})

    def _action(self, request: Request, key: str, parts: list[str]) -> Message | Answer:
        call, name = _call(request.method, parts)
        if call is None:
            if _NOT_DONE & set(parts):
                return failed(422, "Tocsin does not take this call: see “Leave Opsgenie” in its documentation.")
            return failed(404, "Tocsin knows no such call of the Alert API.")
        kind = parse_qs(request.query).get("identifierType", ["id"])[0].lower()
        if kind not in _NAMES:
            return failed(422, f"[identifierType] must be one of {', '.join(_NAMES)}.")
        body = _object(request)
        problem = call.problem(body or {}, request.query)
        if problem:
            return failed(400 if body is None else 422, problem)
        if call.action is Action.CLOSE and kind == "alias" and not any(_says(body or {}, each) for each in _SLOW):
            # What a sender does that sees its alert end: together with others of its kind, many at a time.
            return Message(key, source=self.slug, notes={CLOSES: name, ALIAS: name})
        return Message(key, source=self.slug, notes={NOTE: call.action, IDENTIFIER: name, NAMED_BY: kind})


_SLOW = ("user", "note")  # what is said in somebody's name is a step of its own


def failed(status: int, message: str, *headers: tuple[str, str]) -> Answer:
    """A refusal in the vendor's shape."""
    number = str(uuid.uuid4())
    content = {"message": message, "took": 0.001, "requestId": number}
    return as_json(status, content, ("x-request-id", number), ("x-response-time", "0.001"), *_HEADERS, *headers)


def _call(method: str, parts: list[str]) -> tuple[Call | None, str]:
    """The call, and how the alert is named: aliases may hold slashes."""
    if method == "DELETE" and (parts[-1] not in ("tags", "details") or len(parts) == 1):
        # Nothing is deleted here: what was alerted stays in the record. It is closed.
        return (None if _NOT_DONE & set(parts) else _BY_WORD["POST", "close"]), _name(parts)
    if len(parts) < 2:
        return None, ""
    return _BY_WORD.get((method, parts[-1])), _name(parts[:-1])


def _name(parts: list[str]) -> str:
    return clean_text("/".join(parts))[0][:_LONGEST_ALIAS]


def _object(request: Request) -> dict[str, Json] | None:
    """What was sent, empty where nothing was; None where it is no object, or cannot be read at once."""
    if not request.body.strip():
        return {}
    try:
        body = read_json_at_once(request.body)
    except Unreadable:
        return None
    return body if isinstance(body, dict) else None


def _says(body: dict[str, Json], name: str) -> bool:
    return isinstance(body.get(name), str) and bool(body[name].strip())


def _alias(body: dict[str, Json] | None) -> str:
    alias = (body or {}).get("alias")
    return clean_text(str(alias))[0][:_LONGEST_ALIAS] if isinstance(alias, str | int) and alias else ""


ENTRANCE = OpsGenie()
