"""PagerDuty's Events API v2, for senders that only change the host name: `/v2/enqueue` and `/v2/change/enqueue`.

The key and the identity stand in the body, so it is parsed before it is committed. What the vendor would refuse but a
person should hear of (an unknown severity, no source, a body that has to be mended) is taken.
"""

import uuid

from alerts.receiving.entrance import Answer, DropIn, Json, Message, Request, as_json
from alerts.receiving.events_api import ACTIONS, DEDUP_KEY, PATH, EventsApi, dedup_key_problem, refused

ENQUEUE = "/v2/enqueue"
CHANGE = "/v2/change/enqueue"


class PagerDuty(EventsApi):
    slug = "pagerduty"
    prefixes = (ENQUEUE, CHANGE)
    key_field = "routing_key"
    identity_field = "dedup_key"
    replaces = "PagerDuty"
    calls = (
        DropIn("POST", ENQUEUE, "Events API v2: trigger, acknowledge, resolve"),
        DropIn("POST", CHANGE, "Change events, kept and shown beside incidents"),
    )

    def read(self, request: Request) -> Message | Answer:
        """The routing key; and a dedup key of our own where a trigger comes without."""
        event = self.opened(request)
        if isinstance(event, Message | Answer):
            return event
        problems = _problems(event, is_change=request.path.rstrip("/") == CHANGE)
        if problems:
            return refused(problems)
        return self.message(request, event, str(event.get("dedup_key") or uuid.uuid4().hex))

    def accepted(self, message: Message, event_id: int) -> Answer:
        """As the vendor answers; its clients read `dedup_key`."""
        answer = {"status": "success", "message": "Event processed", "event_id": event_id}
        if message.notes[PATH] == CHANGE:
            return as_json(202, {**answer, "message": "Change event processed"})
        return as_json(202, {**answer, "dedup_key": message.notes[DEDUP_KEY]})


def _problems(event: dict[str, Json], *, is_change: bool) -> list[str]:
    problems = []
    key = event.get("routing_key")
    if not isinstance(key, str) or not key:
        problems.append("'routing_key' is missing or blank")
    payload = event.get("payload")
    action = "change" if is_change else event.get("event_action")
    if action not in ACTIONS and not is_change:
        problems.append("'event_action' must be one of trigger, acknowledge, resolve")
    if action in ("trigger", "change") and not (isinstance(payload, dict) and payload.get("summary")):
        problems.append("'payload.summary' is missing or blank")
    is_needed = action in ("acknowledge", "resolve")
    return problems + dedup_key_problem(event.get("dedup_key"), "dedup_key", is_needed=is_needed)


ENTRANCE = PagerDuty()
