"""Cronitor's webhook integration.

Format: Cronitor's documentation, "Using webhooks": one monitor in one environment, `type` ALERT or RECOVERY, no time.
"""

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import key_of_content, labels_at, said, text_at
from alerts.parsing.source import Example, Expected, ParsedAlert, Received, Source, links_of, severity_of


class Cronitor(Source):
    slug = "cronitor"
    label = "Cronitor"
    group_text = "Not at all: each monitor is a group of its own in each environment."
    set_up = """\
Under **Settings → Integrations → Webhooks → Add**:

- URL: `{url}`

Then add the webhook to a notification list that your monitors use.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert."""
        fields = fields_of(received)
        monitor, text = said(fields, "monitor", "name"), said(fields, "description")
        identity = said(fields, "id") or monitor
        environment = said(fields, "environment")
        is_over = said(fields, "type").upper() == "RECOVERY"
        return [
            ParsedAlert(
                dedup_key="/".join(filter(None, (identity, environment))) if identity else key_of_content(fields),
                title=": ".join(filter(None, (monitor, text))) or text_at(fields, "monitor", "id") or "A monitor",
                status=AlertStatus.RESOLVED if is_over else AlertStatus.FIRING,
                severity=severity_of(said(fields, "severity")),
                description=text,
                labels=labels_at(
                    fields,
                    {
                        "monitor": "monitor",
                        "monitor_id": "id",
                        "environment": "environment",
                        "group": "group",
                        "rule": "rule",
                    },
                ),
                links=links_of(("Issue", fields.get("issue_url")), ("Monitor", fields.get("monitor_url"))),
            )
        ]

    examples = (
        Example(
            "firing",
            {"id": "q8WzR2", "monitor": "rotate-logs", "description": "Has not started at its time", "type": "ALERT",
             "rule": "not_on_schedule", "environment": "staging", "group": None,
             "issue_url": "https://cronitor.example.com/issues/7"},
            (Expected(AlertStatus.FIRING, "rotate-logs: Has not started at its time", None, "q8WzR2/staging"),),
        ),
        Example(
            "resolved",
            {"id": "q8WzR2", "monitor": "rotate-logs", "description": "Is well again", "type": "RECOVERY",
             "environment": "staging"},
            (Expected(AlertStatus.RESOLVED, "rotate-logs: Is well again", None, "q8WzR2/staging"),),
        ),
    )  # fmt: skip


SOURCE = Cronitor()
