"""Grafana's unified alerting, webhook contact point.

Format: Grafana's documentation, "Configure the webhook notifier for Alerting". It looks like Alertmanager's (and older
releases send exactly that), with `version` "1", links to dashboard, panel and silence, and a group key that is often
`{}:{}`, which says nothing: the receiver and the organisation belong to the group too.
"""

from alerts.models import AlertStatus
from alerts.parsing.authentication import BY_HEADER, Signed, by
from alerts.parsing.labelsets import fingerprint_of, is_zero_time
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
    as_texts,
    expect_object,
    links_of,
    severity_of,
)
from incidents.models import Severity

_STATUSES = {"firing": AlertStatus.FIRING, "resolved": AlertStatus.RESOLVED}
_NO_DATA = frozenset({"DatasourceNoData", "DatasourceError"})


class GrafanaAlerting(Source):
    slug = "grafana_alerting"
    label = "Grafana Alerting"
    authentication = by(
        Signed("x-grafana-alerting-signature", timestamp="x-grafana-alerting-timestamp"), *BY_HEADER.ways
    )
    group_text = "As Grafana groups: by its group key, contact point and organisation."
    set_up = """\
In Grafana under **Alerting → Contact points → New contact point**:

- Integration: `Webhook`
- URL: `{url}`
- HTTP method: `POST`

Leave *Disable resolved message* off. Then name the contact point in a notification policy.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert per element of `alerts`."""
        body = expect_object(received.json())
        elements = body.get("alerts")
        if not isinstance(elements, list):
            raise Unreadable("unexpected_shape", "The message has no list of alerts, which Grafana always sends.")
        if not elements:
            raise Ignored("no_alerts", "The message tells of no alert.")
        group = _group(body)
        return [_alert(each, body, group, received) for each in elements if isinstance(each, dict)]

    examples = (
        Example(
            "firing",
            {
                "receiver": "tocsin",
                "status": "firing",
                "orgId": 1,
                "version": "1",
                "groupKey": "{}:{}",
                "externalURL": "https://grafana.example.com/",
                "title": "[FIRING:1] Checkout is slow (shop)",
                "state": "alerting",
                "alerts": [
                    {
                        "status": "firing",
                        "labels": {"alertname": "Checkout is slow", "severity": "error", "team": "shop"},
                        "annotations": {"summary": "p99 is above 2 s", "runbook_url": "https://wiki.example.com/slow"},
                        "startsAt": "2026-03-01T11:00:03.157076+02:00",
                        "endsAt": "0001-01-01T00:00:00Z",
                        "generatorURL": "https://grafana.example.com/alerting/abc/edit",
                        "fingerprint": "a1b2c3d4e5f60718",
                        "silenceURL": "https://grafana.example.com/alerting/silence/new",
                        "dashboardURL": "",
                        "values": {"B": 2.4},
                    }
                ],
            },
            (Expected(AlertStatus.FIRING, "Checkout is slow", Severity.ERROR, "a1b2c3d4e5f60718"),),
        ),
        Example(
            "resolved",
            {
                "receiver": "tocsin",
                "status": "resolved",
                "orgId": 1,
                "version": "1",
                "groupKey": "{}:{}",
                "externalURL": "https://grafana.example.com/",
                "title": "[RESOLVED] Checkout is slow (shop)",
                "alerts": [
                    {
                        "status": "resolved",
                        "labels": {"alertname": "Checkout is slow", "severity": "error", "team": "shop"},
                        "annotations": {"summary": "p99 is above 2 s"},
                        "startsAt": "2026-03-01T11:00:03.157076+02:00",
                        "endsAt": "2026-03-01T11:30:00+02:00",
                        "fingerprint": "a1b2c3d4e5f60718",
                        "values": None,
                    }
                ],
            },
            (Expected(AlertStatus.RESOLVED, "Checkout is slow", Severity.ERROR, "a1b2c3d4e5f60718"),),
        ),
    )


def _group(body: dict[str, Json]) -> str:
    parts = (body.get("groupKey"), body.get("receiver"), body.get("orgId"), body.get("externalURL"))
    return " ".join(as_text(part) for part in parts if part not in (None, ""))


def _alert(element: dict[str, Json], body: dict[str, Json], group: str, received: Received) -> ParsedAlert:
    labels = as_texts(element.get("labels"))
    annotations = as_texts(element.get("annotations"))
    if element.get("valueString"):
        annotations.setdefault("value", as_text(element["valueString"]))
    elif element.get("values"):
        annotations.setdefault("values", as_text(element["values"]))
    status = _STATUSES.get(as_text(element.get("status") or body.get("status")).lower(), AlertStatus.FIRING)
    ends = element.get("endsAt")
    return ParsedAlert(
        dedup_key=fingerprint_of(element, labels),
        title=_title(labels, annotations, as_text(body.get("title"))),
        status=status,
        severity=severity_of(labels.get("severity") or annotations.get("severity") or ""),
        description="\n".join(filter(None, (annotations.get("summary"), annotations.get("description")))),
        labels=labels,
        annotations=annotations,
        links=links_of(
            ("Rule", element.get("generatorURL")),
            ("Dashboard", element.get("dashboardURL")),
            ("Panel", element.get("panelURL")),
            ("Runbook", annotations.get("runbook_url")),
            ("Silence", element.get("silenceURL")),
            ("Image", element.get("imageURL")),
        ),
        started_at=received.moment(element.get("startsAt")),
        ended_at=None if status is AlertStatus.FIRING or is_zero_time(ends) else received.moment(ends),
        group=group,
        element=element,
    )


def _title(labels: dict[str, str], annotations: dict[str, str], of_group: str) -> str:
    name = labels.get("alertname", "")
    if name in _NO_DATA and labels.get("rulename"):
        return f"{name}: {labels['rulename']}"
    if not name:
        return of_group or annotations.get("summary") or "Alert"
    # A group of several rules has a title of its own, which names none of them: it is the rest of the story.
    return f"{name} {of_group}" if of_group and name not in of_group else name


SOURCE = GrafanaAlerting()
