"""Checkmk, by a notification script.

Format: Checkmk's documentation, "Notifications: real scripts", whose context (`NOTIFY_HOSTNAME` and so on) the script
below sends; and the smaller message of the script that Keep ships, with `what`, `host` and `event`.
"""

from alerts.models import AlertStatus
from alerts.parsing import check_states
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import flattened, key_of_content, labels_at, said, text_at
from alerts.parsing.source import Example, Expected, ParsedAlert, Received, Source, links_of, severity_of
from incidents.models import Severity

_ANNOTATIONS = {
    "author": "notificationauthor",
    "comment": "notificationcomment",
    "event": "event",
    "local_time": "shortdatetime",
}


class Checkmk(Source):
    slug = "checkmk"
    label = "Checkmk"
    group_text = "Not at all: each problem of a host or a service is a group of its own."
    set_up = """\
As the site's user save this as `~/local/share/check_mk/notifications/tocsin` and make it executable:

```python
#!/usr/bin/env python3
# Tocsin
import json
import os
import urllib.request

left_out = ("CONTACT", "PARAMETER", "PREVIOUS", "RAW")
given = ((name.removeprefix("NOTIFY_"), value) for name, value in os.environ.items() if name.startswith("NOTIFY_"))
context = {name: value for name, value in given if not name.startswith(left_out)}
headers = {"Content-Type": "application/json", "Authorization": "Bearer {key}"}
body = json.dumps(context).encode()
request = urllib.request.Request("{base_url}/integrations/checkmk/", body, headers)
urllib.request.urlopen(request, timeout=20)
```

Then under **Setup → Notifications → Add rule** choose the method *Tocsin*, and one contact only: the script runs once
for each.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert."""
        given = flattened(fields_of(received))
        fields = {name.removeprefix("notify"): value for name, value in given.items()}
        site = said(fields, "site", "omdsite")
        host = said(fields, "hostname", "host")
        of_service = said(fields, "what").upper() != "HOST"
        service = said(fields, "servicedesc", "servicedescription", "service") if of_service else ""
        of = "service" if service else "host"
        state = said(fields, f"{of}state", "status", "state")
        status = check_states.status_of(said(fields, "notificationtype"), state)
        shown = " / ".join(filter(None, (host or text_at(fields, "hostname", "host"), service)))
        since = received.moment(said(fields, f"last{of}statechange"))
        return [
            ParsedAlert(
                dedup_key="/".join(filter(None, (site, host, service))) if host else key_of_content(fields),
                title=said(fields, "summary") or check_states.title_of(shown or "A check", state),
                status=status,
                severity=check_states.SEVERITIES.get(state.upper()) or severity_of(said(fields, "severity")),
                description="\n".join(
                    filter(None, (said(fields, f"{of}output", "output"), said(fields, f"long{of}output", "longoutput")))
                ),
                labels={
                    **labels_at(fields, {"site": "omdsite", "address": "hostaddress", "hostgroups": "hostgroupnames"}),
                    **labels_at(fields, {"site": "site", "address": "address", "check_command": "checkcommand"}),
                    **({"host": host} if host else {}),
                    **({"service": service} if service else {}),
                },
                annotations=labels_at(fields, {"page": f"{of}url", **_ANNOTATIONS}),
                links=links_of(("Checkmk", fields.get("url"))),
                started_at=since if status is AlertStatus.FIRING else None,
                ended_at=since if status is AlertStatus.RESOLVED else None,
            )
        ]

    examples = (
        Example(
            "firing",
            {"WHAT": "SERVICE", "NOTIFICATIONTYPE": "PROBLEM", "OMD_SITE": "north", "HOSTNAME": "san-4",
             "HOSTSTATE": "UP", "SERVICEDESC": "RAID", "SERVICESTATE": "CRITICAL", "SERVICEOUTPUT": "Disk 5 is gone",
             "LASTSERVICESTATECHANGE": "1772359200"},
            (Expected(AlertStatus.FIRING, "san-4 / RAID is CRITICAL", Severity.CRITICAL, "north/san-4/RAID"),),
        ),
        Example(
            "acknowledged",
            {"WHAT": "SERVICE", "NOTIFICATIONTYPE": "ACKNOWLEDGEMENT", "OMD_SITE": "north", "HOSTNAME": "san-4",
             "SERVICEDESC": "RAID", "SERVICESTATE": "CRITICAL", "NOTIFICATIONCOMMENT": "A disk is on its way"},
            (Expected(AlertStatus.ACKNOWLEDGED, "san-4 / RAID is CRITICAL", Severity.CRITICAL, "north/san-4/RAID"),),
        ),
        Example(
            "resolved",
            {"WHAT": "SERVICE", "NOTIFICATIONTYPE": "RECOVERY", "OMD_SITE": "north", "HOSTNAME": "san-4",
             "SERVICEDESC": "RAID", "SERVICESTATE": "OK", "LASTSERVICESTATECHANGE": "1772362800"},
            (Expected(AlertStatus.RESOLVED, "san-4 / RAID is OK", Severity.INFO, "north/san-4/RAID"),),
        ),
        Example(
            "short",
            {"what": "HOST", "notification_type": "PROBLEM", "site": "north", "host": "san-4", "status": "DOWN",
             "summary": "san-4 - UP -> DOWN", "severity": "CRITICAL", "url": "/check_mk/index.py?host=san-4"},
            (Expected(AlertStatus.FIRING, "san-4 - UP -> DOWN", Severity.CRITICAL, "north/san-4"),),
        ),
    )  # fmt: skip


SOURCE = Checkmk()
