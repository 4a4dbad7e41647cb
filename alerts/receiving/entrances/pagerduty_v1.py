"""PagerDuty's Events API v1, for older senders that only change the host name: `/generic/2010-04-15/create_event.json`.

The key (`service_key`) and the identity (`incident_key`) stand in the body. Success is 200 here, not 202.
"""

import uuid

from alerts.receiving.entrance import Answer, DropIn, Json, Message, Request, as_json
from alerts.receiving.events_api import ACTIONS, DEDUP_KEY, EventsApi, dedup_key_problem, refused

CREATE = "/generic/2010-04-15/create_event.json"


class PagerDutyV1(EventsApi):
    slug = "pagerduty_v1"
    prefixes = (CREATE,)
    key_field = "service_key"
    identity_field = "incident_key"
    replaces = "PagerDuty"
    calls = (DropIn("POST", CREATE, "Events API v1: trigger, acknowledge, resolve"),)

    def read(self, request: Request) -> Message | Answer:
        """The service key; and an incident key of our own where a trigger comes without."""
        event = self.opened(request)
        if isinstance(event, Message | Answer):
            return event
        problems = _problems(event)
        if problems:
            return refused(problems)
        return self.message(request, event, str(event.get("incident_key") or uuid.uuid4().hex))

    def accepted(self, message: Message, event_id: int) -> Answer:
        """As the vendor answers; its clients read `incident_key`."""
        content = {"status": "success", "message": "Event processed", "event_id": event_id}
        return as_json(200, {**content, "incident_key": message.notes[DEDUP_KEY]})


def _problems(event: dict[str, Json]) -> list[str]:
    problems = []
    key = event.get("service_key")
    if not isinstance(key, str) or not key:
        problems.append("'service_key' is missing or blank")
    action = event.get("event_type")
    if action not in ACTIONS:
        problems.append("'event_type' must be one of trigger, acknowledge, resolve")
    if action == "trigger" and not event.get("description"):
        problems.append("'description' is missing or blank")
    is_needed = action in ("acknowledge", "resolve")
    return problems + dedup_key_problem(event.get("incident_key"), "incident_key", is_needed=is_needed)


ENTRANCE = PagerDutyV1()
