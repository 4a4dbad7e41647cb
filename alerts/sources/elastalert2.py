"""ElastAlert 2's HTTP POST alerters, each match a message of its own.

Format: ElastAlert 2's documentation, "Alerts: HTTP POST" and "HTTP POST 2". The body is the document that matched with
the rule's static fields beside it, so the rule has to name itself; that it is over is never said.
"""

from datetime import timedelta

from alerts.models import AlertStatus
from alerts.parsing.fields import identity, labels_at, text_at
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
    as_texts,
    expect_object,
    links_of,
    severity_of,
)
from incidents.models import Severity

_RULE = ("rule", "rule_name", "rule.name", "alert_name", "name")
_LABELS = {
    "host": ("host.name", "host.hostname", "hostname", "host", "agent.name", "beat.hostname"),
    "service": ("service.name", "service", "app"),
    "environment": ("service.environment", "environment", "env"),
    "namespace": ("kubernetes.namespace", "kubernetes.namespace_name", "namespace"),
    "query_key": "query_key",
    "index": "_index",
}
_LONGEST_ANNOTATION = 500
_OVER = frozenset({"ok", "resolved"})


class ElastAlert(Source):
    slug = "elastalert2"
    label = "ElastAlert 2"
    group_text = "By rule: all that one rule finds is a group."
    sends_resolved = False
    resolves_after = timedelta(hours=1)
    set_up = """\
In the rule's file:

```yaml
alert: post
http_post_url: "{url}"
http_post_all_values: true
http_post_static_payload:
  rule: "Error spike"        # the rule's name
  severity: error
http_post_payload:
  query_key: host.name       # the field of query_key, if the rule has one
```

ElastAlert never says that something is over. `realert` decides how often it repeats itself.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert, the rule's; or that of the rule and the value of its query key."""
        body = expect_object(received.json())
        rule = text_at(body, *_RULE)
        title = text_at(body, "title", "alert_subject")
        message = text_at(body, "message", "alert_text", "text").strip()
        if not (rule or title or message):
            raise Unreadable("unexpected_shape", "The message names no rule. Add the lines of the set-up text to it.")
        own = text_at(body, "alert_uid", "dedup_key")
        key = text_at(body, "query_key")
        is_over = text_at(body, "state", "status").lower() in _OVER
        at = received.moment(text_at(body, "@timestamp", "timestamp") or None)
        return [
            ParsedAlert(
                dedup_key=identity(own) or identity(rule or title, key) or message.partition("\n")[0],
                title=_title(rule, title, key) or message.partition("\n")[0],
                status=AlertStatus.RESOLVED if is_over else AlertStatus.FIRING,
                severity=severity_of(text_at(body, "severity", "priority")),
                description=message,
                labels={
                    **({"rule": rule} if rule else {}),
                    **labels_at(body, _LABELS),
                    **as_texts(body.get("labels")),
                },
                annotations=_annotations(body),
                links=links_of(
                    ("Kibana", text_at(body, "kibana_discover_url", "kibana_link", "link_to_upstream_details", "url")),
                    ("Runbook", text_at(body, "runbook_url", "runbook")),
                ),
                started_at=None if is_over else at,
                ended_at=at if is_over else None,
                group=rule or title,
            )
        ]

    examples = (
        Example(
            "firing",
            {
                "rule": "Many 500s",
                "severity": "warning",
                "query_key": "edge-4",
                "@timestamp": "2026-03-01T06:30:12.004Z",
                "_index": "nginx-2026.03.01",
                "_id": "Qk12",
                "message": "GET /basket 500",
                "host": {"name": "edge-4"},
                "num_hits": 90,
                "num_matches": 1,
            },
            (Expected(AlertStatus.FIRING, "Many 500s / edge-4", Severity.WARNING, "Many 500s/edge-4"),),
        ),
        Example(
            "without_rule",
            {"@timestamp": "2026-03-01T06:30:12Z", "message": "Out of memory\nkilled process 17", "num_hits": 1},
            (Expected(AlertStatus.FIRING, "Out of memory", None, "Out of memory"),),
        ),
    )


def _title(rule: str, title: str, key: str) -> str:
    name = ": ".join(dict.fromkeys(filter(None, (rule, title))))
    return f"{name} / {key}" if name and key and not is_macro(key) else name


def _annotations(body: dict[str, Json]) -> dict[str, str]:
    """The document's own fields, as far as they are short."""
    known = {"message", "title", "rule", "severity", "labels", "query_key"}
    texts = {name: as_text(each) for name, each in body.items() if name not in known}
    return {name: text for name, text in texts.items() if text and len(text) <= _LONGEST_ANNOTATION}


SOURCE = ElastAlert()
