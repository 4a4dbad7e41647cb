"""ThousandEyes by a webhook: alerts of tests and of agents.

Format: ThousandEyes' documentation, "Webhooks for alert notifications".
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


def _example(kind: str, **times: str) -> dict[str, Json]:
    return {
        "eventId": "n1ght-1",
        "eventType": kind,
        "alert": {
            "alertId": 900719925474099301,
            "ruleId": 5,
            "ruleName": "Packet loss",
            "ruleExpression": "Loss > 5 %",
            "testName": "Shop from Bergen",
            "type": "HTTP Server",
            "severity": "Major",
            "agents": [{"agentName": "Bergen"}, {"agentName": "Oslo"}],
            "permalink": "https://app.thousandeyes.example.com/alerts/1",
            **times,
        },
    }


class ThousandEyes(Source):
    slug = "thousandeyes"
    label = "ThousandEyes"
    group_text = "By alert, as ThousandEyes numbers them: each is a group of its own."
    set_up = """\
In **Alerts → Alert Rules → Notifications → Integrations → Webhooks → New webhook**:

- Name: `Tocsin`
- URL: `{url}`
- Auth type: none

Choose it in your alert rules, and keep *Send notification when the alert clears* on.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert; none for a test of the webhook."""
        body = expect_object(received.json())
        kind = said(body, "eventType").upper()
        alert = object_at(body, "alert") or object_at(body, "agentAlert")
        if "TEST" in kind and not alert:
            raise Ignored("test", "A test of the webhook: it works.")
        if not alert:
            raise Unreadable("unexpected_shape", "The message has no alert, which ThousandEyes always sends.")
        key = said(alert, "alertId") or said(body, "eventId")
        if not key:
            raise nothing_to_tell("ThousandEyes")
        is_over = kind.endswith("CLEAR")
        agents = [name for each in objects_at(alert, "agents") if (name := said(each, "agentName"))]
        return [
            ParsedAlert(
                dedup_key=key,
                title=": ".join(filter(None, (said(alert, "ruleName"), said(alert, "testName")))) or f"Alert {key}",
                status=AlertStatus.RESOLVED if is_over else AlertStatus.FIRING,
                severity=severity_of(said(alert, "severity")),
                description=said(alert, "ruleExpression"),
                labels=all_filled(
                    {
                        "rule": alert.get("ruleName"),
                        "test": alert.get("testName"),
                        "alert_type": alert.get("type"),
                        "agent": said(alert, "agentName") or ", ".join(agents),
                        "host": alert.get("hostname"),
                    }
                ),
                annotations=all_filled({"address": alert.get("ipAddress"), "event": body.get("eventId")}),
                links=links_of(
                    ("Alert", alert.get("permalink")),
                    *(("Agent", each.get("permalink")) for each in objects_at(alert, "agents")[:5]),
                ),
                started_at=received.moment(said(alert, "dateStartZoned", "dateStart")),
                ended_at=received.moment(said(alert, "dateEndZoned", "dateEnd")) if is_over else None,
            )
        ]

    examples = (
        Example(
            "firing",
            _example("ALERT_NOTIFICATION_TRIGGER", dateStartZoned="2026-03-01 10:00:00 UTC"),
            (Expected(AlertStatus.FIRING, "Packet loss: Shop from Bergen", Severity.ERROR, "900719925474099301"),),
        ),
        Example(
            "resolved",
            _example("ALERT_NOTIFICATION_CLEAR", dateEndZoned="2026-03-01 10:30:00 UTC"),
            (Expected(AlertStatus.RESOLVED, "Packet loss: Shop from Bergen", Severity.ERROR, "900719925474099301"),),
        ),
    )


SOURCE = ThousandEyes()
