"""Flux's notification controller, through a generic provider.

Format: Flux's documentation, "Notification API: Providers, Generic webhook" and its Event type. No message says that
something is over; that an object was reconciled well again does, and comes only with `eventSeverity: info`.
"""

from alerts.models import AlertStatus
from alerts.parsing.authentication import BY_HEADER, Signed, by
from alerts.parsing.fields import identity, labels_at, text_at
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import (
    Example,
    Expected,
    Ignored,
    ParsedAlert,
    Received,
    Source,
    as_texts,
    expect_object,
    severity_of,
)
from incidents.models import Severity

# What the controllers call it when an object is as it should be. A successful rollback is not among them.
_WELL = frozenset(
    {
        "ReconciliationSucceeded",
        "Succeeded",
        "InstallSucceeded",
        "UpgradeSucceeded",
        "TestSucceeded",
        "NewArtifact",
        "GitOperationSucceeded",
        "ArtifactUpToDate",
    }
)


class FluxCD(Source):
    slug = "fluxcd"
    label = "Flux"
    authentication = by(Signed("x-signature", prefix="*="), *BY_HEADER.ways)
    group_text = "By object: each Kustomization, HelmRelease or source is a group of its own."
    set_up = """\
```yaml
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata: {name: tocsin, namespace: flux-system}
spec:
  type: generic
  address: {url}
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata: {name: tocsin, namespace: flux-system}
spec:
  providerRef: {name: tocsin}
  eventSeverity: info          # with "error" incidents would not end by themselves
  eventMetadata: {cluster: production}
  eventSources:
    - {kind: Kustomization, name: "*"}
    - {kind: HelmRelease, name: "*"}
```
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert, the object's; none for news of progress."""
        body = expect_object(received.json())
        kind, name = text_at(body, "involvedObject.kind"), text_at(body, "involvedObject.name")
        namespace = text_at(body, "involvedObject.namespace")
        word, reason = text_at(body, "severity").lower(), text_at(body, "reason")
        if not name or not word:
            raise Unreadable("unexpected_shape", "The message names no object or severity, which Flux always sends.")
        if word != "error" and reason not in _WELL:
            raise Ignored("informative", f"“{reason}” tells neither of trouble nor of its end.")
        status = AlertStatus.FIRING if word == "error" else AlertStatus.RESOLVED
        metadata = as_texts(body.get("metadata"))
        # What the alert adds to events stands under its own name, what the controllers add under a group's.
        own = {name: each for name, each in metadata.items() if "/" not in name and name != "summary"}
        moment = received.moment(text_at(body, "timestamp") or None)
        return [
            ParsedAlert(
                dedup_key=identity(own.get("cluster", ""), kind, namespace, name),
                title=f"{reason or 'Event'} {identity(namespace, name)}",
                status=status,
                severity=severity_of(word),
                description=text_at(body, "message"),
                labels={
                    **own,
                    **labels_at(
                        body,
                        {
                            "kind": "involvedObject.kind",
                            "namespace": "involvedObject.namespace",
                            "name": "involvedObject.name",
                            "reason": "reason",
                            "controller": "reportingController",
                        },
                    ),
                },
                annotations=metadata,
                started_at=moment if status is AlertStatus.FIRING else None,
                ended_at=moment if status is AlertStatus.RESOLVED else None,
            )
        ]

    examples = (
        Example(
            "firing",
            {
                "involvedObject": {"kind": "HelmRelease", "name": "wiki", "namespace": "tools", "uid": "u-4"},
                "metadata": {"helm.toolkit.fluxcd.io/revision": "1.9.0", "cluster": "east"},
                "severity": "error",
                "reason": "UpgradeFailed",
                "message": "timed out waiting for the condition",
                "reportingController": "helm-controller",
                "timestamp": "2026-03-01T17:00:00Z",
            },
            (Expected(AlertStatus.FIRING, "UpgradeFailed tools/wiki", Severity.ERROR, "east/HelmRelease/tools/wiki"),),
        ),
        Example(
            "resolved",
            {
                "involvedObject": {"kind": "HelmRelease", "name": "wiki", "namespace": "tools", "uid": "u-4"},
                "metadata": {"cluster": "east"},
                "severity": "info",
                "reason": "UpgradeSucceeded",
                "message": "Helm upgrade succeeded",
                "timestamp": "2026-03-01T17:20:00Z",
            },
            (
                Expected(
                    AlertStatus.RESOLVED, "UpgradeSucceeded tools/wiki", Severity.INFO, "east/HelmRelease/tools/wiki"
                ),
            ),
        ),
    )


SOURCE = FluxCD()
