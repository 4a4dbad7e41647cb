"""Netdata Cloud's webhook notifications.

Format: Netdata's documentation, "Add webhook notification configuration": alerts, and reachability of nodes. There is
no identity, and the node's name stands only in the sentence `message`.
"""

import re

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import key_of_content, labels_at, object_at, said, text_at
from alerts.parsing.source import Example, Expected, Json, Link, ParsedAlert, Received, Source, links_of, severity_of
from incidents.models import Severity

_NODE = re.compile(r"\bon (?:the )?(?:node )?([\w.:-]+)", re.IGNORECASE)
_STATE_WORDS = re.compile(
    r"\b(?:is|was|has|now|raised|to|from|critical|warning|clear(?:ed)?|recovered)\b", re.IGNORECASE
)
_LABELS = ("alert", "chart", "context", "space", "family", "class")


class Netdata(Source):
    slug = "netdata"
    label = "Netdata Cloud"
    group_text = "Not at all: each alert of a node is a group of its own."
    set_up = """\
In Netdata Cloud under **Space settings → Alerts & Notifications → Add configuration → Webhook**:

- Webhook URL: `{base_url}/integrations/netdata/`
- Authentication: `Bearer Token`, token `{key}`

Choose notifications of critical, warning and clear, so that alerts resolve.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert; reachability of a node is one too."""
        fields = fields_of(received)
        name = said(fields, "alert", "alarm")
        status = fields.get("status")
        if not name and status is not None:
            return [_reachability(fields, status, received)]
        message = said(fields, "message")
        found = _NODE.search(message)
        node = said(fields, "node", "hostname", "host") or (found[1] if found else "")
        severity = said(fields, "severity").lower()
        state = AlertStatus.RESOLVED if severity in ("clear", "cleared") else AlertStatus.FIRING
        # Without a node the sentence itself, without what it says of the state, keeps one node from another.
        whose = node or " ".join(_STATE_WORDS.sub("", message).split())
        parts = [said(fields, "space"), whose, name, said(fields, "chart")]
        title = f"{name} on {node}" if name and node else name or message
        date = received.moment(fields.get("date"))
        return [
            ParsedAlert(
                dedup_key="/".join(filter(None, parts)) or key_of_content(fields),
                title=title or text_at(fields, "alert", "message") or "Netdata",
                status=state,
                severity=severity_of(severity),
                description="\n".join(filter(None, (message, said(fields, "info")))),
                labels={
                    **labels_at(fields, {**{name: name for name in _LABELS}}),
                    **labels_at(object_at(fields, "Rooms"), {"room": "name"}),
                    **({"host": node} if node else {}),
                },
                annotations=labels_at(fields, {"duration": "duration"}),
                links=_links(fields),
                started_at=date if state is AlertStatus.FIRING else None,
                ended_at=date if state is AlertStatus.RESOLVED else None,
            )
        ]

    examples = (
        Example(
            "firing",
            {"message": "ram_in_use on node queue-5 is WARNING", "alert": "ram_in_use", "chart": "system.ram",
             "space": "example", "family": "ram", "class": "Utilization", "severity": "warning",
             "date": "2026-03-01T10:00:00Z", "alert_url": "https://app.netdata.example.com/alerts/9"},
            (Expected(AlertStatus.FIRING, "ram_in_use on queue-5", Severity.WARNING,
                      "example/queue-5/ram_in_use/system.ram"),),
        ),
        Example(
            "resolved",
            {"message": "ram_in_use on node queue-5 is CLEAR", "alert": "ram_in_use", "chart": "system.ram",
             "space": "example", "severity": "clear", "date": "2026-03-01T10:20:00Z"},
            (Expected(AlertStatus.RESOLVED, "ram_in_use on queue-5", None, "example/queue-5/ram_in_use/system.ram"),),
        ),
        Example(
            "unreachable",
            {"message": "Node queue-5 is unreachable", "host": "queue-5", "severity": "critical",
             "url": "https://app.netdata.example.com/nodes/5", "status": {"reachable": False, "text": "unreachable"}},
            (Expected(AlertStatus.FIRING, "Node queue-5 is unreachable", Severity.CRITICAL, "queue-5/reachability"),),
        ),
    )  # fmt: skip


def _reachability(fields: dict[str, Json], status: Json, received: Received) -> ParsedAlert:
    given = status if isinstance(status, dict) else {"text": status}
    is_reachable = given.get("reachable") is True or said(given, "text").lower() == "reachable"
    host = said(fields, "host", "hostname", "node")
    return ParsedAlert(
        dedup_key=f"{host}/reachability" if host else said(fields, "url") or key_of_content(fields),
        title=said(fields, "message") or f"{host or 'A node'} is {'reachable' if is_reachable else 'unreachable'}",
        status=AlertStatus.RESOLVED if is_reachable else AlertStatus.FIRING,
        severity=severity_of(said(fields, "severity")),
        labels=labels_at(fields, {"host": "host", "space": "space"}),
        links=_links(fields),
        started_at=None if is_reachable else received.moment(fields.get("date")),
        ended_at=received.moment(fields.get("date")) if is_reachable else None,
    )


def _links(fields: dict[str, Json]) -> list[Link]:
    return links_of(
        ("Netdata", fields.get("alert_url") or fields.get("alarm_url") or fields.get("url")),
        ("Room", object_at(fields, "Rooms").get("url")),
    )


SOURCE = Netdata()
