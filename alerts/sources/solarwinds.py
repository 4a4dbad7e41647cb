"""The SolarWinds Platform, once Orion, by the alert action that posts to a web server.

Format: SolarWinds' documentation, "Send a GET or POST request" and "General alert variables", with the bodies below:
what triggers and what resets an alert are two actions.
"""

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import all_filled, identity, nothing_to_tell, said
from alerts.parsing.source import Example, Expected, Json, ParsedAlert, Received, Source, links_of, severity_of
from incidents.models import Severity

_OVER = frozenset({"resolved", "reset", "cleared", "ok", "up"})
_SEVERITIES = {"serious": Severity.ERROR}
_YES = frozenset({"yes", "true", "1", "acknowledged"})


def _example(status: str, **more: str) -> dict[str, Json]:
    return {
        "status": status,
        "alert_object_id": "1207",
        "alert_name": "Node is down",
        "message": "rack-9 does not answer",
        "severity": "Serious",
        "object_type": "Node",
        "node": "rack-9",
        "address": "192.0.2.9",
        "url": "https://orion.example.com/Orion/AlertDetails/1207",
        "triggered_at": "2026-03-01T10:00:00Z",
        "acknowledged": "No",
        **more,
    }


_BODY = """\
{
  "status": "%s",
  "alert_object_id": "${N=Alerting;M=AlertObjectID}",
  "alert_name": "${N=Alerting;M=AlertName}",
  "message": "${N=Alerting;M=AlertMessage}",
  "description": "${N=Alerting;M=AlertDescription}",
  "severity": "${N=Alerting;M=Severity}",
  "object_type": "${N=Alerting;M=ObjectType}",
  "object": "${N=SwisEntity;M=Caption}",
  "node": "${N=SwisEntity;M=Node.Caption}",
  "address": "${N=SwisEntity;M=IP_Address}",
  "url": "${N=Alerting;M=AlertDetailsURL}",
  "acknowledged": "${N=Alerting;M=Acknowledged}"
}"""


class SolarWinds(Source):
    slug = "solarwinds"
    label = "SolarWinds Platform"
    group_text = "By alert and object, as SolarWinds numbers them: each is a group of its own."
    set_up = f"""\
In **Alerts & Activity → Alerts → Manage Alerts**, edit the alert. Under *Trigger Actions* add **Send a GET or POST
Request to a Web Server**:

- URL: `{{url}}`
- Use HTTP(S) POST, content type `application/json`
- Body to post:

```text
{_BODY % "firing"}
```

Under *Reset Actions* add the same once more, with a body that differs in its first line alone:

```text
  "status": "resolved",
```

Without it nothing will ever resolve. Keep quotation marks out of the alert's name and message: SolarWinds puts them
into the body as they are.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert. What a macro has no value for, because the alert is of another kind of object, is left out."""
        body = {name.lower(): value for name, value in fields_of(received).items()}
        name = said(body, "alert_name", "alertname", "name", "title")
        thing = said(body, "object", "node", "node_name", "address")
        key = said(body, "alert_object_id", "alertobjectid") or identity(said(body, "alert_id", "alertid"), name, thing)
        if not key:
            raise nothing_to_tell("SolarWinds")
        status = _status(body)
        at = received.moment(said(body, "triggered_at", "timestamp", "time"))
        word = said(body, "severity")
        return [
            ParsedAlert(
                dedup_key=key,
                title=said(body, "message") or " on ".join(filter(None, (name, thing))) or f"Alert {key}",
                status=status,
                severity=_SEVERITIES.get(word.lower()) or severity_of(word),
                description=said(body, "description", "details"),
                labels=all_filled(
                    {
                        "alert": name,
                        "object": body.get("object"),
                        "object_type": body.get("object_type"),
                        "node": said(body, "node", "node_name"),
                        "address": said(body, "address", "ip_address"),
                    }
                ),
                annotations=all_filled({"acknowledged_by": body.get("acknowledged_by"), "notes": body.get("notes")}),
                links=links_of(("Alert", said(body, "url", "alert_url"))),
                started_at=at if status is AlertStatus.FIRING else None,
                ended_at=at if status is AlertStatus.RESOLVED else None,
            )
        ]

    examples = (
        Example(
            "firing",
            _example("firing"),
            (Expected(AlertStatus.FIRING, "rack-9 does not answer", Severity.ERROR, "1207"),),
        ),
        Example(
            "resolved",
            _example("resolved"),
            (Expected(AlertStatus.RESOLVED, "rack-9 does not answer", Severity.ERROR, "1207"),),
        ),
        Example(
            "acknowledged",
            _example("firing", acknowledged="Yes"),
            (Expected(AlertStatus.ACKNOWLEDGED, "rack-9 does not answer", Severity.ERROR, "1207"),),
        ),
        Example(
            "without_values",
            _example("firing", alert_object_id="${N=Alerting;M=AlertObjectID}", message="${N=Alerting;M=AlertMessage}"),
            (Expected(AlertStatus.FIRING, "Node is down on rack-9", Severity.ERROR, "Node is down/rack-9"),),
        ),
    )


def _status(body: dict[str, Json]) -> AlertStatus:
    if said(body, "status", "state").lower() in _OVER:
        return AlertStatus.RESOLVED
    return AlertStatus.ACKNOWLEDGED if said(body, "acknowledged").lower() in _YES else AlertStatus.FIRING


SOURCE = SolarWinds()
