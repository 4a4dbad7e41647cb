"""Elasticsearch Watcher's webhook action.

Format: Elastic's documentation, "Watcher webhook action" and "Watch execution context". The body is a template over the
execution context and has no form of its own; a watch says nothing when its condition is no longer met.
"""

from datetime import timedelta

from alerts.models import AlertStatus
from alerts.parsing.bodies import body_of
from alerts.parsing.fields import identity, labels_at, said, text_at
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import (
    Example,
    Expected,
    Json,
    ParsedAlert,
    Received,
    Source,
    as_texts,
    links_of,
    severity_of,
)
from incidents.models import Severity

_OVER = frozenset({"resolved", "resolve", "ok", "recovered", "closed"})


class ElasticsearchWatcher(Source):
    slug = "elasticsearch_watcher"
    label = "Elasticsearch Watcher"
    group_text = "By watch: each is a group of its own."
    sends_resolved = False
    resolves_after = timedelta(hours=1)
    set_up = """\
Add an action to the watch:

```text
"actions": {
  "tocsin": {
    "throttle_period": "5m",
    "webhook": {
      "method": "POST",
      "url": "{url}",
      "headers": {"Content-Type": "application/json"},
      "body": "{\\"watch_id\\": \\"{{ctx.watch_id}}\\", \\"time\\": \\"{{ctx.execution_time}}\\", \\"severity\\": \\"error\\", \\"title\\": \\"What has happened\\", \\"hits\\": \\"{{ctx.payload.hits.total}}\\", \\"labels\\": {\\"service\\": \\"shop\\"}}"
    }
  }
}
```

A watch never says that it is over. A second watch with the opposite condition can: with the `watch_id` of the first,
written out, and `"status": "resolved"`.
"""  # noqa: E501 - JSON has no way to break a string

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert, the watch's."""
        body = body_of(received, is_often_text=True)
        if isinstance(body, str) and body.strip():
            title, _, rest = body.strip().partition("\n")
            return [ParsedAlert(dedup_key=title, title=title.strip(), description=rest.strip())]
        watch = said(body, "watch_id", "ctx.watch_id", "metadata.watch_id", "watch")
        title = text_at(body, "title", "name", "subject", "metadata.name", "ctx.metadata.name", "message", "text")
        if not isinstance(body, dict) or not (watch or title):
            raise Unreadable("unexpected_shape", "The message names no watch. Take the body from the set-up text.")
        return [_alert(body, watch, title, received)]

    examples = (
        Example(
            "firing",
            {
                "watch_id": "payments-errors",
                "time": "2026-03-01T07:05:00.000Z",
                "severity": "critical",
                "title": "Payments fail",
                "hits": "212",
                "labels": {"service": "payments"},
            },
            (Expected(AlertStatus.FIRING, "Payments fail", Severity.CRITICAL, "payments-errors"),),
        ),
        Example(
            "resolved",
            {"watch_id": "payments-errors", "status": "resolved", "title": "Payments fail"},
            (Expected(AlertStatus.RESOLVED, "Payments fail", None, "payments-errors"),),
        ),
        Example(
            "context",
            {"ctx": {"watch_id": "disk-of-es-3", "execution_time": "2026-03-01T07:05:00.000Z", "payload": {}}},
            (Expected(AlertStatus.FIRING, "disk-of-es-3", None, "disk-of-es-3"),),
        ),
        Example(
            "text",
            "Too many failed logins\n57 in five minutes",
            (Expected(AlertStatus.FIRING, "Too many failed logins"),),
            content_type="text/plain",
        ),
    )


def _alert(body: dict[str, Json], watch: str, title: str, received: Received) -> ParsedAlert:
    is_over = text_at(body, "status", "state").lower() in _OVER
    at = received.moment(text_at(body, "time", "execution_time", "ctx.execution_time", "timestamp") or None)
    own = text_at(body, "key", "dedup_key", "alert_id")
    return ParsedAlert(
        dedup_key=identity(watch, own) or title or watch,
        title=title or watch,
        status=AlertStatus.RESOLVED if is_over else AlertStatus.FIRING,
        severity=severity_of(text_at(body, "severity", "ctx.metadata.severity", "priority", "level")),
        description=text_at(body, "description", "message", "text"),
        labels={**({"watch": watch} if watch else {}), **as_texts(body.get("labels"))},
        annotations=labels_at(
            body, {"hits": ("hits", "ctx.payload.hits.total", "ctx.payload.hits.total.value"), "details": "details"}
        ),
        links=links_of(("Source", text_at(body, "url", "link"))),
        started_at=None if is_over else at,
        ended_at=at if is_over else None,
    )


SOURCE = ElasticsearchWatcher()
