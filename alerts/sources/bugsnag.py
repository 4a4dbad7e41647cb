"""BugSnag's webhook about errors of a project.

Format: BugSnag's documentation, "Webhook". An error ends when somebody marks it as fixed or ignored. Messages about
releases, comments and quotas have no error and no alert.
"""

from alerts.models import AlertStatus
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
    expect_object,
    links_of,
    severity_of,
)
from incidents.models import Severity

_TROUBLE = frozenset({"firstException", "powerTen", "exception", "reopened", "errorEventFrequency"})
_STATES = {
    "fixed": AlertStatus.RESOLVED,
    "ignored": AlertStatus.RESOLVED,
    "snoozed": AlertStatus.ACKNOWLEDGED,
    "in progress": AlertStatus.ACKNOWLEDGED,
    "open": AlertStatus.FIRING,
}
_LABELS = {
    "environment": "releaseStage",
    "error": "exceptionClass",
    "version": "app.version",
    "host": "device.hostname",
}


class Bugsnag(Source):
    slug = "bugsnag"
    label = "BugSnag"
    authentication = None
    group_text = "By error: each is a group of its own."
    set_up = """\
In BugSnag under the project's **Settings → Integrations → Webhook** enter the address `{url}`.

Choose *a new error occurs*, *a fixed error re-occurs* and, so that incidents end by themselves, *the state of an error
is manually changed*.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert, the error's; or that of a project whose errors spike."""
        body = expect_object(received.json())
        kind = text_at(body, "trigger.type")
        error = object_at(body, "error")
        if not kind:
            raise Unreadable("unexpected_shape", "The message has no “trigger.type”, which BugSnag always sends.")
        if kind == "projectSpiking":
            return [_spike(body)]
        status = _STATES.get(text_at(error, "status").lower()) if kind == "errorStateManualChange" else None
        if kind in _TROUBLE:
            status = AlertStatus.FIRING
        if status is None:
            raise Ignored("other_event", f"“{kind}” tells of no alert.")
        number = said(error, "errorId", "id")
        if not number:
            raise Unreadable("no_identity", "The message does not say which error it is about.")
        title = ": ".join(filter(None, (text_at(error, "exceptionClass"), text_at(error, "message"))))
        return [
            ParsedAlert(
                dedup_key=number,
                title=title or text_at(body, "trigger.message") or f"Error {number}",
                status=status,
                severity=severity_of(error.get("severity")),
                description="\n".join(filter(None, (text_at(body, "trigger.message"), text_at(error, "context")))),
                labels={**_project(body), **labels_at(error, _LABELS)},
                annotations=labels_at(error, {"unhandled": "unhandled", "user": "userId"}),
                links=links_of(("Error", error.get("url")), ("Project", at(body, "project.url"))),
                started_at=received.moment(error.get("receivedAt")) if status is AlertStatus.FIRING else None,
            )
        ]

    examples = (
        Example(
            "firing",
            {
                "account": {"id": "a1", "name": "Acme"},
                "project": {"id": "p7", "name": "Warehouse", "url": "https://bugs.example.com/acme/warehouse"},
                "trigger": {"type": "reopened", "message": "Error reopened"},
                "error": {
                    "id": "ev-1",
                    "errorId": "er-900",
                    "exceptionClass": "ZeroDivisionError",
                    "message": "no pallets",
                    "context": "pack/load",
                    "receivedAt": "2026-03-01T08:00:00.000Z",
                    "severity": "warning",
                    "status": "open",
                    "releaseStage": "production",
                },
            },
            (Expected(AlertStatus.FIRING, "ZeroDivisionError: no pallets", Severity.WARNING, "er-900"),),
        ),
        Example(
            "resolved",
            {
                "project": {"id": "p7", "name": "Warehouse"},
                "trigger": {"type": "errorStateManualChange", "message": "Marked as fixed", "stateChange": "fixed"},
                "error": {
                    "id": "ev-2",
                    "errorId": "er-900",
                    "exceptionClass": "ZeroDivisionError",
                    "message": "no pallets",
                    "severity": "warning",
                    "status": "fixed",
                },
            },
            (Expected(AlertStatus.RESOLVED, "ZeroDivisionError: no pallets", Severity.WARNING, "er-900"),),
        ),
        Example(
            "spike",
            {
                "project": {"id": "p7", "name": "Warehouse"},
                "trigger": {"type": "projectSpiking", "message": "Spike in events", "rate": "19/min"},
            },
            (Expected(AlertStatus.FIRING, "Spike in events: Warehouse", None, "spike/p7"),),
        ),
    )


def _project(body: dict[str, Json]) -> dict[str, str]:
    return labels_at(body, {"project": "project.name", "account": "account.name"})


def _spike(body: dict[str, Json]) -> ParsedAlert:
    message = text_at(body, "trigger.message") or "Spike"
    return ParsedAlert(
        dedup_key="spike/" + said(body, "project.id", "project.name"),
        title=": ".join(filter(None, (message, text_at(body, "project.name")))),
        labels=_project(body),
        annotations=labels_at(body, {"rate": "trigger.rate"}),
        links=links_of(("Project", at(body, "project.url"))),
    )


SOURCE = Bugsnag()
