"""Opsgenie: its Alert API v2, whose clients only change the host name, and its webhooks, for the time of moving.

Format: Opsgenie's documentation, "Alert API" and "Webhook integration". The entrance has taken the identity of what is
created, and which action is asked for, from the request; both travel in notes.
"""

from collections.abc import Mapping
from urllib.parse import parse_qs

from alerts.models import AlertStatus
from alerts.parsing import asked, opsgenie
from alerts.parsing.asked import Action, Asked
from alerts.parsing.fields import text_at
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import (
    Example,
    Expected,
    Ignored,
    Json,
    ParsedAlert,
    Received,
    Source,
    as_text,
    as_texts,
    expect_object,
)
from incidents.models import Severity

# Of webhooks, which tell of everything that happens to an alert.
_TOLD = {
    "Create": AlertStatus.FIRING,
    "UnAcknowledge": AlertStatus.FIRING,
    "Acknowledge": AlertStatus.ACKNOWLEDGED,
    "Close": AlertStatus.RESOLVED,
    "Delete": AlertStatus.RESOLVED,
}
_MOST_TAGS = 20


class OpsGenie(Source):
    slug = "opsgenie"
    label = "Opsgenie Alert API"
    group_text = "By alias: each alert is a group of its own."
    set_up = """\
Point the sender's Opsgenie address here and give it the integration key:

- API address: `{base_url}`
- API key: `{key}`

In `alertmanager.yml` for example:

```yaml
receivers:
  - name: tocsin
    opsgenie_configs:
      - api_key: {key}
        api_url: {base_url}/
```

```sh
curl -X POST {base_url}/v2/alerts -H "Authorization: GenieKey {key}" -H 'Content-Type: application/json' -d '{
  "message": "Disk almost full on db-1", "alias": "db-1/disk", "priority": "P1", "tags": ["storage"]
}'
```

While Opsgenie still runs, its webhook integration can forward to `{url}`, too.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert: created, closed by what sees it end, or told of by a webhook."""
        closed = received.headers.get(":closes")
        if closed:
            return [ParsedAlert(dedup_key=closed, title="", status=AlertStatus.RESOLVED)]
        body = expect_object(received.json())
        told = body.get("alert")
        if isinstance(told, dict) and isinstance(body.get("action"), str):
            return [_of_webhook(body["action"], told)]
        alias = received.headers.get(":dedup_key") or text_at(body, "alias") or text_at(body, "message")
        return [_created(body, alias)]

    def action(self, received: Received) -> Asked:
        """What is to be done to which alert. A body that cannot be read says nothing more."""
        try:
            given = received.json() if received.body.strip() else {}
        except Unreadable:
            given = {}
        body = given if isinstance(given, dict) else {}
        action = Action(received.headers[asked.KEPT_AS])
        name, kind = received.headers.get(":identifier", ""), received.headers.get(":identifier_type", "id")
        who = text_at(body, "user") or text_at(body, "source")
        return Asked(
            action,
            alert_id=_number(name, kind),
            dedup_key=name if kind == "alias" else "",
            who=who[:100],
            note=text_at(body, "note"),
            text=_about(action, body),
            until=received.moment(body.get("endTime")),
            words=_words(action, body, received.query),
            pairs=as_texts(body.get("details")),
        )

    def request_for(self, example: Example, key: str) -> tuple[str, bytes]:
        """To the address with the key, where no header is needed."""
        return f"/integrations/{self.slug}/{key}/", example.encoded()

    examples = (
        Example(
            "firing",
            {
                "message": "Disk almost full on db-1",
                "alias": "db-1/disk",
                "description": "97 % of /var",
                "responders": [{"type": "team", "name": "storage"}, {"type": "user", "username": "ada@example.com"}],
                "tags": ["storage", "database"],
                "details": {"host": "db-1", "source": "cron"},
                "entity": "db-1",
                "priority": "P1",
            },
            (Expected(AlertStatus.FIRING, "Disk almost full on db-1", Severity.CRITICAL, "db-1/disk"),),
        ),
        Example(
            "minimal",
            {"message": "Backup of db-2 is missing"},
            (Expected(AlertStatus.FIRING, "Backup of db-2 is missing"),),
        ),
        Example(
            "webhook",
            {
                "action": "Create",
                "integrationName": "To Tocsin",
                "alert": {"alertId": "70413a06", "alias": "db-3/load", "message": "Load of db-3", "priority": "P3"},
            },
            (Expected(AlertStatus.FIRING, "Load of db-3", Severity.WARNING, "db-3/load"),),
        ),
        Example(
            "resolved",
            {"action": "Close", "alert": {"alertId": "70413a38", "alias": "db-1/disk", "message": "Disk of db-1"}},
            (Expected(AlertStatus.RESOLVED, "Disk of db-1", None, "db-1/disk"),),
        ),
    )


def _created(body: dict[str, Json], alias: str) -> ParsedAlert:
    message, description = text_at(body, "message"), text_at(body, "description")
    if not (alias or message or description):
        raise Unreadable("no_content", "The alert has no message.")
    priority = text_at(body, "priority").upper()
    fields = opsgenie.Fields(
        tags=_tags(body),
        details=as_texts(body.get("details")),
        entity=text_at(body, "entity"),
        source=text_at(body, "source"),
        priority=priority,
        responders=_responders(body),
    )
    said = {name: text_at(body, name) for name in ("user", "note")}
    actions = ", ".join(_texts(body.get("actions")))
    return ParsedAlert(
        dedup_key=alias or message,
        title=message or description.partition("\n")[0] or alias,
        severity=opsgenie.severity_for(priority),
        description=description,
        labels=fields.labels(),
        annotations={name: value for name, value in {**said, "actions": actions}.items() if value},
        # As the vendor does: a create for an alias that is open adds to its count and changes nothing of what it says.
        only_counts=True,
    )


def _of_webhook(action: str, told: dict[str, Json]) -> ParsedAlert:
    status = _TOLD.get(action)
    if status is None:
        raise Ignored(
            "no_alert", f"Opsgenie tells of “{action[:60]}”, which is neither the start of an alert nor its end."
        )
    alert = _created(told, text_at(told, "alias") or text_at(told, "alertId"))
    alert.status = status
    alert.only_counts = action != "Create"
    if status is AlertStatus.RESOLVED:
        alert.severity = None
    return alert


def _number(name: str, kind: str) -> int | None:
    if kind == "tiny":
        return int(name) if name.isascii() and name.isdecimal() and len(name) < 18 else None
    return opsgenie.alert_of(name) if kind == "id" else None


def _about(action: Action, body: dict[str, Json]) -> str:
    if action is Action.ASSIGN:
        return _who(body.get("owner"), ("username", "name", "id"))
    if action is Action.ESCALATE:
        return _who(body.get("escalation"), ("name", "id"))
    return text_at(body, {Action.NOTE: "note"}.get(action, action.value))


def _words(action: Action, body: dict[str, Json], query: str) -> tuple[str, ...]:
    if action is Action.ADD_TAGS:
        return _tags(body)
    name = {Action.REMOVE_TAGS: "tags", Action.REMOVE_DETAILS: "keys"}.get(action)
    given = ",".join(parse_qs(query).get(name, [])) if name else ""
    return tuple(each.strip() for each in given.split(",") if each.strip())


def _tags(body: Mapping[str, Json]) -> tuple[str, ...]:
    found = dict.fromkeys(opsgenie.tag(each) for each in _texts(body.get("tags")))
    return tuple(each for each in found if each)[:_MOST_TAGS]


def _responders(body: Mapping[str, Json]) -> tuple[str, ...]:
    """As `team:NOC`. Older clients send teams and recipients instead."""
    found = []
    for field, usual in (("responders", "team"), ("teams", "team"), ("recipients", "user")):
        given = body.get(field)
        for each in given[:50] if isinstance(given, list) else ():
            name = _who(each, ("name", "username", "id")) if isinstance(each, dict) else as_text(each)
            kind = text_at(each, "type") if isinstance(each, dict) else ""
            if name:
                found.append(f"{kind or usual}:{opsgenie.tag(name)}")
    return tuple(dict.fromkeys(found))


def _who(given: Json, names: tuple[str, ...]) -> str:
    return next((text_at(given, name) for name in names if text_at(given, name)), "") if isinstance(given, dict) else ""


def _texts(given: Json) -> list[str]:
    return [as_text(each) for each in given[:100] if isinstance(each, str | int)] if isinstance(given, list) else []


SOURCE = OpsGenie()
