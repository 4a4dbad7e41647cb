"""Jira's webhooks about issues, and the issue as Jira Automation sends it.

Format: Atlassian's documentation, "Webhooks" and "Send web request" of Automation. An issue is over when its status is
in the category "done" or it has a resolution; its number stays when it moves to another project, its key does not.
"""

from urllib.parse import urlsplit

from alerts.models import AlertStatus
from alerts.parsing.authentication import Signed, by
from alerts.parsing.fields import labels_at, object_at, objects_at, said, text_at
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
    expect_object,
    links_of,
    severity_of,
)
from incidents.models import Severity

_PRIORITIES = {"blocker": "critical", "highest": "critical", "lowest": "info", "trivial": "info"}
_TELLING = frozenset({"status", "resolution", "priority"})


class Jira(Source):
    slug = "jira"
    label = "Jira"
    authentication = by(Signed("x-hub-signature", prefix="*="))
    group_text = "By issue: each is a group of its own."
    set_up = """\
In Jira under **Settings → System → WebHooks → Create a WebHook**:

- URL: `{url}`
- Issue related events: a JQL filter of what shall page, for example `project = OPS AND issuetype = Incident`
- Events: *Issue created*, *Issue updated*, *Issue deleted*

Or in an automation rule: *Send web request*, the same address, method `POST`, body *Issue data*. An issue that is taken
into work is acknowledged, one that is done is resolved.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert, the issue's."""
        body = expect_object(received.json())
        event = text_at(body, "webhookEvent")
        issue = object_at(body, "issue") or (body if isinstance(body.get("fields"), dict) else {})
        if event and not event.startswith("jira:issue_"):
            raise Ignored("other_event", f"“{event}” is no news of an issue's status.")
        number = said(issue, "id", "key")
        if not number:
            raise Unreadable("unexpected_shape", "The message has no issue, which Jira sends with issue events.")
        fields = object_at(issue, "fields")
        status = _status(event, fields, body)
        key = text_at(issue, "key")
        priority = text_at(fields, "priority.name").lower()
        moment = received.moment(body.get("timestamp") or fields.get("updated"))
        return [
            ParsedAlert(
                dedup_key=number,
                title=text_at(fields, "summary") or key or number,
                status=status,
                severity=severity_of(_PRIORITIES.get(priority, priority)),
                description=_plain(fields.get("description")),
                labels={**({"issue": key} if key else {}), **_labels(fields)},
                annotations=labels_at(
                    fields,
                    {
                        "status": "status.name",
                        "reporter": "reporter.displayName",
                        "assignee": "assignee.displayName",
                        "resolution": "resolution.name",
                    },
                ),
                links=links_of(("Issue", _address(text_at(issue, "self"), key))),
                started_at=moment if status is AlertStatus.FIRING else None,
                ended_at=moment if status is AlertStatus.RESOLVED else None,
            )
        ]

    examples = (
        Example(
            "firing",
            {
                "webhookEvent": "jira:issue_created",
                "timestamp": 1772323200000,
                "issue": {
                    "id": "20817",
                    "self": "https://jira.example.com/rest/api/3/issue/20817",
                    "key": "OPS-311",
                    "fields": {
                        "summary": "The warehouse door does not open",
                        "description": {
                            "type": "doc",
                            "content": [{"type": "paragraph", "content": [{"type": "text", "text": "Gate 4"}]}],
                        },
                        "issuetype": {"name": "Incident"},
                        "priority": {"name": "Highest"},
                        "project": {"key": "OPS", "name": "Operations"},
                        "status": {"name": "To do", "statusCategory": {"key": "new"}},
                        "labels": ["gate", "berlin"],
                    },
                },
            },
            (Expected(AlertStatus.FIRING, "The warehouse door does not open", Severity.CRITICAL, "20817"),),
        ),
        Example(
            "acknowledged",
            {
                "webhookEvent": "jira:issue_updated",
                "timestamp": 1772323500000,
                "issue": {
                    "id": "20817",
                    "key": "OPS-311",
                    "fields": {
                        "summary": "The warehouse door does not open",
                        "priority": {"name": "Highest"},
                        "status": {"name": "In work", "statusCategory": {"key": "indeterminate"}},
                    },
                },
                "changelog": {"items": [{"field": "status", "fromString": "To do", "toString": "In work"}]},
            },
            (Expected(AlertStatus.ACKNOWLEDGED, "The warehouse door does not open", Severity.CRITICAL, "20817"),),
        ),
        Example(
            "resolved",
            {
                "webhookEvent": "jira:issue_updated",
                "timestamp": 1772326800000,
                "issue": {
                    "id": "20817",
                    "key": "OPS-311",
                    "fields": {
                        "summary": "The warehouse door does not open",
                        "priority": {"name": "Highest"},
                        "status": {"name": "Done", "statusCategory": {"key": "done"}},
                    },
                },
                "changelog": {"items": [{"field": "status", "fromString": "In work", "toString": "Done"}]},
            },
            (Expected(AlertStatus.RESOLVED, "The warehouse door does not open", Severity.CRITICAL, "20817"),),
        ),
    )


def _status(event: str, fields: dict[str, Json], body: dict[str, Json]) -> AlertStatus:
    if event == "jira:issue_deleted":
        return AlertStatus.RESOLVED
    changed = {text_at(item, "field") for item in objects_at(body, "changelog.items")}
    if changed and not changed & _TELLING:
        raise Ignored("other_change", "The issue was changed, but not in what says how it stands.")
    category = text_at(fields, "status.statusCategory.key")
    if category == "done" or fields.get("resolution"):
        return AlertStatus.RESOLVED
    if category == "indeterminate" and event != "jira:issue_created":
        return AlertStatus.ACKNOWLEDGED
    return AlertStatus.FIRING


def _labels(fields: dict[str, Json]) -> dict[str, str]:
    labels = labels_at(
        fields,
        {"project": "project.key", "type": "issuetype.name", "priority": "priority.name", "environment": "environment"},
    )
    given = fields.get("labels")
    several = {
        "labels": [as_text(each) for each in given] if isinstance(given, list) else [],
        "components": [text_at(each, "name") for each in objects_at(fields, "components")],
    }
    return labels | {name: ", ".join(words) for name, words in several.items() if words}


def _plain(description: Json) -> str:
    """The text of a description: text as it is, Atlassian's document format without its marks."""
    if not isinstance(description, dict):
        return as_text(description)
    paragraphs = []
    for block in objects_at(description, "content"):
        waiting, words = [block], []
        while waiting:
            node = waiting.pop()
            words.append(text_at(node, "text"))
            waiting.extend(reversed(objects_at(node, "content")))
        paragraphs.append("".join(words))
    return "\n".join(paragraphs)


def _address(api: str, key: str) -> str:
    try:
        parts = urlsplit(api)
    except ValueError:
        return ""
    prefix = parts.path.partition("/rest/api/")[0]
    return f"{parts.scheme}://{parts.netloc}{prefix}/browse/{key}" if parts.netloc and key else ""


SOURCE = Jira()
