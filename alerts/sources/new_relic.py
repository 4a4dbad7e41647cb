"""New Relic: issues sent by a workflow, and incidents of the older notification channels.

Format: New Relic's documentation, "Notification integrations: webhook", with the payload it proposes, and the older
"Webhook format for alert notifications".
"""

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import all_filled, filled, identity, nothing_to_tell, objects_at, said
from alerts.parsing.source import Example, Expected, Json, ParsedAlert, Received, Source, links_of, severity_of
from incidents.models import Severity

_STATUSES = {
    "closed": AlertStatus.RESOLVED,
    "resolved": AlertStatus.RESOLVED,
    "acknowledged": AlertStatus.ACKNOWLEDGED,
}


def _example(state: str) -> dict[str, Json]:
    return {
        "id": "1c9f2b6e-0000-4000-8000-5a5a5a5a5a5a",
        "issueUrl": "https://radar-api.service.newrelic.com/accounts/9/issues/1c9f2b6e",
        "title": "Checkout fails on 'shop'",
        "priority": "HIGH",
        "impactedEntities": ["shop"],
        "totalIncidents": 2,
        "state": state,
        "trigger": "STATE_CHANGE",
        "createdAt": 1772359200000,
        "updatedAt": 1772361000000,
        "alertPolicyNames": ["Shop"],
        "alertConditionNames": ["Checkout fails"],
    }


class NewRelic(Source):
    slug = "new_relic"
    label = "New Relic"
    group_text = "By issue, as New Relic numbers them: each is a group of its own."
    set_up = """\
In **Alerts → Destinations → Webhook**:

- Endpoint URL: `{base_url}/integrations/new_relic/`
- Authorization: *Bearer token*, `{key}`

Then in **Alerts → Workflows**, add the channel *Webhook* with this destination. The payload that New Relic proposes is
right as it is. Leave all of *Activated*, *Acknowledged* and *Closed* on.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert."""
        fields = fields_of(received)
        if "current_state" in fields or "incident_id" in fields:
            return [_incident(fields, received)]
        return [_issue(fields, received)]

    examples = (
        *(
            Example(
                name,
                _example(state),
                (Expected(status, "Checkout fails on 'shop'", Severity.ERROR, "1c9f2b6e-0000-4000-8000-5a5a5a5a5a5a"),),
            )
            for name, state, status in (
                ("firing", "ACTIVATED", AlertStatus.FIRING),
                ("acknowledged", "ACKNOWLEDGED", AlertStatus.ACKNOWLEDGED),
                ("resolved", "CLOSED", AlertStatus.RESOLVED),
            )
        ),
        Example(
            "of_an_older_channel",
            {
                "account_id": 9,
                "account_name": "Shop",
                "incident_id": 31,
                "condition_name": "Checkout fails",
                "current_state": "closed",
                "severity": "WARNING",
                "details": "Back to normal",
                "timestamp": 1772361000000,
            },
            (Expected(AlertStatus.RESOLVED, "Checkout fails", Severity.WARNING, "9/31"),),
        ),
    )


def _names(value: Json) -> str:
    """One name or several, as text."""
    return ", ".join(filter(None, map(filled, value))) if isinstance(value, list) else filled(value)


def _issue(fields: dict[str, Json], received: Received) -> ParsedAlert:
    title = _names(fields.get("title")) or _names(fields.get("alertConditionNames"))
    key = said(fields, "id", "issueId") or identity(title, _names(fields.get("impactedEntities")))
    if not key:
        raise nothing_to_tell("New Relic")
    # An incident of several may be closed, as `trigger` tells, while the issue goes on, as `state` does.
    status = _STATUSES.get(said(fields, "state", "status").lower(), AlertStatus.FIRING)
    return ParsedAlert(
        dedup_key=key,
        title=title or "Issue",
        status=status,
        severity=severity_of(said(fields, "priority", "severity")),
        description=said(fields, "description", "details"),
        labels=all_filled(
            {
                "entity": _names(fields.get("impactedEntities")),
                "policy": _names(fields.get("alertPolicyNames")),
                "condition": _names(fields.get("alertConditionNames")),
                "source": _names(fields.get("sources")),
                "workflow": fields.get("workflowName"),
                "account": fields.get("accountId"),
            }
        ),
        annotations=all_filled({"trigger": fields.get("trigger"), "incidents": fields.get("totalIncidents")}),
        links=links_of(("Issue", said(fields, "issueUrl", "issuePageUrl")), ("Runbook", said(fields, "runbookUrl"))),
        started_at=received.moment(fields.get("createdAt")),
        ended_at=received.moment(said(fields, "closedAt", "updatedAt")) if status is AlertStatus.RESOLVED else None,
    )


def _incident(fields: dict[str, Json], received: Received) -> ParsedAlert:
    number = said(fields, "incident_id")
    condition = said(fields, "condition_name")
    key = identity(fields.get("account_id"), number) if number else identity(fields.get("account_id"), condition)
    if not (number or condition):
        raise nothing_to_tell("New Relic")
    status = _STATUSES.get(said(fields, "current_state").lower(), AlertStatus.FIRING)
    targets = objects_at(fields, "targets")
    at = received.moment(fields.get("timestamp"))
    return ParsedAlert(
        dedup_key=key,
        title=condition or f"Incident {number}",
        status=status,
        severity=severity_of(said(fields, "severity")),
        description=said(fields, "details"),
        labels=all_filled(
            {
                "condition": condition,
                "policy": fields.get("policy_name"),
                "account": fields.get("account_name"),
                "entity": ", ".join(filter(None, (said(each, "name") for each in targets))),
                "owner": fields.get("owner"),
            }
        ),
        links=links_of(
            ("Incident", fields.get("incident_url")),
            ("Runbook", fields.get("runbook_url")),
            ("Policy", fields.get("policy_url")),
            ("Chart", fields.get("violation_chart_url")),
        ),
        started_at=at if status is AlertStatus.FIRING else None,
        ended_at=at if status is AlertStatus.RESOLVED else None,
    )


SOURCE = NewRelic()
