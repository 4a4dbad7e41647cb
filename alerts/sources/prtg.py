"""PRTG Network Monitor, by its notification method "Execute HTTP Action".

Format: PRTG's manual, "Notification Templates Settings" and "List of Placeholders for Notifications"; what a
sensor's state is, is text (`Down (No response)`, `Down ended (now: Up)`). The message of Grafana OnCall's PowerShell
script is read too: its key holds the date, which is left out, as an outage may last past midnight.
"""

import re

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import flattened, in_query, key_of_content, labels_at, said, text_at
from alerts.parsing.source import Example, Expected, Ignored, Json, ParsedAlert, Received, Source, links_of
from incidents.models import Severity

_NOW = re.compile(r"\bnow: *([a-z ]+)")
_SENSOR_AND_DATE = re.compile(r"(\d+) \S")
_SEVERITIES = {
    "down": Severity.CRITICAL,
    "down (partial)": Severity.ERROR,
    "warning": Severity.WARNING,
    "unusual": Severity.WARNING,
}


class Prtg(Source):
    slug = "prtg"
    label = "PRTG"
    group_text = "Not at all: each sensor is a group of its own."
    set_up = """\
Under **Setup → Account Settings → Notification Templates → Add**, *Execute HTTP Action*:

- URL: `{url}`
- HTTP Method: `POST`
- Payload (one line):

```text
sensorid=%sensorid&status=%status&device=%device&sensor=%name&group=%group&probe=%probe&priority=%priority&link=%linksensor&message=%message
```

Then add to the sensors' *Notification Triggers* a state trigger for *Down* (and *Warning*, if you like), with this
template also under *When a condition clears*.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert; none for a sensor that is paused."""
        fields = flattened(fields_of(received))
        state = said(fields, "status", "laststatus") or said(fields, "state")
        status, severity = _status_and_severity(state)
        names = ("device", "sensor", "shortname", "name")
        shown = " ".join(filter(None, (said(fields, "device"), said(fields, "sensor", "shortname", "name"))))
        title = said(fields, "title")
        if not title and shown:
            title = f"{shown}: {state}" if state else shown
        return [
            ParsedAlert(
                dedup_key=_identity(fields, shown),
                title=title or text_at(fields, "title", *names) or "A sensor",
                status=status,
                severity=severity,
                description=said(fields, "message", "down"),
                labels=labels_at(
                    fields,
                    {
                        "device": "device",
                        "host": "host",
                        "sensor": "sensor",
                        "group": "group",
                        "probe": "probe",
                        "priority": "priority",
                        "tags": "tags",
                    },
                ),
                annotations=labels_at(fields, {"status": "status", "since": "since", "value": "lastvalue"}),
                links=links_of(
                    ("Sensor", fields.get("link") or fields.get("linksensor") or fields.get("linktoupstreamdetails")),
                    ("Image", fields.get("imageurl")),
                ),
            )
        ]

    examples = (
        Example(
            "firing",
            "sensorid=7314&status=Down++%28Timeout%29&device=edge-2&sensor=SNMP+Traffic&group=Routers"
            "&link=https%3A%2F%2Fprtg.example.net%2Fsensor.htm%3Fid%3D7314&message=No+answer+within+30+s",
            (Expected(AlertStatus.FIRING, "edge-2 SNMP Traffic: Down  (Timeout)", Severity.CRITICAL, "7314"),),
            content_type="application/x-www-form-urlencoded",
        ),
        Example(
            "acknowledged",
            {"sensorid": 7314, "status": "Down (Acknowledged)", "device": "edge-2", "sensor": "SNMP Traffic"},
            (Expected(AlertStatus.ACKNOWLEDGED, "edge-2 SNMP Traffic: Down (Acknowledged)", Severity.CRITICAL,
                      "7314"),),
        ),
        Example(
            "resolved",
            "sensorid=7314&status=Down+ended+%28now%3A+Up%29&device=edge-2&sensor=SNMP+Traffic&message=OK",
            (Expected(AlertStatus.RESOLVED, "edge-2 SNMP Traffic: Down ended (now: Up)", None, "7314"),),
            content_type="application/x-www-form-urlencoded",
        ),
        Example(
            "by_script",
            {"alert_uid": "7314 3/1/2026", "title": "edge-2 SNMP Traffic Up at 3/1/2026 1:02:03 AM", "state": "ok"},
            (Expected(AlertStatus.RESOLVED, "edge-2 SNMP Traffic Up at 3/1/2026 1:02:03 AM", None, "7314"),),
        ),
    )  # fmt: skip


def _status_and_severity(text: str) -> tuple[AlertStatus, Severity | None]:
    said_state = text.lower()
    now = _NOW.search(said_state)
    state = (now[1] if now else said_state.partition("(")[0]).strip()
    if state in ("up", "ok") or (state.endswith(" ended") and not now):
        return AlertStatus.RESOLVED, None
    if state.startswith(("paused", "pausiert")):
        raise Ignored("paused", "The sensor is paused, which tells nothing of what it watches.")
    if "(partial)" in said_state and not now:
        return AlertStatus.FIRING, Severity.ERROR
    status = AlertStatus.ACKNOWLEDGED if "acknowledged" in said_state else AlertStatus.FIRING
    return status, _SEVERITIES.get(state)


def _identity(fields: dict[str, Json], shown: str) -> str:
    link = said(fields, "linktoupstreamdetails", "link", "linksensor")
    key = said(fields, "alertuid")
    dated = _SENSOR_AND_DATE.match(key)
    sensor = said(fields, "sensorid") or in_query(link, "id")
    return sensor or (dated[1] if dated else key) or shown or key_of_content(fields)


SOURCE = Prtg()
