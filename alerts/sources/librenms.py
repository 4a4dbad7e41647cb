"""LibreNMS, by an alert transport of the kind API.

Format: LibreNMS' documentation, "Alerting: Transports" (API) and "Templates", whose variables the body below names.
The state is 0 (well), 1 (alert), 2 (acknowledged), 3 (worse), 4 (better) or 5 (changed), as text.
"""

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import flattened, key_of_content, labels_at, said, text_at
from alerts.parsing.source import Example, Expected, ParsedAlert, Received, Source, severity_of
from incidents.models import Severity

_STATUSES = {"0": AlertStatus.RESOLVED, "2": AlertStatus.ACKNOWLEDGED}


class LibreNms(Source):
    slug = "librenms"
    label = "LibreNMS"
    group_text = "Not at all: each rule is a group of its own on each device."
    set_up = """\
Under **Alerts → Alert Transports → Create alert transport**, type `API`:

- API Method: `POST`
- API URL: `{base_url}/integrations/librenms/`
- Headers:

```text
Content-Type=application/json
Authorization=Bearer {key}
```

- Body:

```text
{"title": "{{ $title }}", "state": "{{ $state }}", "severity": "{{ $severity }}",
 "hostname": "{{ $hostname }}", "sysName": "{{ $sysName }}", "ip": "{{ $ip }}", "os": "{{ $os }}",
 "device_id": "{{ $device_id }}", "rule_id": "{{ $rule_id }}", "name": "{{ $name }}",
 "timestamp": "{{ $timestamp }}", "elapsed": "{{ $elapsed }}"}
```

`msg` may be added where its template holds no quotation marks, which would break the JSON. In the alert rule turn
*Recovery alerts* and *Acknowledgement alerts* on.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert."""
        fields = flattened(fields_of(received))
        device = said(fields, "deviceid") or said(fields, "hostname", "sysname")
        rule = said(fields, "ruleid") or said(fields, "name")
        title = said(fields, "title", "name")
        return [
            ParsedAlert(
                dedup_key=f"{device}/{rule}" if device and rule else title or key_of_content(fields),
                title=title or text_at(fields, "title", "name", "hostname") or "A device",
                status=_STATUSES.get(said(fields, "state"), AlertStatus.FIRING),
                severity=severity_of(said(fields, "severity")),
                description=said(fields, "msg"),
                labels=labels_at(
                    fields,
                    {
                        "host": "hostname",
                        "sysname": "sysname",
                        "ip": "ip",
                        "os": "os",
                        "type": "type",
                        "location": "location",
                        "hardware": "hardware",
                        "device_id": "deviceid",
                        "rule": "name",
                    },
                ),
                annotations=labels_at(
                    fields,
                    {
                        "local_time": "timestamp",
                        "elapsed": "elapsed",
                        "notes": "notes",
                        "contact": "syscontact",
                        "note": "alertnotes",
                    },
                ),
            )
        ]

    examples = (
        Example(
            "firing",
            {"title": "Alert for device sw-7 - Port down", "state": "1", "severity": "warning", "hostname": "sw-7",
             "device_id": "52", "rule_id": "4", "name": "Port down", "os": "{{ $os }}"},
            (Expected(AlertStatus.FIRING, "Alert for device sw-7 - Port down", Severity.WARNING, "52/4"),),
        ),
        Example(
            "acknowledged",
            {"title": "Alert for device sw-7 - Port down", "state": "2", "severity": "warning", "device_id": 52,
             "rule_id": 4},
            (Expected(AlertStatus.ACKNOWLEDGED, "Alert for device sw-7 - Port down", Severity.WARNING, "52/4"),),
        ),
        Example(
            "resolved",
            {"title": "Device sw-7 recovered from Port down", "state": "0", "severity": "ok", "hostname": "sw-7",
             "device_id": "52", "rule_id": "4", "name": "Port down"},
            (Expected(AlertStatus.RESOLVED, "Device sw-7 recovered from Port down", Severity.INFO, "52/4"),),
        ),
    )  # fmt: skip


SOURCE = LibreNms()
