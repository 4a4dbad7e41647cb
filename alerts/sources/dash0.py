"""Dash0's check rules by a webhook.

Format: Dash0's documentation, "Webhook" notification channel.
"""

from alerts.models import AlertStatus
from alerts.parsing.fields import all_filled, nothing_to_tell, object_at, objects_at, said
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import (
    Example,
    Expected,
    Ignored,
    Json,
    ParsedAlert,
    Received,
    Source,
    expect_object,
    links_of,
    severity_of,
)
from incidents.models import Severity

_STATUSES = {
    "alert.ongoing": AlertStatus.FIRING,
    "alert.resolved": AlertStatus.RESOLVED,
    "alert.closed": AlertStatus.RESOLVED,
}
_SEVERITIES = {"degraded": Severity.WARNING, "failed": Severity.CRITICAL}


def _example(kind: str, status: str, **times: str) -> dict[str, Json]:
    return {
        "type": kind,
        "data": {
            "issue": {
                "id": "155e0000-0000-4000-8000-000000000001",
                "issueIdentifier": "4455667788990011223",
                "dataset": "live",
                "status": status,
                "summary": "Basket answers slowly",
                "description": "p95 above 800 ms",
                "labels": [{"key": "service.name", "value": {"stringValue": "basket"}}],
                "annotations": [],
                "checkrules": [{"name": "Latency", "url": "https://app.dash0.example.com/check-rules/1"}],
                "url": "https://app.dash0.example.com/failed-checks/1",
                **times,
            }
        },
    }


class Dash0(Source):
    slug = "dash0"
    label = "Dash0"
    group_text = "By check rule and resource: each pair is a group of its own."
    set_up = """\
In **Settings → Notification Channels → Add → Webhook**:

- URL: `{base_url}/integrations/dash0/`
- Additional HTTP headers: `Authorization`, `Bearer {key}`

Then choose the channel in your check rules.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert; none for an issue that another version of its rule replaces."""
        body = expect_object(received.json())
        kind, issue = said(body, "type"), object_at(body, "data.issue")
        if kind == "alert.superseded":
            # Not over: what takes its place has the same identifier and tells how things are.
            raise Ignored("superseded", "The check rule was changed; the issue of its new version follows if it fails.")
        if not issue:
            raise Unreadable("unexpected_shape", "The message has no issue, which Dash0 always sends.")
        key = said(issue, "issueIdentifier", "id")
        if not key:
            raise nothing_to_tell("Dash0")
        rule = next(iter(objects_at(issue, "checkrules")), {})
        state = said(issue, "status").lower()
        status = _STATUSES.get(kind, AlertStatus.RESOLVED if state == "resolved" else AlertStatus.FIRING)
        labels = _pairs(issue.get("labels"))
        return [
            ParsedAlert(
                dedup_key=key,
                title=said(issue, "summary") or said(rule, "name") or f"Issue {key}",
                status=status,
                severity=_SEVERITIES.get(state) or severity_of(state) or severity_of(labels.get("severity")),
                description=said(issue, "description"),
                labels={**labels, **all_filled({"check_rule": rule.get("name"), "dataset": issue.get("dataset")})},
                annotations={**_pairs(issue.get("annotations")), **all_filled({"expression": rule.get("expression")})},
                links=links_of(("Issue", issue.get("url")), ("Check rule", rule.get("url"))),
                started_at=received.moment(issue.get("start")),
                ended_at=received.moment(issue.get("end")) if status is AlertStatus.RESOLVED else None,
            )
        ]

    examples = (
        Example(
            "firing",
            _example("alert.ongoing", "degraded", start="2026-03-01T10:00:00.123456789Z"),
            (Expected(AlertStatus.FIRING, "Basket answers slowly", Severity.WARNING, "4455667788990011223"),),
        ),
        Example(
            "resolved",
            _example("alert.resolved", "resolved", start="2026-03-01T10:00:00Z", end="2026-03-01T10:09:00Z"),
            (Expected(AlertStatus.RESOLVED, "Basket answers slowly", None, "4455667788990011223"),),
        ),
    )


def _pairs(value: Json) -> dict[str, str]:
    """OpenTelemetry's attributes, whose values name their type, or a plain object."""
    if isinstance(value, dict):
        return all_filled(value)
    found = {said(each, "key"): each.get("value") for each in objects_at(value)}
    plain = {name: next(iter(each.values()), "") if isinstance(each, dict) else each for name, each in found.items()}
    return all_filled(plain)


SOURCE = Dash0()
