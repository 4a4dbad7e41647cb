"""Alerts, timeline entries and requests in the shapes of Opsgenie's answers. Pure but for what is loaded already."""

import uuid
from datetime import UTC, datetime
from typing import Any

from alerts.models import Alert, AlertStatus, Event, EventStatus
from alerts.parsing import opsgenie
from alerts.parsing.asked import KEPT_AS
from alerts.receiving.entrances.opsgenie import CALLS, CLOSES
from incidents.models import Incident, TimelineEntry
from incidents.states import OPEN, Status

Shape = dict[str, Any]
_BY_ACTION = {call.action.value: call for call in CALLS}


def new_request_id() -> str:
    """For what is answered at once."""
    return str(uuid.uuid4())


def short(alert: Alert) -> Shape:
    """An alert in a list."""
    incident = alert.incident
    is_open = _is_open(alert)
    is_acknowledged = is_open and incident is not None and incident.status == Status.ACKNOWLEDGED
    is_snoozed = is_open and incident is not None and incident.status == Status.SNOOZED
    fields = opsgenie.fields_of(alert.labels)
    shape: Shape = {
        "id": opsgenie.alert_id(alert.pk),
        "tinyId": str(alert.pk),
        "alias": alert.dedup_key,
        "message": alert.title,
        "status": "open" if is_open else "closed",
        "acknowledged": is_acknowledged,
        "isSeen": incident is not None and incident.acknowledged_at is not None,
        "tags": list(fields.tags),
        "snoozed": is_snoozed,
        "count": alert.count,
        "lastOccurredAt": moment_text(alert.last_seen_at),
        "createdAt": moment_text(alert.first_seen_at),
        "updatedAt": moment_text(_updated_at(alert)),
        "source": fields.source or alert.integration.name,
        "owner": _person(incident, "acknowledged_by"),
        "priority": opsgenie.priority_for(alert.severity, fields.priority),
        "teams": [],
        "responders": [_responder(each) for each in fields.responders],
        "integration": {
            "id": opsgenie.integration_id(alert.integration_id),
            "name": alert.integration.name,
            "type": "API",
        },
    }
    if is_snoozed and incident is not None and incident.due_at is not None:
        shape["snoozedUntil"] = moment_text(incident.due_at)
    report = _report(alert)
    return {**shape, "report": report} if report else shape


def whole(alert: Alert) -> Shape:
    """One alert with all it says."""
    fields = opsgenie.fields_of(alert.labels)
    actions = str(alert.annotations.get("actions", ""))
    return {
        **short(alert),
        "actions": [each for each in actions.split(", ") if each],
        "entity": fields.entity,
        "description": alert.description,
        "details": dict(fields.details),
    }


def note(entry: TimelineEntry) -> Shape:
    """What somebody wrote."""
    return {
        "note": entry.text,
        "owner": entry.actor_name,
        "createdAt": moment_text(entry.at),
        "offset": str(entry.pk),
    }


def log(entry: TimelineEntry) -> Shape:
    """What happened."""
    return {
        "log": entry.text,
        "type": entry.actor_kind,
        "owner": entry.actor_name,
        "createdAt": moment_text(entry.at),
        "offset": str(entry.pk),
    }


def status(event: Event, alert: Alert | None) -> Shape:
    """What became of a request."""
    action, done = _told(event, alert)
    is_success = event.status == EventStatus.PROCESSED and alert is not None
    problem = event.problem or "Alert does not exist"
    return {
        "success": is_success,
        "action": action,
        "processedAt": moment_text(event.processed_at or event.received_at),
        "integrationId": opsgenie.integration_id(event.integration_id),
        "isSuccess": is_success,
        "status": done if is_success else problem,
        "alertId": opsgenie.alert_id(alert.pk) if alert is not None and is_success else "",
        "alias": alert.dedup_key if alert is not None and is_success else "",
    }


def _told(event: Event, alert: Alert | None) -> tuple[str, str]:
    notes = event.headers or {}
    name = "close" if f":{CLOSES}" in notes else notes.get(KEPT_AS)
    call = _BY_ACTION.get(str(name))
    if call is not None:
        return call.vendors_name, call.done
    is_new = alert is not None and alert.first_seen_at == event.received_at
    return "Create", "Created alert" if is_new else "Counted with the open alert of the same alias"


def _is_open(alert: Alert) -> bool:
    incident = alert.incident
    return alert.status != AlertStatus.RESOLVED and (incident is None or incident.status in OPEN)


def _updated_at(alert: Alert) -> datetime:
    since = alert.incident.status_since if alert.incident is not None else None
    return max(each for each in (alert.last_seen_at, alert.resolved_at, since) if each is not None)


def _report(alert: Alert) -> Shape:
    """How long it took, in milliseconds."""
    incident = alert.incident
    report: Shape = {}
    if incident is not None and incident.acknowledged_at is not None:
        report["ackTime"] = _milliseconds(alert.first_seen_at, incident.acknowledged_at)
        report["acknowledgedBy"] = _person(incident, "acknowledged_by") or incident.acknowledged_via
    closed_at = alert.resolved_at or (incident.resolved_at if incident is not None else None)
    if not _is_open(alert) and closed_at is not None:
        report["closeTime"] = _milliseconds(alert.first_seen_at, closed_at)
        report["closedBy"] = _person(incident, "resolved_by") or alert.integration.name
    return report


def _milliseconds(start: datetime, end: datetime) -> int:
    return max(0, int((end - start).total_seconds() * 1000))


def _person(incident: Incident | None, field: str) -> str:
    user = getattr(incident, field) if incident is not None else None
    return (user.email or user.username) if user is not None else ""


def _responder(text: str) -> dict[str, str]:
    kind, _, name = text.partition(":")
    return {"type": kind, "id": name, "username" if kind == "user" else "name": name}


def moment_text(at: datetime) -> str:
    """As the vendor writes it: with milliseconds and a Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
