"""VictorOps (Splunk On-Call), its REST endpoint, whose senders only change the host name.

Format: Splunk's documentation, "REST Endpoint Integration Guide". The entrance has taken the routing key from the path
and made an entity where a message names none; both travel in notes. Fields `vo_annotate...` are links and remarks.
"""

import orjson

from alerts.models import AlertStatus
from alerts.parsing.fields import text_at
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import (
    Example,
    Expected,
    Ignored,
    Json,
    ParsedAlert,
    Received,
    Source,
    as_text,
    expect_object,
    links_of,
)
from incidents.models import Severity

_TYPES = {
    "CRITICAL": (AlertStatus.FIRING, Severity.CRITICAL),
    "WARNING": (AlertStatus.FIRING, Severity.WARNING),
    "ACKNOWLEDGEMENT": (AlertStatus.ACKNOWLEDGED, None),
    "ACKNOWLEDGMENT": (AlertStatus.ACKNOWLEDGED, None),
    "ACK": (AlertStatus.ACKNOWLEDGED, None),
    "RECOVERY": (AlertStatus.RESOLVED, None),
    "OK": (AlertStatus.RESOLVED, None),
}
_TOLD = frozenset(
    {"message_type", "entity_id", "entity_display_name", "state_message", "state_start_time", "timestamp"}
)
_NOTE = "vo_annotate."
_LONGEST_LABEL = 200


class VictorOps(Source):
    slug = "victorops"
    label = "VictorOps / Splunk On-Call"
    authentication = None
    group_text = "By entity: each is a group of its own."
    set_up = """\
Point the sender's REST endpoint here. The last part of the address is the routing key, as before; it becomes the label
`routing_key`, by which the integration's routes can choose the service:

- `{base_url}/integrations/generic/20131114/alert/{key}/<routing key>`

```sh
curl -X POST {base_url}/integrations/generic/20131114/alert/{key}/database -H 'Content-Type: application/json' -d '{
  "message_type": "CRITICAL", "entity_id": "db-1/disk", "entity_display_name": "Disk almost full on db-1",
  "state_message": "97 %"
}'
```

The same with `"message_type": "RECOVERY"` resolves it.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert; none for an INFO message, which only tells a story."""
        body = expect_object(received.json())
        word = text_at(body, "message_type").strip().upper()
        if word == "INFO":
            raise Ignored("informative", "A message of the type INFO pages nobody.")
        if word not in _TYPES:
            raise Unreadable(
                "unexpected_shape", "“message_type” must be CRITICAL, WARNING, ACKNOWLEDGEMENT or RECOVERY."
            )
        status, severity = _TYPES[word]
        name = text_at(body, "entity_display_name")
        entity = text_at(body, "entity_id") or received.headers.get(":dedup_key") or name
        if not entity:
            raise Unreadable("no_identity", "The message names no entity: give it an “entity_id”.")
        at = received.moment(body.get("state_start_time") or body.get("timestamp"))
        return [
            ParsedAlert(
                dedup_key=entity,
                title=name or text_at(body, "entity_id") or text_at(body, "state_message").partition("\n")[0],
                status=status,
                severity=severity,
                description=text_at(body, "state_message"),
                labels=_labels(body, received.headers.get(":routing_key", "")),
                annotations={
                    key.removeprefix(_NOTE): as_text(each)
                    for key, each in body.items()
                    if key.startswith((_NOTE + "s.", _NOTE + "i."))
                },
                links=links_of(
                    *(
                        (key.removeprefix(_NOTE + "u."), each)
                        for key, each in body.items()
                        if key.startswith(_NOTE + "u.")
                    )
                ),
                started_at=at if status is AlertStatus.FIRING else None,
                ended_at=at if status is AlertStatus.RESOLVED else None,
            )
        ]

    def request_for(self, example: Example, key: str) -> tuple[str, bytes]:
        """To the vendor's own path, with a routing key."""
        routing_key = text_at(example.body, "routing_key") or "default"
        return f"/integrations/generic/20131114/alert/{key}/{routing_key}", orjson.dumps(example.body)

    examples = (
        Example(
            "firing",
            {
                "message_type": "critical",
                "entity_id": "queue/orders",
                "entity_display_name": "Orders pile up",
                "state_message": "12 000 wait",
                "state_start_time": 1772355600,
                "monitoring_tool": "night check",
                "host_name": "mq-1",
                "vo_annotate.u.Runbook": "https://wiki.example.com/orders",
            },
            (Expected(AlertStatus.FIRING, "Orders pile up", Severity.CRITICAL, "queue/orders"),),
        ),
        Example(
            "acknowledged",
            {"message_type": "ACKNOWLEDGEMENT", "entity_id": "queue/orders"},
            (Expected(AlertStatus.ACKNOWLEDGED, "queue/orders", None, "queue/orders"),),
        ),
        Example(
            "resolved",
            {"message_type": "RECOVERY", "entity_id": "queue/orders", "state_start_time": "1772356500"},
            (Expected(AlertStatus.RESOLVED, "queue/orders", None, "queue/orders"),),
        ),
        Example(
            "without_entity",
            {"message_type": "WARNING", "state_message": "Certificate ends soon\nin 6 days"},
            (Expected(AlertStatus.FIRING, "Certificate ends soon", Severity.WARNING),),
        ),
    )


def _notes(body: dict[str, Json], *kinds: str) -> list[tuple[str, Json]]:
    starts = tuple(_NOTE + kind for kind in kinds)
    return [(name[len(starts[0]) :], each) for name, each in body.items() if name.startswith(starts)]


def _labels(body: dict[str, Json], routing_key: str) -> dict[str, str]:
    """The short fields that have no meaning of their own. The routing key of the path counts, not one of the body."""
    labels = {
        name: as_text(each)
        for name, each in body.items()
        if name not in _TOLD
        and not name.startswith(_NOTE)
        and isinstance(each, str | int | float)
        and 0 < len(as_text(each)) <= _LONGEST_LABEL
    }
    return {**labels, "routing_key": routing_key} if routing_key else labels


SOURCE = VictorOps()
