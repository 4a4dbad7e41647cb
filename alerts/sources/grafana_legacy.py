"""Grafana's legacy dashboard alerting, webhook notification channel (up to Grafana 10).

Format: Grafana's documentation of legacy alerting, "Alert notifications: Webhook". The rule's number is unique within
one Grafana and organisation, which only the rule's address tells; what a rule has matched is empty when it is over.

Grafana OnCall's address for it takes the messages of unified alerting, and what was meant for Slack, too; so do we.
"""

import re
from dataclasses import replace
from urllib.parse import SplitResult, parse_qs, urlsplit

from alerts.models import AlertStatus
from alerts.parsing.fields import identity, key_of_content, objects_at, said, text_at
from alerts.parsing.labelsets import alerts_of
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
_STATES = frozenset({"alerting", "firing", "no data", "no_data", "ok", "resolved", "pending", "paused", "unknown"})
_OVER_FOR_SLACK = frozenset({"ok", "resolved"})
_GREEN = frozenset({"#36a64f", "good"})


class GrafanaLegacy(Source):
    slug = "grafana_legacy"
    label = "Grafana (legacy alerting)"
    group_text = "By rule, in messages of the newer alerting by labels: each alert is a group of its own."
    set_up = """\
In Grafana under **Alerting → Notification channels → New channel**:

- Type: `webhook`
- Url: `{url}`
- HTTP Method: `POST`

Leave *Disable resolve message* off, and add the channel to the alert rules. A tag `severity` on the rule is read as the
severity. For Grafana 9 and later make an integration of the kind *Grafana Alerting* instead. What that sends is read
here, too, without its links to panels and silences; and so is a channel of the type *Slack* with this address.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert, that of the rule; one for each in a message of unified alerting, or of those meant for Slack."""
        body = expect_object(received.json())
        if isinstance(body.get("alerts"), list):
            return [replace(alert, group="") for alert in alerts_of(received, "Grafana")]
        attachments = objects_at(body, "attachments")
        if attachments:
            return _meant_for_slack(attachments)
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
        Example(
            "unified",
            {
                "receiver": "oncall",
                "status": "firing",
                "groupKey": "{}:{}",
                "state": "alerting",
                "title": "[FIRING:1] Slow answers",
                "alerts": [
                    {
                        "status": "firing",
                        "labels": {"alertname": "Slow answers", "severity": "critical"},
                        "annotations": {"summary": "p95 is above 0.5 s"},
                        "startsAt": "2026-03-01T11:00:03+02:00",
                        "endsAt": "0001-01-01T00:00:00Z",
                        "fingerprint": "00112233445566aa",
                    }
                ],
            },
            (Expected(AlertStatus.FIRING, "Slow answers", Severity.CRITICAL, "00112233445566aa"),),
        ),
        Example(
            "meant_for_slack",
            {
                "channel": "#nights",
                "attachments": [
                    {
                        "color": "#D63232",
                        "title": "[Alerting] Slow answers",
                        "title_link": "https://grafana.example.com/d/k3/web?tab=alert&panelId=9&orgId=2",
                        "text": "Answers take longer than half a second",
                        "fields": [{"title": "p95", "value": 812.5, "short": True}],
                    }
                ],
            },
            (Expected(AlertStatus.FIRING, "Slow answers", None, "grafana.example.com/d/k3/web/9/Slow answers"),),
        ),
    )


def _meant_for_slack(attachments: list[dict[str, Json]]) -> list[ParsedAlert]:
    told = [_attachment(each) for each in attachments if _word(said(each, "title")) not in _QUIET]
    if not told:
        raise Ignored("state_quiet", "The rule is paused or pending: that is no alert yet.")
    return told


def _attachment(given: dict[str, Json]) -> ParsedAlert:
    title = said(given, "title", "fallback", "text") or "Alert"
    word, name = _word(title), _without_state(title) or "Alert"
    is_over = word in _OVER_FOR_SLACK or (not word and text_at(given, "color").lower() in _GREEN)
    address = _address(text_at(given, "title_link"))
    panel = parse_qs(address.query).get("panelId", [""])[0]
    return ParsedAlert(
        dedup_key=identity(address.netloc + address.path, panel, name) or key_of_content(given),
        title=f"{name} (no data)" if word == "no data" else name,
        status=AlertStatus.RESOLVED if is_over else AlertStatus.FIRING,
        description=text_at(given, "text"),
        labels={"alertname": name},
        annotations={text_at(each, "title"): text_at(each, "value") for each in objects_at(given, "fields")[:20]},
        links=links_of(("Rule", given.get("title_link")), ("Image", given.get("image_url"))),
        element=given,
    )


def _word(title: str) -> str:
    """The state a title begins with: `[Alerting] …`, of unified alerting `[FIRING:2, RESOLVED:1] …`."""
    word = re.split(r"[:\]]", title[1:], maxsplit=1)[0].strip().lower() if title.startswith("[") else ""
    return word if word in _STATES else ""  # `[prod] …` is somebody's own


def _identity(body: dict[str, Json]) -> str:
    address = _address(text_at(body, "ruleUrl"))
    organisation = parse_qs(address.query).get("orgId", [""])[0] or text_at(body, "orgId")
    rule = text_at(body, "ruleId")
    return identity(address.netloc, organisation, rule) if rule else ""


def _address(href: str) -> SplitResult:
    try:
        return urlsplit(href)
    except ValueError:
        return urlsplit("")


def _without_state(title: str) -> str:
    return title.partition("]")[2].strip() if _word(title) else title


def _title(body: dict[str, Json], name: str, state: str) -> str:
    title = _without_state(text_at(body, "title")) or name
    return f"{title} (no data)" if state == "no_data" else title


def _shared_tags(body: dict[str, Json]) -> dict[str, str]:
    """The tags all that has matched has in common."""
    each = [as_texts(match.get("tags")) for match in objects_at(body, "evalMatches")]
    return {name: tag for name, tag in each[0].items() if all(tags.get(name) == tag for tags in each)} if each else {}


def _values(body: dict[str, Json]) -> dict[str, str]:
    return {text_at(match, "metric"): text_at(match, "value") for match in objects_at(body, "evalMatches")[:20]}


SOURCE = GrafanaLegacy()
