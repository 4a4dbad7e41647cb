"""PagerDuty's own webhooks, versions 1 to 3, for those who keep PagerDuty in front for a while.

Format: PagerDuty's developer documentation, "Webhooks": a list of messages in versions 1 and 2, one event in version 3.
An incident there is an alert here; that it was escalated, assigned or annotated is no news of how it stands.
"""

from collections.abc import Iterator

from alerts.models import AlertStatus
from alerts.parsing.fields import labels_at, object_at, objects_at, said, text_at
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import (
    Example,
    Expected,
    Ignored,
    Json,
    ParsedAlert,
    Received,
    Source,
    expect_object,
    links_of,
    severity_of,
)
from incidents.models import Severity

_STATUSES = {
    "trigger": AlertStatus.FIRING,
    "triggered": AlertStatus.FIRING,
    "unacknowledge": AlertStatus.FIRING,
    "unacknowledged": AlertStatus.FIRING,
    "reopened": AlertStatus.FIRING,
    "acknowledge": AlertStatus.ACKNOWLEDGED,
    "acknowledged": AlertStatus.ACKNOWLEDGED,
    "resolve": AlertStatus.RESOLVED,
    "resolved": AlertStatus.RESOLVED,
}


class PagerDutyWebhook(Source):
    slug = "pagerduty_webhook_v1"
    label = "PagerDuty webhooks"
    authentication = None
    group_text = "By PagerDuty's incident: each is a group of its own."
    set_up = """\
In PagerDuty under **Integrations → Generic Webhooks (v3) → New Webhook**:

- Webhook URL: `{url}`
- Scope: the services that shall page here too
- Events: *incident.triggered*, *incident.acknowledged*, *incident.unacknowledged*, *incident.reopened*,
  *incident.resolved*

Webhooks of versions 1 and 2 that exist already are understood too.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert per message that tells how an incident stands."""
        body = expect_object(received.json())
        told = list(_told(body))
        if not told:
            raise Unreadable("unexpected_shape", "The message has no incidents, as PagerDuty's webhooks have.")
        found = [_alert(*each, received) for each in told if each[0] in _STATUSES]
        if not found:
            raise Ignored("other_event", f"“incident.{told[0][0]}” is no news of how an incident stands.")
        return found

    examples = (
        Example(
            "firing",
            {
                "messages": [
                    {
                        "id": "m-1",
                        "created_on": "2026-03-01T19:00:00Z",
                        "type": "incident.trigger",
                        "data": {
                            "incident": {
                                "id": "PINC01",
                                "incident_number": 812,
                                "incident_key": "lift/7",
                                "html_url": "https://acme.example.com/incidents/PINC01",
                                "service": {"id": "PSRV", "name": "Lifts"},
                                "trigger_summary_data": {"subject": "Lift 7 is stuck"},
                            }
                        },
                    }
                ]
            },
            (Expected(AlertStatus.FIRING, "Lift 7 is stuck", None, "lift/7"),),
        ),
        Example(
            "resolved",
            {
                "messages": [
                    {
                        "id": "m-2",
                        "type": "incident.resolve",
                        "created_on": "2026-03-01T19:30:00Z",
                        "data": {
                            "incident": {
                                "id": "PINC01",
                                "incident_key": "lift/7",
                                "trigger_summary_data": {"subject": "Lift 7 is stuck"},
                            }
                        },
                    }
                ]
            },
            (Expected(AlertStatus.RESOLVED, "Lift 7 is stuck", None, "lift/7"),),
        ),
        Example(
            "version_3",
            {
                "event": {
                    "id": "e-1",
                    "event_type": "incident.acknowledged",
                    "resource_type": "incident",
                    "occurred_at": "2026-03-01T19:05:00.000Z",
                    "data": {
                        "id": "PINC02",
                        "type": "incident",
                        "number": 813,
                        "title": "Lift 8 is slow",
                        "priority": {"summary": "P2"},
                        "service": {"summary": "Lifts"},
                    },
                }
            },
            (Expected(AlertStatus.ACKNOWLEDGED, "Lift 8 is slow", Severity.ERROR, "PINC02"),),
        ),
    )


def _told(body: dict[str, Json]) -> Iterator[tuple[str, str, dict[str, Json], Json]]:
    """Kind, time and incident of each message, of whichever version; and the message, where there may be several."""
    for message in objects_at(body, "messages"):
        incident = object_at(message, "data.incident") or object_at(message, "incident")
        if said(incident, "id", "incident_key"):
            kind = text_at(message, "type", "event").removeprefix("incident.")
            yield kind, text_at(message, "created_on"), incident, message
    event = object_at(body, "event")
    incident = object_at(event, "data")
    if said(incident, "id"):
        kind = text_at(event, "event_type")
        # What happens to notes and responders comes with another kind of data.
        is_incident = text_at(incident, "type") in ("incident", "")
        yield kind.removeprefix("incident.") if is_incident else kind, text_at(event, "occurred_at"), incident, None


def _alert(kind: str, at: str, incident: dict[str, Json], message: Json, received: Received) -> ParsedAlert:
    status = _STATUSES[kind]
    number = said(incident, "incident_key", "id")
    title = text_at(
        incident,
        "title",
        "trigger_summary_data.subject",
        "trigger_summary_data.description",
        "description",
        "incident_key",
    )
    moment = received.moment(at or None)
    return ParsedAlert(
        dedup_key=number,
        title=title or f"Incident {text_at(incident, 'incident_number', 'number') or number}",
        status=status,
        severity=severity_of(text_at(incident, "priority.summary", "priority.name")),
        labels=labels_at(
            incident,
            {
                "service": ("service.name", "service.summary"),
                "urgency": "urgency",
                "escalation_policy": ("escalation_policy.name", "escalation_policy.summary"),
            },
        ),
        annotations=labels_at(
            incident, {"incident_key": "incident_key", "incident_number": ("incident_number", "number")}
        ),
        links=links_of(("PagerDuty", incident.get("html_url"))),
        started_at=moment if status is AlertStatus.FIRING else None,
        ended_at=moment if status is AlertStatus.RESOLVED else None,
        element=message,
    )


SOURCE = PagerDutyWebhook()
