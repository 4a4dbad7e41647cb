"""AppDynamics by an HTTP request template, which the user writes; health rule violations that start and end.

Format: AppDynamics' documentation, "HTTP request actions and templates" and "Predefined templating variables".
"""

from datetime import timedelta

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import all_filled, filled, identity, nothing_to_tell, object_at, objects_at, said
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import Example, Expected, Json, ParsedAlert, Received, Source, links_of, severity_of
from incidents.models import Severity

_VIOLATION = ("POLICY_", "HEALTH_RULE_", "HEALTH RULE VIOLATION", "ANOMALY_")
_NEVER_RESOLVED = timedelta(days=1)
_OVER = ("CLOSE", "CANCELED", "CANCELLED", " ENDED", "RESOLVE")


def _example(kind: str, name: str) -> dict[str, Json]:
    return {
        "event": {
            "eventType": kind,
            "displayName": name,
            "guid": "9e0c0000-0000-4000-8000-000000000001",
            "eventTime": "Sun Mar 01 10:00:00 UTC 2026",
            "summaryMessage": "A problem was seen with Node pay-2.",
            "eventMessage": "Calls are slow",
            "application": {"name": "Shop"},
            "tier": {"name": "payments"},
            "node": {"name": "pay-2"},
            "healthRule": {"name": "Calls are slow"},
            "severity": "WARN",
            "deepLink": "https://appdynamics.example.com/#incident=12",
        }
    }


class AppDynamics(Source):
    slug = "appdynamics"
    label = "AppDynamics"
    group_text = "By application, tier, node and health rule."
    set_up = """\
In **Alert & Respond → HTTP Request Templates → New**:

- Request URL: `POST`, `{base_url}/integrations/appdynamics/`
- Custom request headers: `Authorization`, `Bearer {key}`
- MIME type: `application/json`
- Response handling: success on status code `202`
- *One Request Per Event*: **on**
- Payload:

```text
{
  "event": {
    "eventType": "${latestEvent.eventType}",
    "displayName": "${latestEvent.displayName}",
    "guid": "${latestEvent.guid}",
    "eventTime": "${latestEvent.eventTime}",
    "summaryMessage": "${latestEvent.summaryMessage}",
    "application": {"name": "${latestEvent.application.name}"},
    "tier": {"name": "${latestEvent.tier.name}"},
    "node": {"name": "${latestEvent.node.name}"},
    "healthRule": {"name": "${latestEvent.healthRule.name}"},
    "affected": "#foreach(${entity} in ${latestEvent.affectedEntities})${entity.name} #end",
    "severity": "${latestEvent.severity}",
    "deepLink": "${latestEvent.deepLink}"
  }
}
```

Use it in a policy for violations that start, continue, change their severity, **end and are canceled**.
Of any other event AppDynamics never tells the end: here it is over a day after it came last, unless the integration's
`resolve_after` says otherwise.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert per event."""
        body = fields_of(received)
        given = [object_at(body, "event") or object_at(body, "latestEvent")]
        events = objects_at(body, "events") or [each for each in given if each] or [body]
        if not any(each.get(name) for each in events for name in ("eventType", "displayName", "eventMessage")):
            raise Unreadable("unexpected_shape", "The body has no event. The template to use is in the set-up text.")
        return [_alert(each, received) for each in events]

    examples = (
        Example(
            "firing",
            _example("POLICY_OPEN_WARNING", "Health Rule Violation Started - Warning"),
            (
                Expected(
                    AlertStatus.FIRING,
                    "Health Rule Violation Started - Warning: Calls are slow (pay-2)",
                    Severity.WARNING,
                    "Shop/payments/pay-2/Calls are slow",
                ),
            ),
        ),
        Example(
            "resolved",
            _example("POLICY_CLOSE_WARNING", "Health Rule Violation Ended - Warning"),
            (
                Expected(
                    AlertStatus.RESOLVED,
                    "Health Rule Violation Ended - Warning: Calls are slow (pay-2)",
                    Severity.WARNING,
                    "Shop/payments/pay-2/Calls are slow",
                ),
            ),
        ),
        Example(
            "without_values",
            {"event": {"displayName": "Code Problem", "node": {"name": "${latestEvent.node.name}"}, "guid": "9e0c"}},
            (Expected(AlertStatus.FIRING, "Code Problem", None, "9e0c"),),
        ),
    )


def _alert(event: dict[str, Json], received: Received) -> ParsedAlert:
    application, tier, node, rule = (
        filled(object_at(event, each).get("name")) for each in ("application", "tier", "node", "healthRule")
    )
    affected = said(event, "affected")
    name = said(event, "displayName", "eventType") or "Event"
    kind = said(event, "eventType", "displayName").upper()
    # A violation goes by several types from its start to its end; any other event is told from others by its type.
    of_kind = "" if kind.startswith(_VIOLATION) else name
    where = node or tier or application
    key = identity(of_kind, application, tier, node, rule, affected) if where else said(event, "guid", "id", "deepLink")
    if not key:
        raise nothing_to_tell("AppDynamics")
    is_over = any(word in kind for word in _OVER)
    at = received.moment(said(event, "eventTime"))
    return ParsedAlert(
        dedup_key=key,
        title=f"{name}{': ' if rule else ''}{rule}{f' ({where})' if where else ''}",
        status=AlertStatus.RESOLVED if is_over else AlertStatus.FIRING,
        severity=severity_of(said(event, "severity")),
        description="\n".join(filter(None, (said(event, "summaryMessage"), said(event, "eventMessage")))),
        labels=all_filled(
            {
                "application": application,
                "tier": tier,
                "node": node,
                "health_rule": rule,
                "affected": affected,
                "event_type": event.get("eventType"),
            }
        ),
        annotations=all_filled({"guid": event.get("guid"), "event": event.get("id")}),
        links=links_of(("Event", event.get("deepLink"))),
        started_at=None if is_over else at,
        ended_at=at if is_over else None,
        resolves_after=_NEVER_RESOLVED if of_kind else None,
        element=event,
    )


SOURCE = AppDynamics()
