"""Coralogix by a generic outbound webhook. The body is a template of the user's; the proposed one is read.

Format: Coralogix' documentation, "Generic outbound webhooks". What an alert's kind does not fill in stays as `$NAME`.
"""

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import all_filled, filled, identity, named, nothing_to_tell, said, tagged
from alerts.parsing.source import Example, Expected, Json, ParsedAlert, Received, Source, links_of, severity_of
from incidents.models import Severity

_OVER = frozenset({"resolve", "resolved"})
_SHOWN = ("text", "queryText", "metricCriteria", "hitCount", "ratioGroupByTable", "alertUniqueIdentifier")


def _example(action: str) -> dict[str, Json]:
    return {
        "alert_id": "77c0ffee-0000-4000-8000-000000000007",
        "name": "Orders fail",
        "description": "More failed orders than usual",
        "group_by_labels": "[zone]",
        "alert_action": action,
        "alert_url": "https://shop.coralogix.example.com/#/insights?id=7",
        "service": "$SERVICE",
        "fields": [
            {"key": "team", "value": "shop"},
            {"key": "application", "value": "orders"},
            {"key": "severity", "value": "WARNING"},
            {"key": "Group-by Field1", "value": "zone"},
            {"key": "Group-by Value1", "value": "north"},
            {"key": "Group-by Field2", "value": "$GROUP_BY_FIELD_2"},
            {"key": "Group-by Value2", "value": "$GROUP_BY_VALUE_2"},
            {"key": "timestampMs", "value": 1772359200000},
        ],
    }


class Coralogix(Source):
    slug = "coralogix"
    label = "Coralogix"
    group_text = "By alert and the values it is grouped by: each is a group of its own."
    set_up = """\
In **Integrations → Outbound Webhooks → Generic Webhook → Add new**:

- URL: `{base_url}/integrations/coralogix/`
- Method: `POST`
- Edit message, headers: `{"Content-Type": "application/json", "Authorization": "Bearer {key}"}`
- Edit message, body: leave what Coralogix proposes, or no more than this:

```text
{
  "alert_id": "$ALERT_ID",
  "name": "$ALERT_NAME",
  "description": "$ALERT_DESCRIPTION",
  "alert_action": "$ALERT_ACTION",
  "alert_url": "$ALERT_URL",
  "log_url": "$LOG_URL",
  "fields": [
    {"key": "team", "value": "$TEAM_NAME"},
    {"key": "application", "value": "$APPLICATION_NAME"},
    {"key": "subsystem", "value": "$SUBSYSTEM_NAME"},
    {"key": "severity", "value": "$EVENT_SEVERITY"},
    {"key": "priority", "value": "$ALERT_PRIORITY"},
    {"key": "Group-by Field1", "value": "$GROUP_BY_FIELD_1"},
    {"key": "Group-by Value1", "value": "$GROUP_BY_VALUE_1"},
    {"key": "Group-by Field2", "value": "$GROUP_BY_FIELD_2"},
    {"key": "Group-by Value2", "value": "$GROUP_BY_VALUE_2"},
    {"key": "timestampMs", "value": "$EVENT_TIMESTAMP_MS"}
  ]
}
```

In the alerts that use it, switch *Notify when resolved* on.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert."""
        body = fields_of(received)
        fields = named(body.get("fields"))
        # `uuid` and `dedupKey` are the event's; the alert and what it is grouped by stay from trigger to resolve.
        key = said(body, "alert_id") or said(fields, "alertUniqueIdentifier") or said(body, "name")
        if not key:
            raise nothing_to_tell("Coralogix")
        grouped = {
            filled(fields.get(f"Group-by Field{number}")) or f"group_{number}": value
            for number in (1, 2)
            if (value := filled(fields.get(f"Group-by Value{number}")))
        }
        is_over = said(body, "alert_action").lower() in _OVER
        at = received.moment(said(fields, "timestampMs", "timestampISO"))
        return [
            ParsedAlert(
                dedup_key=identity(key, *grouped.values()),
                title=said(body, "name") or f"Alert {key}",
                status=AlertStatus.RESOLVED if is_over else AlertStatus.FIRING,
                severity=severity_of(said(fields, "severity")) or severity_of(said(fields, "priority")),
                description=said(body, "description") or said(fields, "text"),
                labels={
                    **tagged(fields.get("metaLabels")),
                    **grouped,
                    **all_filled(
                        {
                            "alert": body.get("name"),
                            "service": body.get("service"),
                            "team": fields.get("team"),
                            "application": fields.get("application"),
                            "subsystem": fields.get("subsystem"),
                            "host": fields.get("computer"),
                        }
                    ),
                },
                annotations=all_filled(
                    {"threshold": body.get("threshold"), **{name: fields.get(name) for name in _SHOWN}}
                ),
                links=links_of(("Alert", said(body, "alert_url")), ("Logs", said(body, "log_url"))),
                started_at=None if is_over else at,
                ended_at=at if is_over else None,
            )
        ]

    examples = (
        Example(
            "firing",
            _example("trigger"),
            (
                Expected(
                    AlertStatus.FIRING, "Orders fail", Severity.WARNING, "77c0ffee-0000-4000-8000-000000000007/north"
                ),
            ),
        ),
        Example(
            "resolved",
            _example("resolve"),
            (
                Expected(
                    AlertStatus.RESOLVED, "Orders fail", Severity.WARNING, "77c0ffee-0000-4000-8000-000000000007/north"
                ),
            ),
        ),
    )


SOURCE = Coralogix()
