"""Site24x7 by a webhook, as JSON or, with that box not ticked, as a form.

Format: Site24x7's documentation, "Webhooks integration".
"""

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import all_filled, nothing_to_tell, said, tagged
from alerts.parsing.source import Example, Expected, Ignored, Json, ParsedAlert, Received, Source, links_of
from incidents.models import Severity

_SEVERITIES = {
    "DOWN": Severity.CRITICAL,
    "CRITICAL": Severity.CRITICAL,
    "TROUBLE": Severity.WARNING,
}
_NOT_WATCHED = frozenset({"MAINTENANCE", "SUSPENDED", "ACTIVATED", "DISCOVERY"})


def _example(status: str, reason: str) -> dict[str, Json]:
    return {
        "MONITOR_ID": 456789000000123007,
        "MONITORNAME": "Shop front",
        "MONITORTYPE": "URL",
        "MONITORURL": "https://shop.example.com",
        "MONITOR_DASHBOARD_LINK": "https://www.site24x7.example.com/monitor/7",
        "MONITOR_GROUPNAME": "Shop",
        "STATUS": status,
        "INCIDENT_REASON": reason,
        "FAILED_LOCATIONS": "Bergen-NO",
        "TAGS": ["team:shop"],
        "INCIDENT_TIME_ISO": "2026-03-01T11:00:35+0100",
    }


class Site24x7(Source):
    slug = "site24x7"
    label = "Site24x7"
    group_text = "By monitor: each is a group of its own."
    set_up = """\
In **Admin → Third-Party Integrations → Add → Webhooks**:

- Hook URL: `{url}`
- HTTP method: `POST`
- *Post as JSON* (the box below the parameters): on, with *Send incident parameters*
- Trigger for: *Trouble*, *Critical*, *Down* and **Up**
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert per message; none when a monitor is merely no longer watched."""
        fields = {name.upper(): value for name, value in fields_of(received).items()}
        # An address or a name must do where the number is missing; a name may be another monitor's, too.
        key = said(fields, "MONITOR_ID", "MONITORID", "MONITORURL", "MONITORNAME")
        if not key:
            raise nothing_to_tell("Site24x7")
        word = said(fields, "STATUS").upper()
        if word in _NOT_WATCHED:
            raise Ignored("not_watched", f"The monitor is now {word.lower()}, which is neither up nor down.")
        is_over = word == "UP"
        name, reason = said(fields, "MONITORNAME"), said(fields, "INCIDENT_REASON")
        at = received.moment(said(fields, "INCIDENT_TIME_ISO") or fields.get("OUTAGE_TIME_UNIX_FORMAT"))
        return [
            ParsedAlert(
                dedup_key=key,
                title=f"{name or key}: {reason}" if reason else name or f"Monitor {key}",
                status=AlertStatus.RESOLVED if is_over else AlertStatus.FIRING,
                severity=_SEVERITIES.get(word),
                description=said(fields, "INCIDENT_DETAILS"),
                labels={
                    **tagged(_listed(fields.get("TAGS"))),
                    **all_filled(
                        {
                            "monitor": name,
                            "monitor_type": fields.get("MONITORTYPE"),
                            "monitor_group": fields.get("MONITOR_GROUPNAME"),
                            "address": fields.get("MONITORURL"),
                            "locations": fields.get("FAILED_LOCATIONS"),
                        }
                    ),
                },
                annotations=all_filled({"state": word, "incident_time": fields.get("INCIDENT_TIME")}),
                links=links_of(
                    ("Monitor", said(fields, "MONITOR_DASHBOARD_LINK")),
                    ("Watched address", said(fields, "MONITORURL")),
                ),
                started_at=None if is_over else at,
                ended_at=at if is_over else None,
            )
        ]

    examples = (
        Example(
            "firing",
            _example("DOWN", "Connection refused"),
            (Expected(AlertStatus.FIRING, "Shop front: Connection refused", Severity.CRITICAL, "456789000000123007"),),
        ),
        Example(
            "resolved",
            _example("UP", ""),
            (Expected(AlertStatus.RESOLVED, "Shop front", None, "456789000000123007"),),
        ),
        Example(
            "form",
            "MONITOR_ID=456789000000123007&MONITORNAME=Shop+front&STATUS=TROUBLE&INCIDENT_REASON=Slow&TAGS=%5B%5D",
            (Expected(AlertStatus.FIRING, "Shop front: Slow", Severity.WARNING, "456789000000123007"),),
            content_type="application/x-www-form-urlencoded",
        ),
    )


def _listed(tags: Json) -> Json:
    """Tags as a form sends them: a list in text."""
    return tags.strip().strip("[]").replace('"', "").replace("'", "") if isinstance(tags, str) else tags


SOURCE = Site24x7()
