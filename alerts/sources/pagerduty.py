"""PagerDuty's Events API, versions 2 and 1, whose senders only change the host name.

Format: PagerDuty's developer documentation, "Events API v2" and "Events API v1": trigger, acknowledge, resolve. The
entrance has checked the body and made a dedup key where a trigger came without; it travels in the note `:dedup_key`.
"""

import hashlib

import orjson

from alerts.models import AlertStatus
from alerts.parsing.fields import object_at, text_at
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import (
    ChangeTold,
    Example,
    Expected,
    Ignored,
    Json,
    Link,
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

_STATUSES = {
    "trigger": AlertStatus.FIRING,
    "acknowledge": AlertStatus.ACKNOWLEDGED,
    "resolve": AlertStatus.RESOLVED,
}
_AS_LABELS = ("source", "component", "group", "class")


class PagerDuty(Source):
    slug = "pagerduty"
    label = "PagerDuty Events API"
    authentication = None
    group_text = "By dedup key: each alert is a group of its own."
    set_up = """\
Point the sender's PagerDuty address here and give it the integration key:

- Events API address: `{base_url}/v2/enqueue`
- Routing key: `{key}`

In `alertmanager.yml` for example:

```yaml
receivers:
  - name: tocsin
    pagerduty_configs:
      - routing_key: {key}
        url: {base_url}/v2/enqueue
```

Change events go to `{base_url}/v2/change/enqueue`, with the same key.

Senders of version 1 keep `{base_url}/generic/2010-04-15/create_event.json`, with the integration key as service key.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert; none for a change event."""
        body = expect_object(received.json())
        if received.headers.get(":path", "").endswith("/change/enqueue"):
            received.changes.append(_change(body, received))
            raise Ignored("change_event", "A change event: it is kept beside incidents and never alerts.")
        if "event_type" in body and "event_action" not in body:
            body = _as_version_2(body)
        status = _STATUSES.get(as_text(body.get("event_action")))
        if status is None:
            raise Unreadable("unexpected_shape", "“event_action” must be one of trigger, acknowledge, resolve.")
        payload = body.get("payload")
        payload = payload if isinstance(payload, dict) else {}
        dedup_key = as_text(body.get("dedup_key")) or received.headers.get(":dedup_key") or _from_content(payload)
        details = payload.get("custom_details")
        at = received.moment(payload.get("timestamp"))
        return [
            ParsedAlert(
                dedup_key=dedup_key,
                title=as_text(payload.get("summary")),
                status=status,
                severity=severity_of(payload.get("severity")),
                description=details if isinstance(details, str) else "",
                labels={name: as_text(payload[name]) for name in _AS_LABELS if payload.get(name)},
                annotations=as_texts(details),
                links=_links(body),
                started_at=at if status is AlertStatus.FIRING else None,
                ended_at=at if status is AlertStatus.RESOLVED else None,
                group=dedup_key,
            )
        ]

    def request_for(self, example: Example, key: str) -> tuple[str, bytes]:
        """To the vendor's own paths, with the key in the body."""
        if "event_type" in example.body:
            return "/generic/2010-04-15/create_event.json", orjson.dumps({**example.body, "service_key": key})
        path = "/v2/enqueue" if "event_action" in example.body else "/v2/change/enqueue"
        return path, orjson.dumps({**example.body, "routing_key": key})

    examples = (
        Example(
            "firing",
            {
                "event_action": "trigger",
                "dedup_key": "db-1/disk",
                "client": "Night check",
                "client_url": "https://checks.example.com/7",
                "payload": {
                    "summary": "Disk at 97 % on db-1",
                    "source": "db-1.example.com",
                    "severity": "critical",
                    "timestamp": "2026-03-01T10:02:03.315+0000",
                    "component": "postgres",
                    "custom_details": {"free": "3 %"},
                },
                "links": [{"href": "https://wiki.example.com/disk", "text": "What to do"}],
            },
            (Expected(AlertStatus.FIRING, "Disk at 97 % on db-1", Severity.CRITICAL, "db-1/disk"),),
        ),
        Example(
            "acknowledged",
            {"event_action": "acknowledge", "dedup_key": "db-1/disk"},
            (Expected(AlertStatus.ACKNOWLEDGED, "", None, "db-1/disk"),),
        ),
        Example(
            "resolved",
            {"event_action": "resolve", "dedup_key": "db-1/disk"},
            (Expected(AlertStatus.RESOLVED, "", None, "db-1/disk"),),
        ),
        Example(
            "without_dedup_key",
            {
                "event_action": "trigger",
                "payload": {"summary": "Backup failed", "source": "db-1", "severity": "warning"},
            },
            (Expected(AlertStatus.FIRING, "Backup failed", Severity.WARNING),),
        ),
        Example(
            "version_1",
            {
                "event_type": "trigger",
                "incident_key": "db-3/backup",
                "description": "No backup of db-3 for two days",
                "details": {"last": "2026-02-27"},
                "contexts": [{"type": "link", "href": "https://wiki.example.com/backup", "text": "What to do"}],
            },
            (Expected(AlertStatus.FIRING, "No backup of db-3 for two days", None, "db-3/backup"),),
        ),
        Example(
            "version_1_resolved",
            {"event_type": "resolve", "incident_key": "db-3/backup", "description": "Done"},
            (Expected(AlertStatus.RESOLVED, "Done", None, "db-3/backup"),),
        ),
    )


def _change(body: dict[str, Json], received: Received) -> ChangeTold:
    payload = object_at(body, "payload")
    details = as_texts(payload.get("custom_details"))
    by = text_at(payload, "source")
    return ChangeTold(
        summary=text_at(payload, "summary") or "A change",
        at=received.moment(payload.get("timestamp")),
        by=by,
        labels={**details, **({"source": by} if by else {})},
        details=details,
        links=_links(body),
    )


def _as_version_2(body: dict[str, Json]) -> dict[str, Json]:
    """An event of version 1 in the words of version 2."""
    given = body.get("contexts")
    contexts = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    return {
        **body,
        "event_action": body["event_type"],
        "dedup_key": body.get("incident_key"),
        "payload": {"summary": body.get("description"), "custom_details": body.get("details")},
        "links": [each for each in contexts if each.get("type") == "link"],
        "images": [{"alt": each.get("text"), **each} for each in contexts if each.get("type") == "image"],
    }


def _links(body: dict[str, Json]) -> list[Link]:
    client = as_text(body.get("client")) or "Sender"
    pairs = [(client, body.get("client_url"))]
    for kind, address, text in (("links", "href", "text"), ("images", "src", "alt")):
        given = body.get(kind)
        name = kind.removesuffix("s").capitalize()
        usable = [each for each in given[:20] if isinstance(each, dict)] if isinstance(given, list) else []
        pairs.extend((as_text(each.get(text)) or name, each.get(address)) for each in usable)
    return links_of(*pairs)


def _from_content(payload: dict[str, Json]) -> str:
    identity = [as_text(payload.get(name)) for name in ("summary", "source", "component", "class")]
    return hashlib.sha256("\n".join(identity).encode()).hexdigest()[:32]


SOURCE = PagerDuty()
