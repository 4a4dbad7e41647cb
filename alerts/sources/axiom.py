"""Axiom's monitors by a custom webhook notifier. Match monitors tell of every match and never that it is over.

Format: Axiom's documentation, "Custom webhook notifier", with the body it proposes.
"""

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import all_filled, filled, identity, nothing_to_tell, object_at, said
from alerts.parsing.source import Example, Expected, Json, ParsedAlert, Received, Source, as_text, severity_of


def _example(action: str, title: str) -> dict[str, Json]:
    return {
        "action": action,
        "event": {
            "monitorID": "m0n1t0r",
            "title": title,
            "body": "12 is above 10",
            "description": "Failed sign-ins per minute",
            "queryStartTime": "2026-03-01 09:59:00.5 +0000 UTC",
            "queryEndTime": "2026-03-01 10:00:00.5 +0000 UTC",
            "timestamp": "2026-03-01 10:00:00 +0000 UTC",
            "value": 12,
            "groupKeys": ["zone"],
            "groupValues": ["north"],
        },
    }


class Axiom(Source):
    slug = "axiom"
    label = "Axiom"
    group_text = "By monitor and group: each is a group of its own."
    set_up = """\
In **Monitors → Manage notifiers → New notifier → Custom webhook**:

- Webhook URL: `{base_url}/integrations/axiom/`
- Headers: `Authorization`, `Bearer {key}`

Leave the body as it is. Threshold monitors tell when they are over; match monitors never do.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert."""
        body = fields_of(received)
        event = object_at(body, "event") or body
        key = said(event, "monitorID", "monitorId", "title")
        if not key:
            raise nothing_to_tell("Axiom")
        groups = _groups(event)
        is_over = said(body, "action").lower() in ("closed", "close", "resolved")
        at = received.moment(said(event, "timestamp", "queryEndTime"))
        return [
            ParsedAlert(
                dedup_key=identity(key, *groups.values()),
                title=said(event, "title") or f"Monitor {key}",
                status=AlertStatus.RESOLVED if is_over else AlertStatus.FIRING,
                severity=severity_of(said(event, "severity")),
                description="\n".join(filter(None, (said(event, "description"), said(event, "body")))),
                labels={**groups, **all_filled({"monitor_id": said(event, "monitorID", "monitorId")})},
                annotations={**all_filled(event.get("matchedEvent")), **all_filled({"value": event.get("value")})},
                started_at=None if is_over else at,
                ended_at=at if is_over else None,
            )
        ]

    examples = (
        Example(
            "firing",
            _example("Open", "Triggered: Failed sign-ins"),
            (Expected(AlertStatus.FIRING, "Triggered: Failed sign-ins", None, "m0n1t0r/north"),),
        ),
        Example(
            "resolved",
            _example("Closed", "Resolved: Failed sign-ins"),
            (Expected(AlertStatus.RESOLVED, "Resolved: Failed sign-ins", None, "m0n1t0r/north"),),
        ),
        Example(
            "match",
            {
                "action": "Open",
                "event": {"monitorID": "m4tch", "title": "Root login", "matchedEvent": {"host": "a"}},
            },
            (Expected(AlertStatus.FIRING, "Root login", None, "m4tch"),),
        ),
    )


def _groups(event: dict[str, Json]) -> dict[str, str]:
    """What a monitor that notifies by group says of the group."""
    names, values = event.get("groupKeys"), event.get("groupValues")
    if not (isinstance(names, list) and isinstance(values, list)):
        return {}
    return {as_text(name): text for name, value in zip(names, values, strict=False) if (text := filled(value))}


SOURCE = Axiom()
