"""Kibana's alerting rules (Elastic Observability and Security), through its webhook connector.

Format: Elastic's documentation, "Webhook connector and action" and "Rule action variables". The body is a template, so
names are read in several ways, also as JSON within strings; a recovery needs an action of its own.
"""

import orjson

from alerts.models import AlertStatus
from alerts.parsing.fields import identity, labels_at, object_at, objects_at, text_at
from alerts.parsing.macros import is_macro
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import (
    Example,
    Expected,
    Json,
    ParsedAlert,
    Received,
    Source,
    as_text,
    expect_object,
    links_of,
    severity_of,
)
from incidents.models import Severity

_PARTS = {"rule": "rule_info", "alert": "alert_info", "context": "context_info"}
_WHOLE_RULE = frozenset({"*", "query matched", "all documents", ""})


class Kibana(Source):
    slug = "kibana"
    label = "Elastic / Kibana"
    group_text = "By rule: all that one rule finds is a group."
    set_up = """\
In Kibana under **Stack Management → Connectors** create a *Webhook* connector: method `POST`, URL `{url}`, no
authentication, header `Content-Type: application/json`.

Give each rule two actions with this connector and the same body, one that runs when the rule is active (*For each
alert*, *On status changes*) and one that runs when it is *Recovered*:

```text
{
  "rule": {"id": "{{rule.id}}", "name": "{{rule.name}}", "type": "{{rule.type}}", "space": "{{rule.spaceId}}",
           "tags": "{{rule.tags}}", "url": "{{rule.url}}"},
  "alert": {"id": "{{alert.id}}", "uuid": "{{alert.uuid}}", "actionGroup": "{{alert.actionGroup}}"},
  "context": {"reason": "{{context.reason}}", "message": "{{context.message}}", "url": "{{context.alertDetailsUrl}}"},
  "severity": "error",
  "date": "{{date}}"
}
```
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert; several for a summary of alerts."""
        body = {**expect_object(received.json())}
        for name, in_one in _PARTS.items():
            body[name] = _part(body.get(name, body.get(in_one)))
        summary = [
            _summarised(each, body, status)
            for status, kinds in ((AlertStatus.FIRING, ("new", "ongoing")), (AlertStatus.RESOLVED, ("recovered",)))
            for kind in kinds
            for each in objects_at(body, f"alerts.{kind}.data") or objects_at(body, f"alerts.{kind}")
        ]
        return summary or [_alert(body, received)]

    examples = (
        Example(
            "firing",
            {
                "rule": {"id": "r-4", "name": "Heap is full", "type": "metrics.alert.threshold", "tags": "java,shop"},
                "alert": {"id": "node-7", "uuid": "u-1", "actionGroup": "metrics.threshold.fired"},
                "context": {"reason": "heap is 96 % for node-7", "url": "https://kibana.example.com/app/alerts/u-1"},
                "severity": "critical",
                "date": "2026-03-01T12:00:00.000Z",
            },
            (Expected(AlertStatus.FIRING, "Heap is full / node-7", Severity.CRITICAL, "r-4/node-7"),),
        ),
        Example(
            "resolved",
            {
                "rule": {"id": "r-4", "name": "Heap is full", "type": "metrics.alert.threshold"},
                "alert": {"id": "node-7", "uuid": "u-1", "actionGroup": "recovered"},
                "context": {"reason": ""},
                "severity": "critical",
                "date": "2026-03-01T12:30:00.000Z",
            },
            (Expected(AlertStatus.RESOLVED, "Heap is full / node-7", Severity.CRITICAL, "r-4/node-7"),),
        ),
        Example(
            "flat",
            {"rule_id": "r-9", "rule_name": "Logins fail", "alert_id": "query matched", "message": "41 hits"},
            (Expected(AlertStatus.FIRING, "Logins fail", None, "r-9/query matched"),),
        ),
    )


def _part(given: Json) -> dict[str, Json]:
    if isinstance(given, str):
        try:
            given = orjson.loads(given)
        except orjson.JSONDecodeError:
            return {}
    return given if isinstance(given, dict) else {}


def _alert(body: dict[str, Json], received: Received) -> ParsedAlert:
    rule = text_at(body, "rule.id", "rule_id", "ruleId")
    name = text_at(body, "rule.name", "rule_name", "ruleName", "context.rule.name", "title")
    alert = text_at(body, "alert.id", "alert_id", "alertId", "alert.instanceId")
    if not (rule or name):
        raise Unreadable("unexpected_shape", "The message names no rule. Take the body from the set-up text.")
    group = text_at(body, "alert.actionGroup", "action_group", "actionGroup", "alertActionGroup").lower()
    word = text_at(body, "status", "state", "alert.status").lower()
    is_over = group == "recovered" or word in ("recovered", "resolved", "ok")
    at = received.moment(text_at(body, "date", "context.timestamp", "@timestamp") or None)
    return ParsedAlert(
        dedup_key=identity(rule, alert) or identity(name, alert) or f"{name or rule}/{text_at(body, 'context.title')}",
        title=_title(name or rule, alert),
        status=AlertStatus.RESOLVED if is_over else AlertStatus.FIRING,
        severity=severity_of(text_at(body, "severity", "context.severity")) or severity_of(group.rpartition(".")[2]),
        description=text_at(body, "context.reason", "context.message", "message", "context.conditions"),
        labels={
            **labels_at(
                body,
                {
                    "rule": ("rule.name", "rule_name"),
                    "rule_type": ("rule.type", "rule_type"),
                    "space": ("rule.space", "rule.spaceId", "space"),
                    "alert": ("alert.id", "alert_id"),
                    "host": ("context.host.name", "context.host"),
                    "service": ("context.serviceName", "context.service.name"),
                    "environment": ("context.environment",),
                },
            ),
            **_tags(body),
        },
        annotations={name: as_text(each) for name, each in object_at(body, "context").items() if name != "alert"},
        links=links_of(
            ("Alert", text_at(body, "context.url", "context.alertDetailsUrl", "context.link")),
            ("Rule", text_at(body, "rule.url", "rule_url")),
        ),
        started_at=None if is_over else at,
        ended_at=at if is_over else None,
        group=identity(rule) or name,
    )


def _title(name: str, alert: str) -> str:
    return name if alert.lower() in _WHOLE_RULE or alert == name or is_macro(alert) else f"{name} / {alert}"


def _tags(body: dict[str, Json]) -> dict[str, str]:
    tags = object_at(body, "rule").get("tags")
    text = ", ".join(as_text(tag) for tag in tags) if isinstance(tags, list) else as_text(tags)
    return {"tags": text} if text else {}


def _summarised(found: dict[str, Json], body: dict[str, Json], status: AlertStatus) -> ParsedAlert:
    """One alert of a summary: a document of the index of alerts, its names nested or in one with dots."""
    flat = {**found, "kibana": _nested(found)}
    rule = text_at(flat, "kibana.alert.rule.uuid") or text_at(body, "rule.id")
    name = text_at(flat, "kibana.alert.rule.name") or text_at(body, "rule.name") or rule or "Rule"
    alert = text_at(flat, "kibana.alert.instance.id", "_id")
    return ParsedAlert(
        dedup_key=identity(rule or name, alert) or name,
        title=_title(name, alert),
        status=status,
        severity=severity_of(text_at(flat, "kibana.alert.severity")) or severity_of(text_at(body, "severity")),
        description=text_at(flat, "kibana.alert.reason"),
        labels={"rule": name, **({"alert": alert} if alert else {}), **_tags(body)},
        links=links_of(("Alert", text_at(flat, "kibana.alert.url")), ("Rule", text_at(body, "rule.url"))),
        group=rule or name,
    )


def _nested(found: dict[str, Json]) -> dict[str, Json]:
    tree: dict[str, Json] = {**object_at(found, "kibana")}
    for name, each in found.items():
        if name.startswith("kibana.alert."):
            *places, last = name.split(".")[1:]
            level = tree
            for place in places:
                below = level.get(place)
                level[place] = level = {**below} if isinstance(below, dict) else {}
            level[last] = each
    return tree


SOURCE = Kibana()
