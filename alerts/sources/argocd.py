"""Argo CD's notifications, through its webhook service.

Format: Argo CD's documentation, "Notifications: Webhook" and the status of its Application resource. The body is a
template; the one of the set-up text sends the whole status, others are read by the usual names.
"""

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import identity, labels_at, text_at
from alerts.parsing.macros import is_macro
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import (
    Example,
    Expected,
    Ignored,
    ParsedAlert,
    Received,
    Source,
    as_texts,
    links_of,
    severity_of,
)
from incidents.models import Severity

_APP = ("app.metadata.name", "metadata.name", "app_name", "application", "name", "app")
_NAMESPACE = ("app.metadata.namespace", "metadata.namespace", "namespace", "app_namespace")
_PROJECT = ("app.spec.project", "spec.project", "project")
_PHASE = ("operation_phase", "phase", "app.status.operationState.phase", "status.operationState.phase")
_HEALTH = ("health_status", "health", "app.status.health.status", "status.health.status")
_SYNC = ("sync_status", "sync", "app.status.sync.status", "status.sync.status")
_MESSAGE = ("message", "app.status.operationState.message", "status.operationState.message")
_FINISHED = (
    "finished_at",
    "finishedAt",
    "app.status.operationState.finishedAt",
    "status.operationState.finishedAt",
)


class ArgoCD(Source):
    slug = "argocd"
    label = "Argo CD"
    group_text = "By application: each is a group of its own."
    set_up = """\
In the ConfigMap `argocd-notifications-cm`:

```yaml
data:
  service.webhook.tocsin: |
    url: {url}
    headers:
      - name: Content-Type
        value: application/json
  template.tocsin: |
    webhook:
      tocsin:
        method: POST
        body: |
          {
            "app": {{toJson .app.metadata.name}},
            "namespace": {{toJson .app.metadata.namespace}},
            "project": {{toJson .app.spec.project}},
            "cluster": {{toJson .app.spec.destination.server}},
            "status": {{toJson .app.status}},
            "url": "{{.context.argocdUrl}}/applications/{{.app.metadata.name}}"
          }
  trigger.tocsin: |
    - when: app.status.operationState != nil and app.status.operationState.phase in ['Error', 'Failed', 'Succeeded']
      oncePer: app.status.operationState.finishedAt
      send: [tocsin]
    - when: app.status.health.status in ['Degraded', 'Healthy']
      oncePer: app.status.health.status
      send: [tocsin]
```

And on the applications the annotation `notifications.argoproj.io/subscribe.tocsin.tocsin: ""`.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert, the application's; none while it is on its way."""
        body = fields_of(received)
        name, namespace = text_at(body, *_APP), text_at(body, *_NAMESPACE)
        if not name or is_macro(name):
            raise Unreadable("unexpected_shape", "The message names no application. Take the body of the set-up text.")
        phase, health, sync = (text_at(body, *paths).strip() for paths in (_PHASE, _HEALTH, _SYNC))
        status = _status(phase.lower(), health.lower(), sync.lower())
        moment = received.moment(text_at(body, *_FINISHED) or None) if not is_macro(text_at(body, *_FINISHED)) else None
        return [
            ParsedAlert(
                dedup_key=identity(text_at(body, "cluster"), namespace, name),
                title=_title(name, phase, health, status),
                status=status,
                severity=severity_of(text_at(body, "severity")),
                description=text_at(body, *_MESSAGE),
                labels={
                    "application": name,
                    **labels_at(body, {"namespace": _NAMESPACE, "project": _PROJECT, "cluster": "cluster"}),
                    **as_texts(body.get("labels")),
                },
                annotations=labels_at(
                    body,
                    {
                        "operation_phase": _PHASE,
                        "health_status": _HEALTH,
                        "sync_status": _SYNC,
                        "revision": ("revision", "status.sync.revision", "app.status.sync.revision"),
                    },
                ),
                links=links_of(("Application", text_at(body, "url", "app_url"))),
                started_at=moment if status is AlertStatus.FIRING and phase.lower() in _BAD_PHASES else None,
            )
        ]

    examples = (
        Example(
            "firing",
            {
                "app": "basket",
                "namespace": "argocd",
                "project": "shop",
                "severity": "error",
                "status": {
                    "health": {"status": "Degraded"},
                    "sync": {"status": "Synced", "revision": "9f01"},
                    "operationState": {"phase": "Succeeded", "finishedAt": "2026-03-01T16:00:00Z"},
                },
                "url": "https://argocd.example.com/applications/basket",
            },
            (Expected(AlertStatus.FIRING, "basket is degraded", Severity.ERROR, "argocd/basket"),),
        ),
        Example(
            "resolved",
            {
                "app": "basket",
                "namespace": "argocd",
                "severity": "error",
                "status": {
                    "health": {"status": "Healthy"},
                    "sync": {"status": "Synced"},
                    "operationState": {"phase": "Succeeded", "finishedAt": "2026-03-01T16:30:00Z"},
                },
            },
            (Expected(AlertStatus.RESOLVED, "basket is healthy", Severity.ERROR, "argocd/basket"),),
        ),
        Example(
            "whole_application",
            {
                "app": {
                    "metadata": {"name": "mail", "namespace": "argocd"},
                    "status": {"operationState": {"phase": "Error", "message": "no such path"}},
                }
            },
            (Expected(AlertStatus.FIRING, "mail: sync error", None, "argocd/mail"),),
        ),
    )


_BAD_PHASES = frozenset({"failed", "error"})


def _status(phase: str, health: str, sync: str) -> AlertStatus:
    if phase in _BAD_PHASES or health == "degraded" or sync == "unknown":
        return AlertStatus.FIRING
    if health == "healthy" or (phase == "succeeded" and not health):
        return AlertStatus.RESOLVED
    raise Ignored("on_its_way", "The application is on its way: neither in trouble nor healthy.")


def _title(name: str, phase: str, health: str, status: AlertStatus) -> str:
    if phase.lower() in _BAD_PHASES:
        return f"{name}: sync {phase.lower()}"
    if status is AlertStatus.FIRING and health.lower() != "degraded":
        return f"{name}: sync status unknown"
    return f"{name} is {health.lower() or 'in sync'}"


SOURCE = ArgoCD()
