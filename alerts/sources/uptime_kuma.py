"""Uptime Kuma's webhook notification, as JSON, as a form with the JSON in `data`, or by GET.

Format: Uptime Kuma's documentation and source, "Webhook" (heartbeat, monitor, msg). Times are in UTC. A test and the
notice of a certificate have neither heartbeat nor monitor.
"""

import re

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import key_of_content, labels_at, object_at, said
from alerts.parsing.mend import Unreadable, read_json
from alerts.parsing.source import Example, Expected, Ignored, Json, ParsedAlert, Received, Source, links_of, severity_of
from incidents.models import Severity

_STATUSES = {"0": AlertStatus.FIRING, "1": AlertStatus.RESOLVED}
_NO_NEWS = {"2": ("pending", "The monitor tries again before it says so."),
            "3": ("maintenance", "The monitor is under maintenance.")}  # fmt: skip
_CERTIFICATE = re.compile(r"(\[.*\]).*certificate", re.IGNORECASE | re.DOTALL)


class UptimeKuma(Source):
    slug = "uptime_kuma"
    label = "Uptime Kuma"
    group_text = "Not at all: each monitor is a group of its own."
    set_up = """\
Under **Settings → Notifications → Setup Notification**, type `Webhook`:

- Post URL: `{base_url}/integrations/uptime_kuma/`
- Request Body: `Preset - application/json`
- Additional Headers:

```text
{"Authorization": "Bearer {key}"}
```

A tag `severity` of a monitor is its alerts' severity; other tags become labels.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert; none for a test, a pending or a maintained monitor."""
        fields = fields_of(received)
        heartbeat, monitor = _object(fields, "heartbeat"), _object(fields, "monitor")
        if not heartbeat and not monitor:
            return [_without_monitor(said(fields, "msg"))]
        word = said(heartbeat, "status")
        if word in _NO_NEWS:
            raise Ignored(*_NO_NEWS[word])
        status = _STATUSES.get(word)
        if status is None:
            raise Unreadable("unexpected_shape", "The heartbeat has no status, which Uptime Kuma always sends.")
        tags = _tags(monitor.get("tags"))
        monitor_id = said(monitor, "id") or said(heartbeat, "monitorID", "monitor_id")
        name = said(monitor, "name", "pathName")
        at = received.moment(heartbeat.get("time"))
        url = said(monitor, "url")
        return [
            ParsedAlert(
                dedup_key=monitor_id or name or said(fields, "msg") or key_of_content(fields),
                title=name or said(fields, "msg") or f"Monitor {monitor_id}",
                status=status,
                severity=severity_of(tags.get("severity") or tags.get("priority") or ""),
                description=said(heartbeat, "msg") or said(fields, "msg"),
                labels={
                    **tags,
                    **labels_at(monitor, {"monitor": "name", "type": "type", "host": "hostname", "port": "port"}),
                    **({"url": url} if url not in ("", "https://", "http://") else {}),
                },
                annotations=labels_at(heartbeat, {"ping": "ping", "retries": "retries"})
                | labels_at(monitor, {"description": "description"}),
                links=links_of(("Monitored page", url)) if len(url) > len("https://") else [],
                started_at=at if status is AlertStatus.FIRING else None,
                ended_at=at if status is AlertStatus.RESOLVED else None,
            )
        ]

    examples = (
        Example(
            "firing",
            {
                "heartbeat": {"monitorID": 8, "status": 0, "time": "2026-03-01 10:00:00.120", "msg": "ECONNREFUSED"},
                "monitor": {"id": 8, "name": "Login page", "type": "http", "url": "https://login.example.net/",
                            "tags": [{"name": "severity", "value": "error"}, {"name": "team", "value": "web"}]},
                "msg": "[Login page] [🔴 Down] ECONNREFUSED",
            },
            (Expected(AlertStatus.FIRING, "Login page", Severity.ERROR, "8"),),
        ),
        Example(
            "resolved",
            {
                "heartbeat": {"monitorID": 8, "status": 1, "time": "2026-03-01 10:04:00.120", "msg": "200 - OK"},
                "monitor": {"id": 8, "name": "Login page", "type": "http"},
                "msg": "[Login page] [✅ Up] 200 - OK",
            },
            (Expected(AlertStatus.RESOLVED, "Login page", None, "8"),),
        ),
        Example(
            "form",
            "data=%7B%22heartbeat%22%3A%7B%22status%22%3A0%7D%2C%22monitor%22%3A%7B%22id%22%3A9%2C%22name%22%3A%22DNS%22"
            "%7D%7D",
            (Expected(AlertStatus.FIRING, "DNS", None, "9"),),
            content_type="application/x-www-form-urlencoded",
        ),
        Example(
            "certificate",
            {"heartbeat": None, "monitor": None,
             "msg": "[Login page][https://login.example.net/] Certificate login.example.net will expire in 7 days"},
            (Expected(AlertStatus.FIRING,
                      "[Login page][https://login.example.net/] Certificate login.example.net will expire in 7 days",
                      Severity.WARNING, "[Login page][https://login.example.net/] certificate"),),
        ),
    )  # fmt: skip


def _without_monitor(text: str) -> ParsedAlert:
    found = _CERTIFICATE.match(text[:1000])
    if found:
        return ParsedAlert(dedup_key=f"{found[1]} certificate", title=text, severity=Severity.WARNING)
    if text.lower().split()[-1:] == ["testing"]:
        raise Ignored("test", "A test of the notification.")
    if not text:
        raise Unreadable("unexpected_shape", "The message has no heartbeat, no monitor and no text.")
    return ParsedAlert(dedup_key=text, title=text)


def _object(fields: dict[str, Json], name: str) -> dict[str, Json]:
    """An object, which stands in a query as JSON."""
    value = fields.get(name)
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = read_json(value.encode()).value
        except Unreadable:
            return {}
    return object_at(value)


def _tags(given: Json) -> dict[str, str]:
    tags = [tag for tag in given if isinstance(tag, dict)] if isinstance(given, list) else []
    return {name: said(tag, "value") for tag in tags if (name := said(tag, "name"))}


SOURCE = UptimeKuma()
