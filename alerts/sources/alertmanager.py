"""Prometheus Alertmanager's webhook, versions 3 and 4, and a single alert as an object.

Format: Alertmanager's documentation, "webhook_config"; `template.Data` and `webhook.Message` in its source. An alert
that is not in a message says nothing: `max_alerts` cuts the list, so absence never means resolved.
"""

from alerts.models import AlertStatus
from alerts.parsing.labelsets import alerts_of, posted
from alerts.parsing.source import Example, Expected, ParsedAlert, Received, Source
from incidents.models import Severity


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
        """One alert per element of `alerts`; or, where Tocsin is taken for an Alertmanager, of the list itself."""
        if received.unpacked().lstrip()[:1] == b"[":
            return posted(received)
        return alerts_of(received, "Alertmanager")

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


SOURCE = Alertmanager()
