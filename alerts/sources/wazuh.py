"""Wazuh, by its integration with Shuffle, or by a script of one's own.

Format: Wazuh's documentation, "Integration with external APIs" and its `alerts.json`; Shuffle's message carries the
alert in `all_fields`. The flat message of Keep's script is read too. Wazuh never tells that something is over.
"""

import re
from datetime import timedelta

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import key_of_content, labels_at, object_at, said, text_at
from alerts.parsing.source import Example, Expected, Json, ParsedAlert, Received, Source, as_text, severity_of
from incidents.models import Severity

_LEVELS = ((15, Severity.CRITICAL), (12, Severity.ERROR), (7, Severity.WARNING), (0, Severity.INFO))
_OFFSET_WITH_DOT = re.compile(r"([+-]\d\d)\.(\d\d)$")
_IN_TEXT = {name: re.compile(rf"^{name} (\S+)", re.MULTILINE) for name in ("Rule ID", "Agent ID", "Agent Name")}


class Wazuh(Source):
    slug = "wazuh"
    label = "Wazuh"
    group_text = "Not at all: each rule is a group of its own on each agent."
    sends_resolved = False
    resolves_after = timedelta(hours=24)
    set_up = """\
In `/var/ossec/etc/ossec.conf` of the manager (4.4 or newer), then restart it:

```text
<integration>
  <name>shuffle</name>
  <hook_url>{url}</hook_url>
  <level>10</level>
  <alert_format>json</alert_format>
</integration>
```

`level` is the lowest level of a rule that alerts: 7 to 11 is a warning here, 12 to 14 an error, 15 and above critical.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert."""
        fields = fields_of(received)
        alert = object_at(fields, "all_fields") or fields
        rule = object_at(alert, "rule")
        return [_of_rule(alert, rule, received) if rule else _flat(fields, received)]

    examples = (
        Example(
            "firing",
            {"severity": 3, "pretext": "WAZUH Alert", "title": "Multiple authentication failures", "rule_id": "40111",
             "id": "1772359200.1201", "timestamp": "2026-03-01T10:00:00.000+0000",
             "all_fields": {"timestamp": "2026-03-01T10:00:00.000+0000", "location": "/var/log/auth.log",
                            "rule": {"level": 12, "id": "40111", "description": "Multiple authentication failures",
                                     "groups": ["syslog", "attacks"]},
                            "agent": {"id": "017", "name": "bastion-1", "ip": "192.0.2.17"},
                            "data": {"srcip": "198.51.100.4"}, "full_log": "Failed password for root"}},
            (Expected(AlertStatus.FIRING, "Multiple authentication failures", Severity.ERROR, "40111/017"),),
        ),
        Example(
            "alert_itself",
            {"timestamp": "2026-03-01T11:00:00.000+0100", "id": "1772359200.7", "full_log": "x",
             "rule": {"level": 15, "id": "92652", "description": "A key was stolen"}, "agent": {"id": "000"}},
            (Expected(AlertStatus.FIRING, "A key was stolen", Severity.CRITICAL, "92652/000"),),
        ),
        Example(
            "flat",
            {"message": "A package was removed", "severity": "warning", "created_at": "2026-03-01T11:00:00.5+01.00",
             "description": "Rule ID 2903\nLevel 7\nAgent ID 017\nAgent Name bastion-1\n"},
            (Expected(AlertStatus.FIRING, "A package was removed", Severity.WARNING, "2903/017"),),
        ),
    )  # fmt: skip


def _of_rule(alert: dict[str, Json], rule: dict[str, Json], received: Received) -> ParsedAlert:
    agent = object_at(alert, "agent")
    title, groups = said(rule, "description"), rule.get("groups")
    identity = said(rule, "id") or title
    return ParsedAlert(
        dedup_key=f"{identity}/{said(agent, 'id', 'name')}" if identity else key_of_content(alert),
        title=title or text_at(rule, "description", "id") or "A rule of Wazuh",
        severity=_severity(rule.get("level")),
        description=said(alert, "full_log"),
        labels={
            **labels_at(agent, {"host": "name", "agent_id": "id", "ip": "ip"}),
            **labels_at(rule, {"rule": "id", "level": "level"}),
            **labels_at(object_at(alert, "manager"), {"manager": "name"}),
            **({"groups": ", ".join(as_text(each) for each in groups)} if isinstance(groups, list) and groups else {}),
        },
        annotations={
            **labels_at(alert, {"location": "location", "event": "id"}),
            **labels_at(object_at(alert, "data"), {"source_ip": "srcip", "user": "dstuser"}),
        },
        started_at=received.moment(alert.get("timestamp")),
    )


def _flat(fields: dict[str, Json], received: Received) -> ParsedAlert:
    description = said(fields, "description", "text")
    found = {name: match[1] for name, pattern in _IN_TEXT.items() if (match := pattern.search(description))}
    title = said(fields, "message", "title")
    rule = said(fields, "rule_id") or found.get("Rule ID") or title
    created = fields.get("created_at") or fields.get("timestamp")
    return ParsedAlert(
        dedup_key=f"{rule}/{found.get('Agent ID', '')}".rstrip("/") if rule else key_of_content(fields),
        title=title or text_at(fields, "message", "title") or "An alert of Wazuh",
        severity=severity_of(said(fields, "severity")),
        description=description,
        labels={
            label: found[name]
            for label, name in (("host", "Agent Name"), ("agent_id", "Agent ID"), ("rule", "Rule ID"))
            if name in found
        },
        started_at=received.moment(_OFFSET_WITH_DOT.sub(r"\1:\2", created) if isinstance(created, str) else created),
    )


def _severity(level: Json) -> Severity | None:
    if isinstance(level, str) and level.isdecimal() and len(level) < 5:
        level = int(level)
    if not isinstance(level, int) or isinstance(level, bool):
        return None
    return next((severity for lowest, severity in _LEVELS if level >= lowest), None)


SOURCE = Wazuh()
