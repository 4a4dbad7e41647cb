"""What the Alertmanager family shares: alerts that are label sets. Pure."""

from datetime import timedelta
from functools import lru_cache

from alerts.models import AlertStatus
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import (
    LONGEST_HREF,
    Ignored,
    Json,
    Link,
    ParsedAlert,
    Received,
    as_text,
    as_texts,
    expect_object,
    links_of,
    severity_of,
)

_NO_FINGERPRINT = frozenset({"null", "none", "undefined", "true", "false"})
RESOLVE_TIMEOUT = timedelta(minutes=5)  # of what does not say when it ends, as Alertmanager's default
_OF_POSTED = frozenset({"labels", "annotations", "startsAt", "endsAt", "generatorURL"})
_FIRING = AlertStatus.FIRING  # each look into the enumeration costs a third of a microsecond
_STATUSES = {"firing": _FIRING, "resolved": AlertStatus.RESOLVED}
_OFFSET = 14695981039346656037
_PRIME = 1099511628211
_MASK = 0xFFFFFFFFFFFFFFFF


def fingerprint(labels: dict[str, str]) -> str:
    """The fingerprint Alertmanager gives a label set: FNV-1a over sorted names and values, each ended by 0xff.

    The same alert has the same identity whether or not its sender includes it (prometheus/common, labelset.go).
    """
    total = _OFFSET
    for name in sorted(labels):
        for byte in b"%b\xff%b\xff" % (name.encode(), labels[name].encode()):
            total = ((total ^ byte) * _PRIME) & _MASK
    return f"{total:016x}"


def fingerprint_of(element: dict[str, Json], labels: dict[str, str]) -> str:
    """The fingerprint that the sender gives; ours where it gives none, or a macro that would make one alert of all."""
    given = element.get("fingerprint")
    if isinstance(given, str) and given.isalnum() and given not in _NO_FINGERPRINT:
        return given
    return fingerprint(labels)


def is_zero_time(value: Json) -> bool:
    """Whether it is Go's zero time, which stands for "has not ended"."""
    return not isinstance(value, str) or value.startswith("0001-")


def alerts_of(received: Received, sender: str) -> list[ParsedAlert]:
    """One alert per element of `alerts`, of a body in Alertmanager's shape. Raises Unreadable and Ignored."""
    body = expect_object(received.json())
    elements = body.get("alerts")
    if elements is None and isinstance(body.get("labels"), dict):
        elements = [body]
    if not isinstance(elements, list):
        raise Unreadable("unexpected_shape", f"The message has no list of alerts, which {sender} always sends.")
    if not elements:
        raise Ignored("no_alerts", "The message tells of no alert.")
    group = as_text(body.get("groupKey"))
    # Version 3 and hand-made messages may have severity and the like only among what all alerts share.
    common = as_texts(body.get("commonAnnotations"))
    external = as_text(body.get("externalURL"))
    return [_alert(each, body, common, group, external, received) for each in elements if isinstance(each, dict)]


def posted(received: Received) -> list[ParsedAlert]:
    """Alerts as Prometheus gives them to an Alertmanager: each fires until its `endsAt`, unless it is told of again.

    Raises Unreadable and Ignored.
    """
    elements = received.json()
    found = []
    for element in elements if isinstance(elements, list) else []:
        if not isinstance(element, dict) or not any(as_texts(element.get("labels")).values()):
            continue
        ends = element.get("endsAt")
        ends_at = None if is_zero_time(ends) else received.moment(ends)
        is_over = ends_at is not None and ends_at <= received.now
        named = {name: value for name, value in element.items() if name in _OF_POSTED}
        alert = _alert({**named, "status": "resolved" if is_over else "firing"}, {}, {}, "", "", received)
        if alert.status is _FIRING:
            alert.expires_at = ends_at or received.now + RESOLVE_TIMEOUT
            alert.started_at = alert.started_at or received.now
        found.append(alert)
    if not found:
        if elements and not any(isinstance(each, dict) for each in elements):
            raise Unreadable("unexpected_shape", "The message is a list, and nothing in it is an alert.")
        raise Ignored("no_alerts", "The message tells of no alert.")
    return found


def _alert(
    element: dict[str, Json],
    body: dict[str, Json],
    common: dict[str, str],
    group: str,
    external: str,
    received: Received,
) -> ParsedAlert:
    labels = as_texts(element.get("labels"))
    annotations = as_texts(element.get("annotations"))
    if common:
        annotations = {**common, **annotations}
    word = element.get("status") or (body.get("status") if "alerts" in body else None) or "firing"
    status = _STATUSES.get(as_text(word).lower(), _FIRING)
    dedup_key = fingerprint_of(element, labels)
    ends = element.get("endsAt")
    return ParsedAlert(
        dedup_key=dedup_key,
        title=labels.get("alertname") or annotations.get("summary") or annotations.get("title") or "Alert",
        status=status,
        severity=severity_of(labels.get("severity") or annotations.get("severity") or ""),
        description=annotations.get("description") or annotations.get("message") or annotations.get("summary") or "",
        labels=labels,
        annotations=annotations,
        links=_links(
            as_text(element.get("generatorURL")),
            annotations.get("runbook_url") or annotations.get("runbook") or "",
            annotations.get("dashboard_url") or annotations.get("dashboard") or "",
            external,
        ),
        started_at=received.moment(element.get("startsAt")),
        ended_at=None if status is _FIRING or is_zero_time(ends) else received.moment(ends),
        group=group or f"alertname={labels.get('alertname', dedup_key)}",
        element=element,
    )


def _links(*hrefs: str) -> list[Link]:
    # What is too long for a link is not remembered either.
    return list(_linked(*[href if len(href) <= LONGEST_HREF else "" for href in hrefs]))


@lru_cache(maxsize=2000)  # the alerts of a rule have the same ones
def _linked(source: str, runbook: str, dashboard: str, external: str) -> tuple[Link, ...]:
    named = {"Source": source, "Runbook": runbook, "Dashboard": dashboard, "Alertmanager": external}
    return tuple(links_of(*named.items()))
