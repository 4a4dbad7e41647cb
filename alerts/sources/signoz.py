"""SigNoz, which sends what Alertmanager sends, with links of its own in labels and annotations.

Format: SigNoz' documentation, "Configure webhook channel".
"""

from alerts.models import AlertStatus
from alerts.parsing.labelsets import alerts_of
from alerts.parsing.source import Example, Expected, Json, ParsedAlert, Received, Source, links_of
from incidents.models import Severity


def _example(status: str, ends: str) -> dict[str, Json]:
    labels = {"alertname": "Many errors", "severity": "error", "service_name": "shop", "ruleId": "42"}
    return {
        "receiver": "tocsin",
        "status": status,
        "version": "4",
        "groupKey": '{__receiver__="tocsin"}:{ruleId="42"}',
        "alerts": [
            {
                "status": status,
                "labels": {**labels, "ruleSource": "https://signoz.example.com/alerts/edit?ruleId=42"},
                "annotations": {
                    "summary": "More than 1 % of calls fail",
                    "related_logs": "https://signoz.example.com/logs",
                },
                "startsAt": "2026-03-01T11:00:00.5+02:00",
                "endsAt": ends,
                "generatorURL": "",
                "fingerprint": "51b07a5c0ffee123",
            }
        ],
    }


class SigNoz(Source):
    slug = "signoz"
    label = "SigNoz"
    group_text = "As SigNoz groups: by its group key."
    set_up = """\
In **Settings → Alert Channels → New Alert Channel**:

- Type: `Webhook`
- Webhook URL: `{base_url}/integrations/signoz/`
- User name: leave it empty
- Password: `{key}` (with an empty user name SigNoz sends it as a bearer token)
- *Send resolved alerts*: on
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert per element of `alerts`."""
        alerts = alerts_of(received, "SigNoz")
        for alert in alerts:
            alert.links += links_of(
                ("Rule", alert.labels.get("ruleSource")),
                ("Logs", alert.annotations.get("related_logs")),
                ("Traces", alert.annotations.get("related_traces")),
            )
        return alerts

    examples = (
        Example(
            "firing",
            _example("firing", "0001-01-01T00:00:00Z"),
            (Expected(AlertStatus.FIRING, "Many errors", Severity.ERROR, "51b07a5c0ffee123"),),
        ),
        Example(
            "resolved",
            _example("resolved", "2026-03-01T11:20:00.5+02:00"),
            (Expected(AlertStatus.RESOLVED, "Many errors", Severity.ERROR, "51b07a5c0ffee123"),),
        ),
    )


SOURCE = SigNoz()
