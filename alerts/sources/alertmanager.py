"""Prometheus Alertmanager's webhook, versions 3 and 4, and a single alert as an object.

Format: Alertmanager's documentation, "webhook_config"; `template.Data` and `webhook.Message` in its source. An alert
that is not in a message says nothing: `max_alerts` cuts the list, so absence never means resolved.
"""

from alerts.labelsets import fingerprint, is_zero_time
from alerts.mend import Unreadable
from alerts.models import AlertStatus
from alerts.source import (
    Example,
    Expected,
    Ignored,
    Json,
    ParsedAlert,
    Received,
    Source,
    as_text,
    as_texts,
    expect_object,
    links_of,
    severity_of,
)
from incidents.models import Severity

_STATUSES = {"firing": AlertStatus.FIRING, "resolved": AlertStatus.RESOLVED}


class Alertmanager(Source):
    slug = "alertmanager"
    label = "Prometheus Alertmanager"
    group_text = "As Alertmanager groups: by its group key."
    set_up = """\
In `alertmanager.yml`:

```yaml
receivers:
  - name: tocsin
    webhook_configs:
      - url: {url}
        send_resolved: true
route:
  receiver: tocsin
  group_by: [alertname, service]
```
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert per element of `alerts`."""
        body = expect_object(received.json())
        elements = body.get("alerts")
        if elements is None and isinstance(body.get("labels"), dict):
            elements = [body]
        if not isinstance(elements, list):
            raise Unreadable("unexpected_shape", "The message has no list of alerts, which Alertmanager always sends.")
        if not elements:
            raise Ignored("no_alerts", "The message tells of no alert.")
        group = as_text(body.get("groupKey"))
        # Version 3 and hand-made messages may have severity and the like only among what all alerts share.
        common = as_texts(body.get("commonAnnotations"))
        external = body.get("externalURL")
        return [_alert(each, body, common, group, external, received) for each in elements if isinstance(each, dict)]

    examples = (
        Example(
            "firing",
            {
                "version": "4",
                "groupKey": '{}:{alertname="ReplicaLag"}',
                "truncatedAlerts": 0,
                "status": "firing",
                "receiver": "tocsin",
                "groupLabels": {"alertname": "ReplicaLag"},
                "commonLabels": {"alertname": "ReplicaLag", "severity": "critical"},
                "commonAnnotations": {"summary": "A replica is behind"},
                "externalURL": "http://alertmanager.example.com:9093",
                "alerts": [
                    {
                        "status": "firing",
                        "labels": {"alertname": "ReplicaLag", "severity": "critical", "instance": "db-2"},
                        "annotations": {"summary": "A replica is behind"},
                        "startsAt": "2026-03-01T10:00:00.123456789Z",
                        "endsAt": "0001-01-01T00:00:00Z",
                        "generatorURL": "http://prometheus.example.com:9090/graph",
                        "fingerprint": "8f5a1c2b3d4e5f60",
                    }
                ],
            },
            (Expected(AlertStatus.FIRING, "ReplicaLag", Severity.CRITICAL, "8f5a1c2b3d4e5f60"),),
        ),
        Example(
            "resolved",
            {
                "version": "4",
                "groupKey": '{}:{alertname="ReplicaLag"}',
                "status": "resolved",
                "alerts": [
                    {
                        "status": "resolved",
                        "labels": {"alertname": "ReplicaLag", "severity": "critical", "instance": "db-2"},
                        "annotations": {"summary": "A replica is behind"},
                        "startsAt": "2026-03-01T10:00:00.123456789Z",
                        "endsAt": "2026-03-01T10:20:00+00:00",
                        "fingerprint": "8f5a1c2b3d4e5f60",
                    }
                ],
            },
            (Expected(AlertStatus.RESOLVED, "ReplicaLag", Severity.CRITICAL, "8f5a1c2b3d4e5f60"),),
        ),
        Example(
            "without_fingerprint",
            {"alerts": [{"labels": {"alertname": "DiskFull", "host": "db-1"}, "annotations": {"severity": "warning"}}]},
            (Expected(AlertStatus.FIRING, "DiskFull", Severity.WARNING),),
        ),
    )


def _alert(
    element: dict[str, Json],
    body: dict[str, Json],
    common: dict[str, str],
    group: str,
    external: Json,
    received: Received,
) -> ParsedAlert:
    labels = as_texts(element.get("labels"))
    annotations = {**common, **as_texts(element.get("annotations"))}
    word = element.get("status") or (body.get("status") if "alerts" in body else None) or "firing"
    status = _STATUSES.get(as_text(word).lower(), AlertStatus.FIRING)
    dedup_key = as_text(element.get("fingerprint")) or fingerprint(labels)
    ends = element.get("endsAt")
    return ParsedAlert(
        dedup_key=dedup_key,
        title=labels.get("alertname") or annotations.get("summary") or annotations.get("title") or "Alert",
        status=status,
        severity=severity_of(labels.get("severity") or annotations.get("severity") or ""),
        description=annotations.get("description") or annotations.get("message") or annotations.get("summary") or "",
        labels=labels,
        annotations=annotations,
        links=links_of(
            ("Source", element.get("generatorURL")),
            ("Runbook", annotations.get("runbook_url") or annotations.get("runbook")),
            ("Dashboard", annotations.get("dashboard_url") or annotations.get("dashboard")),
            ("Alertmanager", external),
        ),
        started_at=received.moment(element.get("startsAt")),
        ended_at=None if status is AlertStatus.FIRING or is_zero_time(ends) else received.moment(ends),
        group=group or f"alertname={labels.get('alertname', dedup_key)}",
    )


SOURCE = Alertmanager()
