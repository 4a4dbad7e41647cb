"""Grafana's legacy dashboard alerting, webhook notification channel (up to Grafana 10).

Format: Grafana's documentation of legacy alerting, "Alert notifications: Webhook". The rule's number is unique within
one Grafana and organisation, which only the rule's address tells; what a rule has matched is empty when it is over.
"""

from urllib.parse import parse_qs, urlsplit

from alerts.models import AlertStatus
from alerts.parsing.fields import identity, objects_at, text_at
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import (
    Example,
    Expected,
    Ignored,
    Json,
    ParsedAlert,
    Received,
    Source,
    as_texts,
    expect_object,
    links_of,
    severity_of,
)
from incidents.models import Severity

_STATUSES = {
    "alerting": AlertStatus.FIRING,
    "no_data": AlertStatus.FIRING,
    "ok": AlertStatus.RESOLVED,
}
_QUIET = frozenset({"pending", "paused", "unknown"})


class GrafanaLegacy(Source):
    slug = "grafana_legacy"
    label = "Grafana (legacy alerting)"
    group_text = "By rule: each alert is a group of its own."
    set_up = """\
In Grafana under **Alerting → Notification channels → New channel**:

- Type: `webhook`
- Url: `{url}`
- HTTP Method: `POST`

Leave *Disable resolve message* off, and add the channel to the alert rules. For Grafana 9 and later make an
integration of the kind *Grafana Alerting* instead. A tag `severity` on the rule is read as the severity.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert, that of the rule."""
        body = expect_object(received.json())
        if isinstance(body.get("alerts"), list):
            raise Unreadable(
                "unified_alerting", "This is a message of the newer Grafana Alerting: make an integration of that kind."
            )
        state = text_at(body, "state").lower()
        name = text_at(body, "ruleName", "title")
        if not name:
            raise Unreadable("unexpected_shape", "The message names no rule, which Grafana always does.")
        if state in _QUIET:
            raise Ignored("state_" + state, f"The rule is {state}: that is no alert yet.")
        return [
            ParsedAlert(
                dedup_key=_identity(body) or name,
                title=_title(body, name, state),
                status=_STATUSES.get(state, AlertStatus.FIRING),
                severity=severity_of(text_at(body, "tags.severity", "tags.priority", "tags.level")),
                description=text_at(body, "message"),
                labels={"alertname": name, **_shared_tags(body), **as_texts(body.get("tags"))},
                annotations=_values(body),
                links=links_of(("Rule", body.get("ruleUrl")), ("Image", body.get("imageUrl"))),
            )
        ]

    examples = (
        Example(
            "firing",
            {
                "dashboardId": 4,
                "evalMatches": [{"metric": "p95", "value": 812.5, "tags": {"host": "web-3", "zone": "a"}}],
                "message": "Answers take longer than half a second",
                "orgId": 2,
                "panelId": 9,
                "ruleId": 41,
                "ruleName": "Slow answers",
                "ruleUrl": "https://grafana.example.com/d/k3/web?tab=alert&panelId=9&orgId=2",
                "state": "alerting",
                "tags": {"severity": "critical", "team": "shop"},
                "title": "[Alerting] Slow answers",
            },
            (Expected(AlertStatus.FIRING, "Slow answers", Severity.CRITICAL, "grafana.example.com/2/41"),),
        ),
        Example(
            "resolved",
            {
                "evalMatches": [],
                "message": "Answers take longer than half a second",
                "ruleId": 41,
                "ruleName": "Slow answers",
                "ruleUrl": "https://grafana.example.com/d/k3/web?tab=alert&panelId=9&orgId=2",
                "state": "ok",
                "tags": {"severity": "critical", "team": "shop"},
                "title": "[OK] Slow answers",
            },
            (Expected(AlertStatus.RESOLVED, "Slow answers", Severity.CRITICAL, "grafana.example.com/2/41"),),
        ),
        Example(
            "no_data",
            {"ruleId": 42, "ruleName": "Queue length", "state": "no_data", "title": "[No Data] Queue length"},
            (Expected(AlertStatus.FIRING, "Queue length (no data)", None, "42"),),
        ),
    )


def _identity(body: dict[str, Json]) -> str:
    try:
        address = urlsplit(text_at(body, "ruleUrl"))
    except ValueError:
        address = urlsplit("")
    organisation = parse_qs(address.query).get("orgId", [""])[0] or text_at(body, "orgId")
    rule = text_at(body, "ruleId")
    return identity(address.netloc, organisation, rule) if rule else ""


def _title(body: dict[str, Json], name: str, state: str) -> str:
    title = text_at(body, "title") or name
    if title.startswith("["):
        title = title.partition("]")[2].strip() or name
    return f"{title} (no data)" if state == "no_data" else title


def _shared_tags(body: dict[str, Json]) -> dict[str, str]:
    """The tags all that has matched has in common."""
    each = [as_texts(match.get("tags")) for match in objects_at(body, "evalMatches")]
    return {name: tag for name, tag in each[0].items() if all(tags.get(name) == tag for tags in each)} if each else {}


def _values(body: dict[str, Json]) -> dict[str, str]:
    return {text_at(match, "metric"): text_at(match, "value") for match in objects_at(body, "evalMatches")[:20]}


SOURCE = GrafanaLegacy()
