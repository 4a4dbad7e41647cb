"""Datadog's webhooks integration. The body is a template of the user's, so that the usual names are read.

Format: Datadog's documentation, "Webhooks", with the template below; the default payload, which tells the transition
only in its title, is read too.
"""

import re

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import all_filled, filled, identity, nothing_to_tell, said, tagged
from alerts.parsing.source import Example, Expected, Json, ParsedAlert, Received, Source, links_of, severity_of
from incidents.models import Severity

_PREFIX = re.compile(r"^\s*\[(?P<transition>[^\]]*)\]\s*")
_MARKERS = re.compile(r"^\s*%%%\s*|\s*%%%\s*$")


def _example(transition: str, kind: str) -> dict[str, Json]:
    return {
        "alert_title": f"[{transition} on {{host:shop-3}}] Load is high",
        "text_only_msg": "Load is above 8",
        "alert_id": "77",
        "alert_cycle_key": "90210",
        "alert_transition": transition,
        "alert_type": kind,
        "alert_priority": "P2",
        "alert_scope": "host:shop-3",
        "hostname": "shop-3",
        "link": "https://app.datadoghq.eu/monitors/77",
        "tags": "monitor, team:shop",
        "date": "1772359200000",
    }


class Datadog(Source):
    slug = "datadog"
    label = "Datadog"
    group_text = "By alert cycle: from trigger to recovery, each group of a monitor for itself."
    set_up = """\
In **Integrations → Webhooks → New**:

- URL: `{base_url}/integrations/datadog/`
- Custom headers: `{"Authorization": "Bearer {key}"}`
- Payload:

```text
{
  "alert_title": "$EVENT_TITLE",
  "text_only_msg": "$TEXT_ONLY_MSG",
  "alert_id": "$ALERT_ID",
  "alert_cycle_key": "$ALERT_CYCLE_KEY",
  "aggreg_key": "$AGGREG_KEY",
  "alert_transition": "$ALERT_TRANSITION",
  "alert_type": "$ALERT_TYPE",
  "alert_priority": "$ALERT_PRIORITY",
  "alert_scope": "$ALERT_SCOPE",
  "alert_metric": "$ALERT_METRIC",
  "alert_query": "$ALERT_QUERY",
  "alert_status": "$ALERT_STATUS",
  "hostname": "$HOSTNAME",
  "link": "$LINK",
  "snapshot": "$SNAPSHOT",
  "tags": "$TAGS",
  "org_name": "$ORG_NAME",
  "date": "$DATE"
}
```

Then write `@webhook-NAME` into the message of your monitors.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert."""
        given = fields_of(received)
        fields = {name.lower(): value for name, value in given.items()}
        title = said(fields, "alert_title", "event_title", "title")
        prefix = _PREFIX.match(title)
        name = filled(title[prefix.end() :] if prefix else title)
        scope = said(fields, "alert_scope", "scope")
        monitor = said(fields, "alert_id", "monitor_id")
        key = (
            said(fields, "alert_cycle_key", "aggreg_key", "aggregation_key")
            or (identity(monitor, scope) if monitor else "")
            # `id` is the event's, another one each time; the title without its transition stays.
            or (identity(_org(fields), name) if name else "")
        )
        if not key:
            raise nothing_to_tell("Datadog")
        transition = said(fields, "alert_transition", "transition").lower()
        status = _status(transition or (prefix["transition"].lower() if prefix else ""), fields)
        at = received.moment(said(fields, "date_posix", "date", "last_updated"))
        return [
            ParsedAlert(
                dedup_key=key,
                title=title or f"Monitor {monitor or key}",
                status=status,
                severity=_severity(transition, fields),
                description=_MARKERS.sub("", said(fields, "text_only_msg", "event_msg", "body", "message")),
                labels=_labels(fields, monitor, scope),
                annotations=all_filled(
                    {"query": fields.get("alert_query"), "alert_status": fields.get("alert_status")}
                ),
                links=links_of(("Monitor", said(fields, "link", "url")), ("Image", said(fields, "snapshot"))),
                started_at=at if status is AlertStatus.FIRING else None,
                ended_at=at if status is AlertStatus.RESOLVED else None,
            )
        ]

    examples = (
        Example(
            "firing",
            _example("Triggered", "error"),
            (Expected(AlertStatus.FIRING, "[Triggered on {host:shop-3}] Load is high", Severity.ERROR, "90210"),),
        ),
        Example(
            "resolved",
            _example("Recovered", "success"),
            (Expected(AlertStatus.RESOLVED, "[Recovered on {host:shop-3}] Load is high", Severity.ERROR, "90210"),),
        ),
        Example(
            "without_values",
            {**_example("No Data", "error"), "alert_cycle_key": "$ALERT_CYCLE_KEY", "alert_priority": ""},
            (
                Expected(
                    AlertStatus.FIRING, "[No Data on {host:shop-3}] Load is high", Severity.ERROR, "77/host:shop-3"
                ),
            ),
        ),
        Example(
            "default_payload",
            {
                "title": "[Recovered] Load is high",
                "id": "1",
                "date": "1772359200000",
                "org": {"name": "Shop"},
            },
            (Expected(AlertStatus.RESOLVED, "[Recovered] Load is high", None, "Shop/Load is high"),),
        ),
        Example(
            "form",
            "alert_title=Queue&alert_id=78&alert_scope=queue%3Aorders&alert_transition=Warn&alert_type=warning",
            (Expected(AlertStatus.FIRING, "Queue", Severity.WARNING, "78/queue:orders"),),
            content_type="application/x-www-form-urlencoded",
        ),
    )


def _org(fields: dict[str, Json]) -> str:
    org = fields.get("org")
    return said(org, "name", "id") if isinstance(org, dict) else said(fields, "org_name", "org")


def _labels(fields: dict[str, Json], monitor: str, scope: str) -> dict[str, str]:
    known = all_filled(
        {
            "monitor_id": monitor,
            "host": said(fields, "hostname", "host"),
            "metric": said(fields, "alert_metric", "metric"),
            "scope": scope,
            "event_type": fields.get("event_type"),
            "org": _org(fields),
        }
    )
    return {**tagged(scope), **tagged(fields.get("tags")), **known}


def _status(transition: str, fields: dict[str, Json]) -> AlertStatus:
    """Triggered, Re-Triggered, No Data, Warn, Renotify and the like fire; Recovered, also from a warning, resolves."""
    if transition:
        return AlertStatus.RESOLVED if "recovered" in transition else AlertStatus.FIRING
    return AlertStatus.RESOLVED if said(fields, "alert_type").lower() == "success" else AlertStatus.FIRING


def _severity(transition: str, fields: dict[str, Json]) -> Severity | None:
    """The monitor's priority, which people chose; else how its state weighs."""
    chosen = severity_of(said(fields, "alert_priority", "priority"))
    if chosen is not None:
        return chosen
    if transition.endswith("warn"):
        return Severity.WARNING
    word = said(fields, "severity", "alert_type")
    return None if word.lower() == "success" else severity_of(word)


SOURCE = Datadog()
