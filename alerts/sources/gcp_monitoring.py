"""Google Cloud Monitoring by a webhook channel, or by Pub/Sub that pushes.

Format: Google Cloud's documentation, "Notification channels: schema structure", versions 1.1 and 1.2.
"""

import base64
import binascii

from alerts.models import AlertStatus
from alerts.parsing.fields import all_filled, nothing_to_tell, object_at, said
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import (
    Example,
    Expected,
    Json,
    ParsedAlert,
    Received,
    Source,
    as_text,
    expect_object,
    links_of,
    severity_of,
)
from incidents.models import Severity

_INCIDENT: dict[str, Json] = {
    "incident_id": "0.n1ghtw4tch",
    "scoping_project_id": "shop-live",
    "url": "https://console.cloud.google.com/monitoring/alerting/incidents/0.n1ghtw4tch",
    "started_at": 1772359200,
    "ended_at": None,
    "state": "open",
    "severity": "Error",
    "policy_name": "Shop answers",
    "condition_name": "Latency",
    "resource": {"type": "cloud_run_revision", "labels": {"service_name": "shop", "location": "europe-west1"}},
    "metric": {"type": "run.googleapis.com/request_latencies", "labels": {"response_code_class": "2xx"}},
    "summary": "Latency is above 2 s.",
    "documentation": {"content": "Look at the *database* first.", "mime_type": "text/markdown"},
}
_CLOSED = {**_INCIDENT, "state": "closed", "ended_at": 1772361000}


class GcpMonitoring(Source):
    slug = "gcp_monitoring"
    label = "Google Cloud Monitoring"
    group_text = "By incident, as Google Cloud numbers them: each is a group of its own."
    set_up = """\
In **Monitoring → Alerting → Edit notification channels → Webhooks → Add new**:

- Endpoint URL: `{url}`
- Display name: `Tocsin`

Name the channel in your alerting policies, with *Notify on incident closure* on. By Pub/Sub: create a subscription of
the channel's topic with delivery type *Push* and the same address as its endpoint.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert."""
        body = expect_object(received.json())
        body = _unwrapped(body, received)
        incident = object_at(body, "incident")
        if not incident:
            raise Unreadable("unexpected_shape", "The body has no incident, which Google Cloud always sends.")
        return [_alert(incident, received)]

    examples = (
        Example(
            "firing",
            {"version": "1.2", "incident": _INCIDENT},
            (Expected(AlertStatus.FIRING, "Latency / Shop answers", Severity.ERROR, "0.n1ghtw4tch"),),
        ),
        Example(
            "resolved",
            {"version": "1.2", "incident": _CLOSED},
            (Expected(AlertStatus.RESOLVED, "Latency / Shop answers", Severity.ERROR, "0.n1ghtw4tch"),),
        ),
        Example(
            "pushed_by_pubsub",
            {
                "message": {
                    "data": base64.b64encode(b'{"incident": {"incident_id": "0.push", "summary": "Pushed"}}').decode(),
                    "messageId": "1",
                },
                "subscription": "projects/shop-live/subscriptions/tocsin",
            },
            (Expected(AlertStatus.FIRING, "Pushed", None, "0.push"),),
        ),
    )


def _unwrapped(body: dict[str, Json], received: Received) -> dict[str, Json]:
    packed = object_at(body, "message").get("data")
    if not isinstance(packed, str) or "incident" in body:
        return body
    try:
        content = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable("unexpected_shape", "The message of Pub/Sub holds data that are not base64.") from None
    return expect_object(Received(content, received.now).json())


def _alert(incident: dict[str, Json], received: Received) -> ParsedAlert:
    key = said(incident, "incident_id", "url")
    if not key:
        raise nothing_to_tell("Google Cloud Monitoring")
    status = AlertStatus.RESOLVED if said(incident, "state").lower() == "closed" else AlertStatus.FIRING
    condition, policy = said(incident, "condition_name"), said(incident, "policy_name")
    documentation = object_at(incident, "documentation")
    resource, metric = object_at(incident, "resource"), object_at(incident, "metric")
    return ParsedAlert(
        dedup_key=key,
        title=" / ".join(filter(None, (condition, policy))) or said(incident, "summary") or "Incident",
        status=status,
        severity=severity_of(said(incident, "severity")),
        description="\n\n".join(filter(None, (said(incident, "summary"), said(documentation, "content")))),
        labels={
            **all_filled(metric.get("labels")),
            **all_filled(resource.get("labels")),
            **all_filled(incident.get("policy_user_labels")),
            **all_filled(
                {
                    "policy": policy,
                    "condition": condition,
                    "project": incident.get("scoping_project_id"),
                    "resource": said(incident, "resource_display_name", "resource_name"),
                    "resource_type": resource.get("type"),
                    "metric": metric.get("type"),
                }
            ),
        },
        annotations=all_filled(
            {
                "subject": documentation.get("subject"),
                "observed_value": incident.get("observed_value"),
                "threshold_value": incident.get("threshold_value"),
            }
        ),
        links=links_of(("Incident", as_text(incident.get("url")))),
        started_at=received.moment(incident.get("started_at")),
        ended_at=received.moment(incident.get("ended_at")) if status is AlertStatus.RESOLVED else None,
    )


SOURCE = GcpMonitoring()
