"""Sentry: issues, issue alerts and metric alerts of an internal integration, and the older webhooks plugin.

Format: Sentry's documentation, "Integration platform: Webhooks". An issue alert never tells that it is over; that comes
as news of its issue, so both are known by the issue's number. Archiving ends an issue as resolving does.
"""

import re
from datetime import timedelta

from alerts.models import AlertStatus
from alerts.parsing.authentication import Signed, by
from alerts.parsing.fields import at, labels_at, object_at, said, text_at
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

_ISSUE_ENDS = frozenset({"resolved", "archived", "ignored"})
_ISSUE_BEGINS = frozenset({"created", "unresolved", "triggered"})
_NEVER_RESOLVED = timedelta(days=1)  # most rules tell within a day again of what goes on
_PROJECT = re.compile(r"/projects/([^/]+)/([^/]+)/")


class Sentry(Source):
    slug = "sentry"
    label = "Sentry"
    authentication = by(Signed("sentry-hook-signature"))
    group_text = "By issue or metric alert: each is a group of its own."
    set_up = """\
In Sentry under **Settings → Custom Integrations → Create New Integration → Internal Integration**:

- Webhook URL: `{url}`
- *Alert Rule Action*: on
- Permissions: *Issue & Event: Read*
- Webhooks: *issue*; without it nothing tells that an issue is resolved in Sentry

Then choose the integration as the action of your alert rules: *Send a notification via…*.

What an issue alert, or the older webhooks plugin, tells of is over a day after it came last, if Sentry does not tell of
it earlier. With the webhook *issue* you may set the integration's `resolve_after` to `0s`: then Sentry alone ends it.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert. The shape tells the kind of message; the header that names it may be lost on the way."""
        body = expect_object(received.json())
        if object_at(body, "data.metric_alert"):
            return [_metric_alert(body, received)]
        if object_at(body, "data.issue"):
            return [_issue(body, received)]
        event = object_at(body, "data.event") or object_at(body, "data.error")
        if event:
            return [_event(body, event, received)]
        if text_at(body, "id") and (body.get("event") or body.get("project")):
            return [_legacy(body, received)]
        if "action" in body or "installation" in body:
            raise Ignored("other_resource", "News of something else than an issue or an alert.")
        raise Unreadable("unexpected_shape", "The message tells of no issue and no alert, as Sentry's messages do.")

    examples = (
        Example(
            "firing",
            {
                "action": "triggered",
                "actor": {"id": "sentry", "type": "application"},
                "data": {
                    "event": {
                        "issue_id": "77003",
                        "level": "fatal",
                        "title": "KeyError: 'basket'",
                        "culprit": "shop.views.pay",
                        "datetime": "2026-03-01T09:14:00.250000Z",
                        "environment": "production",
                        "tags": [["release", "shop@4.2.0"], ["server_name", "web-2"]],
                        "url": "https://sentry.example.com/api/0/projects/acme/shop/events/1f/",
                        "web_url": "https://sentry.example.com/organizations/acme/issues/77003/events/1f/",
                    },
                    "triggered_rule": "New in production",
                },
            },
            (Expected(AlertStatus.FIRING, "KeyError: 'basket'", Severity.CRITICAL, "issue/77003"),),
        ),
        Example(
            "resolved",
            {
                "action": "resolved",
                "actor": {"id": 9, "name": "Ada", "type": "user"},
                "data": {
                    "issue": {
                        "id": "77003",
                        "level": "fatal",
                        "status": "resolved",
                        "title": "KeyError: 'basket'",
                        "project": {"id": "4", "slug": "shop"},
                    }
                },
            },
            (Expected(AlertStatus.RESOLVED, "KeyError: 'basket'", Severity.CRITICAL, "issue/77003"),),
        ),
        Example(
            "acknowledged",
            {
                "action": "assigned",
                "actor": {"id": 9, "name": "Ada", "type": "user"},
                "data": {"issue": {"id": "77003", "level": "fatal", "title": "KeyError: 'basket'"}},
            },
            (Expected(AlertStatus.ACKNOWLEDGED, "KeyError: 'basket'", Severity.CRITICAL, "issue/77003"),),
        ),
        Example(
            "metric_alert",
            {
                "action": "warning",
                "data": {
                    "description_title": "Warning: Slow basket",
                    "description_text": "p95 is 3.1 s\\nFilter: transaction:/basket",
                    "metric_alert": {
                        "id": "12",
                        "alert_rule": {"id": "3", "name": "Slow basket"},
                        "projects": ["shop"],
                    },
                    "web_url": "https://sentry.example.com/organizations/acme/alerts/12/",
                },
            },
            (Expected(AlertStatus.FIRING, "Slow basket", Severity.WARNING, "metric_alert/12"),),
        ),
        Example(
            "older_plugin",
            {
                "id": "88110",
                "project": "jobs",
                "level": "warning",
                "message": "Job took too long",
                "url": "https://sentry.example.com/acme/jobs/issues/88110/",
                "event": {"environment": "staging", "tags": [["worker", "w-1"]]},
            },
            (Expected(AlertStatus.FIRING, "Job took too long", Severity.WARNING, "issue/88110"),),
        ),
    )


def _metric_alert(body: dict[str, Json], received: Received) -> ParsedAlert:
    alert = object_at(body, "data.metric_alert")
    action = text_at(body, "action").lower()
    is_over = action in ("resolved", "closed")
    rule = text_at(alert, "alert_rule.name") or text_at(body, "data.description_title") or text_at(alert, "title")
    labels = labels_at(
        alert,
        {"rule": "alert_rule.name", "environment": "alert_rule.environment", "project": ("projects.0",)},
    )
    return ParsedAlert(
        dedup_key="metric_alert/" + (said(alert, "id", "identifier", "alert_rule.id") or rule),
        title=rule or "Metric alert",
        status=AlertStatus.RESOLVED if is_over else AlertStatus.FIRING,
        severity=None if is_over else severity_of(action),
        description=text_at(body, "data.description_text").replace("\\n", "\n"),
        labels=labels,
        annotations=labels_at(alert, {"query": "alert_rule.query", "aggregate": "alert_rule.aggregate"}),
        links=links_of(("Sentry", at(body, "data.web_url"))),
        started_at=received.moment(alert.get("date_started")),
        ended_at=received.moment(alert.get("date_closed")) if is_over else None,
    )


def _issue(body: dict[str, Json], received: Received) -> ParsedAlert:
    issue = object_at(body, "data.issue")
    action = text_at(body, "action").lower()
    if action in _ISSUE_ENDS:
        status = AlertStatus.RESOLVED
    elif action in _ISSUE_BEGINS:
        status = AlertStatus.FIRING
    elif action == "assigned" and text_at(body, "actor.type") == "user":
        # Ownership rules assign too, and nobody has seen it then.
        status = AlertStatus.ACKNOWLEDGED
    else:
        raise Ignored("other_action", f"An issue was {action or 'changed'}: that is no news of an alert.")
    return ParsedAlert(
        dedup_key=f"issue/{_number(issue, 'id')}",
        title=text_at(issue, "title", "metadata.title", "culprit") or "Issue",
        status=status,
        severity=severity_of(issue.get("level")),
        description=text_at(issue, "culprit"),
        labels=labels_at(
            issue, {"project": ("project.slug", "project.name"), "issue": "shortId", "platform": "platform"}
        ),
        links=links_of(("Issue", issue.get("web_url") or issue.get("permalink"))),
        started_at=received.moment(issue.get("firstSeen")) if action == "created" else None,
    )


def _event(body: dict[str, Json], event: dict[str, Json], received: Received) -> ParsedAlert:
    project = _PROJECT.search(text_at(event, "url"))
    labels = {
        **_tags(event.get("tags")),
        **labels_at(event, {"environment": "environment", "platform": "platform", "release": "release"}),
        **({"organization": project[1], "project": project[2]} if project else {}),
        **labels_at(body, {"rule": "data.triggered_rule"}),
    }
    return ParsedAlert(
        dedup_key=f"issue/{_number(event, 'issue_id', 'issue.id', 'groupID')}",
        title=text_at(event, "title", "message", "metadata.value", "culprit") or "Event",
        severity=severity_of(event.get("level")),
        description=text_at(event, "message", "culprit", "location"),
        labels=labels,
        links=links_of(("Event", event.get("web_url"))),
        resolves_after=_NEVER_RESOLVED,
        started_at=received.moment(event.get("datetime") or event.get("timestamp")),
    )


def _legacy(body: dict[str, Json], received: Received) -> ParsedAlert:
    event = object_at(body, "event")
    return ParsedAlert(
        dedup_key=f"issue/{_number(body, 'id')}",
        title=text_at(body, "message") or text_at(event, "title") or text_at(body, "culprit") or "Event",
        severity=severity_of(body.get("level")),
        description=text_at(body, "culprit"),
        labels={
            **_tags(event.get("tags")),
            **labels_at(event, {"environment": "environment", "platform": "platform"}),
            **labels_at(body, {"project": ("project_slug", "project", "project_name"), "logger": "logger"}),
        },
        links=links_of(("Issue", body.get("url"))),
        resolves_after=_NEVER_RESOLVED,
        started_at=received.moment(event.get("timestamp") or event.get("received")),
    )


def _number(value: dict[str, Json], *paths: str) -> str:
    found = said(value, *paths)
    if not found:
        raise Unreadable("no_identity", "The message does not say which issue it is about.")
    return found


def _tags(pairs: Json) -> dict[str, str]:
    usable = [pair for pair in pairs if isinstance(pair, list) and len(pair) == 2] if isinstance(pairs, list) else []
    return {as_text(name): as_text(tag) for name, tag in usable if name != "level"}


SOURCE = Sentry()
