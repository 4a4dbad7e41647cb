"""GoAlert's integration keys, for senders that only change the host name: `/api/v2/<kind>/incoming?token=<key>`.

Fields stand in the query or in a body of JSON or a form, of which the body counts first; so may the key, which is not
kept with the message. What is sent to `generic` is GoAlert's own format; to the others their senders send as ever.
"""

import re
from urllib.parse import parse_qsl, urlencode

import orjson

from alerts.parsing.mend import Unreadable, clean_text, read_json_at_once
from alerts.receiving.entrance import Answer, DropIn, Entrance, Json, Message, Request, as_json

KINDS = ("generic", "grafana", "site24x7", "prometheusalertmanager")
_PATH = re.compile(r"/api/v2/(\w+)/incoming/?")
_TOKEN = "token"  # noqa: S105  its name, not one
_WANTS_JSON = "wants_json"
_CLOSES = "closes"


class GoAlert(Entrance):
    slug = "goalert"
    prefixes = tuple(f"/api/v2/{kind}/incoming" for kind in KINDS)
    replaces = "GoAlert"
    calls = tuple(
        DropIn("POST", f"/api/v2/{kind}/incoming?token=<key>", what)
        for kind, what in (
            ("generic", "summary, details, action, dedup; as a query, a form or JSON"),
            ("grafana", "Grafana's own webhook"),
            ("site24x7", "Site24x7's own webhook"),
            ("prometheusalertmanager", "Alertmanager's own webhook"),
        )
    )

    def takes(self, method: str, path: str) -> bool:
        """These kinds, with and without the final slash."""
        found = _PATH.fullmatch(path)
        return found is not None and found[1] in KINDS

    def read(self, request: Request) -> Message | Answer:
        """The key, of body, query or header."""
        found = _PATH.fullmatch(request.path)
        is_generic = found is not None and found[1] == "generic"
        query = dict(_pairs(request.query))
        fields, body = _without_token(request) if is_generic else ({}, None)
        key = str(fields.get(_TOKEN) or query.pop(_TOKEN, "") or _bearer(request))
        query.pop(_TOKEN, None)
        if not key:
            return Answer(401, b"unauthorized: send the integration's key as the parameter token\n", "text/plain")
        notes = {}
        if "application/json" in request.header(b"accept"):
            notes[_WANTS_JSON] = "1"
        if (fields.get("action") or query.get("action")) == "close":
            notes[_CLOSES] = "1"
        return Message(key, source="goalert" if is_generic else "", body=body, query=urlencode(query), notes=notes)

    def accepted(self, message: Message, event_id: int) -> Answer:
        """Nothing; or where JSON is asked for, the message's number: which alert it becomes is seen later."""
        if _WANTS_JSON not in message.notes:
            return Answer(204)
        return as_json(200, {"AlertID": event_id, "ServiceID": "", "IsNew": _CLOSES not in message.notes})

    def unknown_key(self, message: Message) -> Answer:
        """As GoAlert answers."""
        return Answer(401, b"unauthorized: no integration in Tocsin has this key\n", "text/plain")

    def switched_off(self, message: Message) -> Answer:
        """As for an unknown key."""
        return Answer(401, b"unauthorized: this integration is switched off in Tocsin\n", "text/plain")


def _without_token(request: Request) -> tuple[dict[str, Json], bytes | None]:
    """The fields of the body, and the body to be kept where it holds a key; what cannot be read is kept as it is."""
    kind = request.header(b"content-type").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        form = dict(_pairs(request.body.decode("utf-8", "replace")))
        kept = urlencode({name: value for name, value in form.items() if name != _TOKEN}).encode()
        return dict(form), kept if _TOKEN in form else None
    try:
        body = read_json_at_once(request.body) if request.body.strip() else {}
    except Unreadable:
        return {}, None
    if not isinstance(body, dict):
        return {}, None
    kept = orjson.dumps({name: value for name, value in body.items() if name != _TOKEN})
    return body, kept if _TOKEN in body else None


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        found = parse_qsl(text, keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        return []
    return [(clean_text(name)[0], clean_text(value)[0]) for name, value in found]


def _bearer(request: Request) -> str:
    scheme, _, key = request.header(b"authorization").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


ENTRANCE = GoAlert()
