"""Falco's events, by its own HTTP output or by Falcosidekick's webhook.

Format: Falco's documentation, "Alerts: HTTP/HTTPS Output" and "JSON Output"; Falcosidekick's, "Webhook". Each event has
an id of its own, so the identity is the rule, the host and the container. Falco never tells that something is over.
"""

from datetime import timedelta

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import labels_at, object_at, said
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import Example, Expected, ParsedAlert, Received, Source, as_text, as_texts, severity_of
from incidents.models import Severity

_NOTHING = frozenset({"", "None", "none", "null", "<NA>", "host"})
_LABELS = {
    "container": "container.name",
    "container_id": "container.id",
    "image": "container.image.repository",
    "namespace": "k8s.ns.name",
    "pod": "k8s.pod.name",
    "process": "proc.name",
    "user": "user.name",
    "target": "ka.target.name",
    "environment": "environment",
    "cluster": "cluster",
}


class Falco(Source):
    slug = "falco"
    label = "Falco"
    group_text = "By rule: what a rule finds on all hosts is one group."
    sends_resolved = False
    resolves_after = timedelta(hours=24)
    set_up = """\
In Falcosidekick's configuration:

```yaml
webhook:
  address: {base_url}/integrations/falco/
  customHeaders:
    Authorization: Bearer {key}
  minimumpriority: warning
```

Or without it in `falco.yaml`:

```yaml
json_output: true
http_output:
  enabled: true
  url: {url}
```
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert."""
        fields = fields_of(received)
        rule = said(fields, "rule")
        if not rule:
            raise Unreadable("unexpected_shape", "The message names no rule, which Falco always does.")
        of = object_at(fields, "output_fields")
        found = {label: text for label, name in _LABELS.items() if (text := said(of, name)) not in _NOTHING}
        host = said(fields, "hostname") or said(of, "hostname")
        tags = fields.get("tags")
        where = (host, found.get("container_id", ""), found.get("target", ""))
        return [
            ParsedAlert(
                dedup_key="/".join((rule, *filter(None, where))),
                title=rule,
                severity=severity_of(said(fields, "priority")),
                description=said(fields, "output"),
                labels={
                    **found,
                    **labels_at(fields, {"host": "hostname", "source": "source", "rule": "rule"}),
                    **({"tags": ", ".join(as_text(each) for each in tags)} if isinstance(tags, list) and tags else {}),
                },
                annotations={name: text for name, text in as_texts(of).items() if text not in _NOTHING},
                started_at=received.moment(fields.get("time")),
                group=rule,
            )
        ]

    examples = (
        Example(
            "firing",
            {"uuid": "7b1d2f3e-0000-4000-8000-0123456789ab", "rule": "Write below binary dir", "priority": "Error",
             "output": "10:00:00.5: Error File below a known binary directory opened for writing (file=/bin/ls)",
             "time": "2026-03-01T10:00:00.500000001Z", "hostname": "node-9", "source": "syscall",
             "tags": ["filesystem", "mitre_persistence"],
             "output_fields": {"container.id": "4f1c0a9b77de", "container.name": "web", "k8s.ns.name": "shop",
                               "k8s.pod.name": None, "evt.time": 1772359200500000001, "fd.name": "/bin/ls"}},
            (Expected(AlertStatus.FIRING, "Write below binary dir", Severity.ERROR,
                      "Write below binary dir/node-9/4f1c0a9b77de"),),
        ),
        Example(
            "on_the_host",
            {"rule": "Clear log activities", "priority": "Notice", "output": "Logs were cleared", "hostname": "node-9",
             "time": "2026-03-01T10:00:00Z", "output_fields": {"container.id": "host", "container.name": "host"}},
            (Expected(AlertStatus.FIRING, "Clear log activities", Severity.INFO, "Clear log activities/node-9"),),
        ),
    )  # fmt: skip


SOURCE = Falco()
