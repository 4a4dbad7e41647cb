"""OpenSearch Alerting, through a custom webhook channel.

Format: OpenSearch's documentation, "Alerting: Actions" with its default message, which is text, and the context its
templates see. Per-bucket monitors can name each alert; that one is over is told only by an action made for it.
"""

import re
from datetime import timedelta

from alerts.models import AlertStatus
from alerts.parsing.bodies import body_of
from alerts.parsing.fields import identity, labels_at, text_at
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import (
    Example,
    Expected,
    Json,
    ParsedAlert,
    Received,
    Source,
    as_texts,
    links_of,
    severity_of,
)
from incidents.models import Severity

_LEVELS = {"1": "critical", "2": "error", "3": "warning", "4": "info", "5": "info"}
_STATES = {
    "completed": AlertStatus.RESOLVED,
    "resolved": AlertStatus.RESOLVED,
    "ok": AlertStatus.RESOLVED,
    "acknowledged": AlertStatus.ACKNOWLEDGED,
}
_MONITOR = re.compile(r"^\s*Monitor (.+?) just entered alert status", re.MULTILINE)
_LINE = re.compile(r"^\s*-\s*(Trigger|Severity|Period start|Period end):\s*(.*?)\s*$", re.MULTILINE)


class OpenSearch(Source):
    slug = "opensearch"
    label = "OpenSearch Alerting"
    group_text = "By monitor and trigger: all the buckets of one trigger are a group."
    sends_resolved = False
    resolves_after = timedelta(hours=1)
    set_up = """\
In OpenSearch Dashboards under **Notifications → Channels → Create channel**: type *Custom webhook*, method `POST`,
webhook URL `{url}`. Then give the monitor's trigger an action with this channel and the message:

```text
{
  "monitor": {"id": "{{ctx.monitor._id}}", "name": "{{ctx.monitor.name}}"},
  "trigger": {"id": "{{ctx.trigger.id}}", "name": "{{ctx.trigger.name}}", "severity": "{{ctx.trigger.severity}}"},
  "period_start": "{{ctx.periodStart}}",
  "period_end": "{{ctx.periodEnd}}",
  "labels": {"service": "shop"}
}
```

For a per-bucket monitor add `"bucket": "{{ctx.newAlerts.0.bucket_keys}}"` and run the action per alert; a second
action for *Completed* alerts with `"bucket": "{{ctx.completedAlerts.0.bucket_keys}}"` and `"status": "completed"`
resolves them. OpenSearch's default message is understood too.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert, the trigger's."""
        body = body_of(received, is_often_text=True)
        if isinstance(body, str) and body.strip():
            return [_of_text(body, received)]
        if isinstance(body, dict):
            body = body["ctx"] if isinstance(body.get("ctx"), dict) else body
            if text_at(body, "monitor.name", "monitor.id", "trigger.name", "trigger.id", "title", "monitor_name"):
                return [_alert(body, text_at(body, "message", "description"), received)]
        raise Unreadable("unexpected_shape", "The message names no monitor. Take the message from the set-up text.")

    examples = (
        Example(
            "firing",
            {
                "monitor": {"id": "mon-12", "name": "Orders"},
                "trigger": {"id": "tri-3", "name": "No orders", "severity": "1"},
                "period_start": "2026-03-01T05:00:00Z",
                "period_end": "2026-03-01T05:10:00Z",
            },
            (Expected(AlertStatus.FIRING, "Orders: No orders", Severity.CRITICAL, "mon-12/tri-3"),),
        ),
        Example(
            "bucket_over",
            {
                "monitor": {"id": "mon-13", "name": "Shards"},
                "trigger": {"id": "tri-9", "name": "Slow", "severity": "3"},
                "bucket": "node-2",
                "status": "completed",
            },
            (Expected(AlertStatus.RESOLVED, "Shards: Slow / node-2", Severity.WARNING, "mon-13/tri-9/node-2"),),
        ),
        Example(
            "default_message",
            "Monitor Orders just entered alert status. Please investigate the issue.\n"
            "  - Trigger: No orders\n  - Severity: 2\n  - Period start: 2026-03-01T05:00:00Z\n",
            (Expected(AlertStatus.FIRING, "Orders: No orders", Severity.ERROR, "Orders/No orders"),),
            content_type="text/plain",
        ),
    )


def _of_text(text: str, received: Received) -> ParsedAlert:
    monitor = _MONITOR.search(text)
    lines: dict[str, str] = dict(_LINE.findall(text))
    if monitor is None and "Trigger" not in lines:
        title, _, rest = text.strip().partition("\n")
        return ParsedAlert(dedup_key=title, title=title.strip(), description=rest.strip())
    body = {
        "monitor": {"name": monitor[1] if monitor else ""},
        "trigger": {"name": lines.get("Trigger", ""), "severity": lines.get("Severity", "")},
        "period_end": lines.get("Period end") or lines.get("Period start", ""),
    }
    return _alert(body, text.strip(), received)


def _alert(body: dict[str, Json], description: str, received: Received) -> ParsedAlert:
    monitor = text_at(body, "monitor.name", "monitor_name")
    trigger = text_at(body, "trigger.name", "trigger_name", "title")
    bucket = text_at(body, "bucket", "alert.bucket_keys", "bucket_keys")
    whole = identity(text_at(body, "monitor.id", "monitor._id") or monitor, text_at(body, "trigger.id") or trigger)
    level = text_at(body, "severity", "trigger.severity")
    status = _STATES.get(text_at(body, "status", "state", "alert.state").lower(), AlertStatus.FIRING)
    name = ": ".join(filter(None, (monitor, trigger))) or whole or "Monitor"
    at = received.moment(text_at(body, "period_end", "periodEnd", "period_start", "periodStart") or None)
    return ParsedAlert(
        dedup_key=identity(whole, bucket) or f"{name}\n{description}",
        title=f"{name} / {bucket}" if bucket else name,
        status=status,
        severity=severity_of(_LEVELS.get(level, level)),
        description=description,
        labels={
            **labels_at(body, {"monitor": "monitor.name", "trigger": "trigger.name", "bucket": "bucket"}),
            **as_texts(body.get("labels")),
        },
        annotations=labels_at(body, {"error": "error", "period_start": ("period_start", "periodStart")}),
        links=links_of(("Source", text_at(body, "url", "link"))),
        started_at=at if status is AlertStatus.FIRING else None,
        ended_at=at if status is AlertStatus.RESOLVED else None,
        group=whole,
    )


SOURCE = OpenSearch()
