"""UptimeRobot's webhook integration.

Format: UptimeRobot's documentation, "Web-Hook alert contacts": a JSON body, a form or a query of one's own making, with
variables between asterisks. Alert types are 1 (down), 2 (up), 3 (certificate), 4 (domain) and 99 (paused or started).
"""

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import flattened, key_of_content, labels_at, said, text_at
from alerts.parsing.source import Example, Expected, Ignored, ParsedAlert, Received, Source, links_of
from incidents.models import Severity

_WORDS = {"down": "1", "up": "2", "started": "99", "paused": "99"}
_ENDINGS = {"3": "certificate", "4": "domain"}  # what ends there, which the monitor's going up does not mend


class UptimeRobot(Source):
    slug = "uptimerobot"
    label = "UptimeRobot"
    group_text = "Not at all: each monitor is a group of its own."
    set_up = """\
Under **Integrations & API → Webhook → Add**:

- URL to notify: `{url}`
- POST value, with *Send as JSON (application/json)* on:

```text
{"monitor_id": "*monitorID*", "monitor_friendly_name": "*monitorFriendlyName*", "monitor_url": "*monitorURL*",
 "alert_type": "*alertType*", "alert_type_friendly_name": "*alertTypeFriendlyName*",
 "alert_details": "*alertDetails*", "alert_duration": "*alertDuration*", "alert_datetime": "*alertDateTime*",
 "ssl_expiry_days_left": "*sslExpiryDaysLeft*"}
```

Choose up events too, so that alerts resolve.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert; none for a monitor that is paused or started."""
        fields = flattened(fields_of(received))
        word = said(fields, "alerttypefriendlyname")
        kind = said(fields, "alerttype") or _WORDS.get(word.lower(), "")
        if kind == "99":
            raise Ignored("paused_or_started", "The monitor was paused or started.")
        name = said(fields, "monitorfriendlyname", "friendlyname") or said(fields, "monitorurl")
        identity = said(fields, "monitorid") or said(fields, "monitorurl") or name or key_of_content(fields)
        status = AlertStatus.RESOLVED if kind == "2" else AlertStatus.FIRING
        shown = name or text_at(fields, "monitorfriendlyname", "friendlyname") or "A monitor"
        at = received.moment(said(fields, "alertdatetime"))
        return [
            ParsedAlert(
                dedup_key=f"{identity}/{_ENDINGS[kind]}" if kind in _ENDINGS else identity,
                title=f"{shown}: {word}" if word else shown,
                status=status,
                severity=Severity.WARNING if kind in _ENDINGS else None,
                description=said(fields, "alertdetails"),
                labels=labels_at(
                    fields,
                    {
                        "monitor": "monitorfriendlyname",
                        "monitor_id": "monitorid",
                        "url": "monitorurl",
                        "tags": "monitortags",
                    },
                ),
                annotations=labels_at(
                    fields,
                    {
                        "duration": "alertfriendlyduration",
                        "duration_seconds": "alertduration",
                        "days_left": "sslexpirydaysleft",
                    },
                ),
                links=links_of(("Monitored page", fields.get("monitorurl"))),
                started_at=at if status is AlertStatus.FIRING else None,
                ended_at=at if status is AlertStatus.RESOLVED else None,
            )
        ]

    examples = (
        Example(
            "firing",
            {"monitor_id": "790001", "monitor_friendly_name": "Shop", "monitor_url": "https://shop.example.net/",
             "alert_type": "1", "alert_type_friendly_name": "Down", "alert_details": "Connection Timeout",
             "alert_duration": "*alertDuration*", "alert_datetime": "1772359200"},
            (Expected(AlertStatus.FIRING, "Shop: Down", None, "790001"),),
        ),
        Example(
            "resolved",
            "monitorID=790001&monitorFriendlyName=Shop&alertType=2&alertTypeFriendlyName=Up&alertDuration=312",
            (Expected(AlertStatus.RESOLVED, "Shop: Up", None, "790001"),),
            content_type="application/x-www-form-urlencoded",
        ),
        Example(
            "certificate",
            {"monitor_id": 790001, "monitor_friendly_name": "Shop", "alert_type": 3, "ssl_expiry_days_left": "7"},
            (Expected(AlertStatus.FIRING, "Shop", Severity.WARNING, "790001/certificate"),),
        ),
    )  # fmt: skip


SOURCE = UptimeRobot()
