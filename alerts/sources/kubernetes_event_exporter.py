"""Kubernetes events, through kubernetes-event-exporter's webhook receiver.

Format: the exporter's README, "Webhook" and "Customizing Payload"; the Event of the Kubernetes API. Events tell that
something happened and never that it is over. Their names and numbers are new each time: object and reason identify.
"""

from datetime import timedelta

import orjson

from alerts.models import AlertStatus
from alerts.parsing.fields import identity, labels_at, object_at, text_at
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
    severity_of,
)
from incidents.models import Severity

_OBJECT = {
    "kind": ("involvedObject.kind", "regarding.kind", "kind"),
    "namespace": ("involvedObject.namespace", "regarding.namespace", "namespace"),
    "name": ("involvedObject.name", "regarding.name", "name"),
}
_AROUND = {
    "reason": "reason",
    "component": ("source.component", "reportingComponent", "component"),
    "host": ("source.host", "host"),
}
_TIMES = ("lastTimestamp", "eventTime", "firstTimestamp", "createdAt", "timestamp")


class KubernetesEventExporter(Source):
    slug = "kubernetes_event_exporter"
    label = "Kubernetes event exporter"
    group_text = "By namespace and reason: pods that fail alike are a group."
    sends_resolved = False
    resolves_after = timedelta(hours=1)
    set_up = """\
In the exporter's configuration:

```yaml
clusterName: production
route:
  routes:
    - match:
        - {type: Warning, receiver: tocsin}
receivers:
  - name: tocsin
    webhook:
      endpoint: "{url}"
```

A `layout` is understood as long as it keeps `reason`, `type`, `kind`, `namespace` and `name`.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert for a warning; none for a normal event."""
        body = expect_object(received.json())
        event = _event(body)
        thing = labels_at(event, _OBJECT)
        reason, word = text_at(event, "reason"), text_at(event, "type")
        if not reason or not thing.get("name"):
            raise Unreadable("unexpected_shape", "The message names no object or reason, which every event has.")
        if word.lower() == "normal":
            raise Ignored("normal", "A normal event: nothing is wrong.")
        cluster = text_at(body, "clusterName", "cluster") or text_at(event, "clusterName", "cluster")
        place = identity(thing.get("namespace", ""), thing["name"])
        return [
            ParsedAlert(
                dedup_key=identity(cluster, thing.get("namespace", ""), thing.get("kind", ""), thing["name"], reason),
                title=f"{reason} {place}",
                severity=severity_of(word),
                description=text_at(event, "message", "note"),
                labels={
                    **_own_labels(event),
                    **thing,
                    **labels_at(event, _AROUND),
                    **({"cluster": cluster} if cluster else {}),
                    **labels_at(body, {"region": "region", "environment": "environment"}),
                },
                annotations=labels_at(event, {"count": "count", "uid": ("involvedObject.uid", "uid")}),
                started_at=received.moment(text_at(event, *_TIMES) or text_at(body, *_TIMES) or None),
                group=identity(cluster, thing.get("namespace", ""), reason),
            )
        ]

    examples = (
        Example(
            "firing",
            {
                "metadata": {"name": "cart-7f.18a", "namespace": "shop", "uid": "e-1"},
                "reason": "Unhealthy",
                "message": "Readiness probe failed: connection refused",
                "type": "Warning",
                "count": 3,
                "source": {"component": "kubelet", "host": "worker-2"},
                "lastTimestamp": "2026-03-01T18:00:00Z",
                "clusterName": "west",
                "involvedObject": {
                    "kind": "Pod",
                    "namespace": "shop",
                    "name": "cart-7f",
                    "uid": "p-1",
                    "labels": {"app": "cart"},
                },
            },
            (
                Expected(
                    AlertStatus.FIRING, "Unhealthy shop/cart-7f", Severity.WARNING, "west/shop/Pod/cart-7f/Unhealthy"
                ),
            ),
        ),
        Example(
            "layout",
            {
                "cluster": "west",
                "details": {
                    "reason": "FailedMount",
                    "type": "Warning",
                    "kind": "Pod",
                    "namespace": "data",
                    "name": "etl-0",
                    "labels": '{"app": "etl"}',
                },
            },
            (
                Expected(
                    AlertStatus.FIRING, "FailedMount data/etl-0", Severity.WARNING, "west/data/Pod/etl-0/FailedMount"
                ),
            ),
        ),
    )


def _event(body: dict[str, Json]) -> dict[str, Json]:
    """The event itself: layouts put it anywhere, mostly one level down."""
    inner = (each for each in body.values() if isinstance(each, dict) and "reason" in each)
    return body if "reason" in body else next(inner, body)


def _own_labels(event: dict[str, Json]) -> dict[str, str]:
    given = object_at(event, "involvedObject").get("labels") or event.get("labels")
    if isinstance(given, str):
        try:
            given = orjson.loads(given)
        except orjson.JSONDecodeError:
            return {}
    return as_texts(given)


SOURCE = KubernetesEventExporter()
