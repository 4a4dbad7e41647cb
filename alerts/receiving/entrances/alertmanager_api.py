"""`POST /alertmanager/<key>/api/v2/alerts`: Prometheus, amtool and Grafana take Tocsin for an Alertmanager.

What they read and what they silence is answered by `alerts.alertmanager.api`. As Alertmanager does it, a call with some
alerts that are not valid is answered 400 and the others are taken; the whole is kept. So is a list that has to be
mended first: the pipeline does it, or tells somebody.
"""

from collections.abc import Sequence

import orjson

from alerts.parsing.mend import Unreadable, read_json_at_once
from alerts.receiving.entrance import Answer, Entrance, Json, Message, Request, as_json

_PROBLEM = "problem"
_LONGEST_PROBLEM = 400
_LARGEST_CHECKED = 512 * 1024


class AlertmanagerApi(Entrance):
    slug = "alertmanager_api"
    prefixes = ("/alertmanager/",)

    def takes(self, method: str, path: str) -> bool:
        """What is sent to `alerts`; everything else is answered by Django."""
        parts = [part for part in path.split("/") if part]
        return method == "POST" and len(parts) == 5 and parts[2:] == ["api", "v2", "alerts"]

    def read(self, request: Request) -> Message | Answer:
        """The key of the path. Refuses what is no list of alerts, as nothing in it could be kept."""
        key = [part for part in request.path.split("/") if part][1]
        try:
            # A large one is kept unread: others wait at this door meanwhile, and the pipeline says what is wrong.
            body = orjson.loads(request.body) if len(request.body) <= _LARGEST_CHECKED else []
        except ValueError:
            try:
                body = read_json_at_once(request.body)
            except Unreadable as trouble:
                if not _begins_a_list(request.body):
                    return _refused(400, str(trouble))
                body = []
        if not isinstance(body, list):
            return _refused(400, "parsing alerts body failed: a list of alerts is expected")
        problem = _problem(body)
        return Message(key=key, source="alertmanager", notes={_PROBLEM: problem} if problem else {})

    def accepted(self, message: Message, event_id: int) -> Answer:
        """As Alertmanager: nothing, or what was wrong with some."""
        problem = message.notes.get(_PROBLEM, "")
        return _refused(400, problem) if problem else Answer(200)

    def unknown_key(self, message: Message) -> Answer:
        """No integration has this key."""
        return _refused(403, "no integration in Tocsin has this key")

    def switched_off(self, message: Message) -> Answer:
        """The integration takes nothing at the moment."""
        return _refused(403, "this integration is switched off in Tocsin")


def _begins_a_list(body: bytes) -> bool:
    return body.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"[")


def _problem(alerts: Sequence[Json]) -> str:
    bad = [str(number) for number, each in enumerate(alerts, start=1) if not _is_valid(each)]
    return f"invalid alerts, which need labels with values: {', '.join(bad)}"[:_LONGEST_PROBLEM] if bad else ""


def _is_valid(alert: Json) -> bool:
    labels = alert.get("labels") if isinstance(alert, dict) else None
    return isinstance(labels, dict) and any(isinstance(each, str) and each for each in labels.values())


def _refused(status: int, message: str) -> Answer:
    """The API's errors are plain texts in JSON."""
    return as_json(status, message)


ENTRANCE = AlertmanagerApi()
