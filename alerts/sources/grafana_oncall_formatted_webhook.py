"""Grafana OnCall's formatted webhook, for senders that only change the host name.

Format: Grafana OnCall's documentation, "Formatted webhook integration". No field is required; the state `ok`, in
capitals or not, is the end, and any other state trouble.
"""

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import filled, text_at
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import (
    Example,
    Expected,
    Json,
    ParsedAlert,
    Received,
    Source,
    as_text,
    as_texts,
    links_of,
    severity_of,
)
from incidents.models import Severity

_TOLD = frozenset(
    {"alert_uid", "title", "image_url", "state", "link_to_upstream_details", "message", "severity", "labels"}
)
_LONGEST_LABEL = 200


class FormattedWebhook(Source):
    slug = "grafana_oncall_formatted_webhook"
    label = "Grafana OnCall formatted webhook"
    group_text = "By alert_uid: each is a group of its own."
    set_up = """\
Replace the address of the OnCall integration by `{url}`; or, where only the host name can be changed, by
`{base_url}/integrations/v1/formatted_webhook/{key}/`. The body stays as it is:

```sh
curl -X POST {url} -H 'Content-Type: application/json' -d '{
  "alert_uid": "db-1/disk", "title": "Disk almost full on db-1", "state": "alerting", "message": "97 %",
  "link_to_upstream_details": "https://wiki.example.com/disk", "severity": "critical"
}'
```

The same with `"state": "ok"` resolves it.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert."""
        body = fields_of(received)
        number, title, message = (text_at(body, name).strip() for name in ("alert_uid", "title", "message"))
        name = title or message.partition("\n")[0] or number
        if not name:
            raise Unreadable("no_content", "The message has neither “alert_uid” nor “title” nor “message”.")
        is_over = text_at(body, "state").strip().upper() == "OK"
        return [
            ParsedAlert(
                dedup_key=filled(number) or name,
                title=name,
                status=AlertStatus.RESOLVED if is_over else AlertStatus.FIRING,
                severity=severity_of(body.get("severity")),
                description=message,
                labels={**_labels(body), **as_texts(body.get("labels"))},
                links=links_of(
                    ("Source", body.get("link_to_upstream_details")),
                    ("Image", body.get("image_url")),
                ),
            )
        ]

    examples = (
        Example(
            "firing",
            {
                "alert_uid": "a-2291",
                "title": "The oven is too hot",
                "state": "Alerting",
                "message": "271 degrees\nsince ten minutes",
                "link_to_upstream_details": "https://bakery.example.com/ovens/3",
                "severity": "warning",
                "line": "rolls",
            },
            (Expected(AlertStatus.FIRING, "The oven is too hot", Severity.WARNING, "a-2291"),),
        ),
        Example(
            "resolved",
            {"alert_uid": "a-2291", "title": "The oven is too hot", "state": "OK"},
            (Expected(AlertStatus.RESOLVED, "The oven is too hot", None, "a-2291"),),
        ),
        Example(
            "only_a_message",
            {"message": "No flour left\nOrder some"},
            (Expected(AlertStatus.FIRING, "No flour left", None, "No flour left"),),
        ),
    )


def _labels(body: dict[str, Json]) -> dict[str, str]:
    """The short fields beside those that are foreseen."""
    return {
        name: as_text(each)
        for name, each in body.items()
        if name not in _TOLD and isinstance(each, str | int | float) and 0 < len(as_text(each)) <= _LONGEST_LABEL
    }


SOURCE = FormattedWebhook()
