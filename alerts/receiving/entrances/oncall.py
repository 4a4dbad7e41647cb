"""Grafana OnCall's addresses, for senders that only change the host name: `/integrations/v1/<type>/<key>/`.

The key decides the integration, and the integration the reader, whatever the type; `TYPES` says which source reads what
OnCall called so. Heartbeats, `/integrations/v1/<type>/<key>/heartbeat/`, come in by
`alerts.receiving.entrances.heartbeats`.
"""

from alerts.receiving.entrance import Answer, DropIn, Entrance, Message, Request

# OnCall's types, and our source for an integration that takes its place. What OnCall offers in its cloud only is here,
# too: the same senders send the same.
TYPES = {
    "alertmanager": "alertmanager",
    "legacy_alertmanager": "alertmanager",
    "alertmanager_v2": "alertmanager",
    "grafana": "grafana_legacy",
    "grafana_alerting": "grafana_alerting",
    "legacy_grafana_alerting": "grafana_alerting",
    "adaptive_grafana_alerting": "grafana_alerting",
    "webhook": "generic",
    "formatted_webhook": "grafana_oncall_formatted_webhook",
    "amazon_sns": "aws_cloudwatch_sns",
    "appdynamics": "appdynamics",
    "datadog": "datadog",
    "elastalert": "elastalert2",
    "heartbeat": "generic",
    "jira": "jira",
    "kapacitor": "kapacitor",
    "manual": "generic",
    "newrelic": "new_relic",
    "pagerduty": "pagerduty_webhook_v1",
    "pingdom": "pingdom",
    "prtg": "prtg",
    "sentry": "sentry",
    "stackdriver": "gcp_monitoring",
    "uptimerobot": "uptimerobot",
    "zabbix": "zabbix",
    "zendesk": "generic",
}
_BEGIN = "/integrations/v1/"


def _parts(path: str) -> list[str]:
    return [part for part in path.removeprefix(_BEGIN).split("/") if part]


class OnCall(Entrance):
    slug = "oncall"
    prefixes = (_BEGIN,)
    reads_looks = True
    replaces = "Grafana OnCall"
    calls = (
        DropIn("POST", "/integrations/v1/<type>/<key>/", "Alerts, read by the source of the integration"),
        DropIn("GET, POST", "/integrations/v1/<type>/<key>/heartbeat/", "A sign of life"),
    )

    def takes(self, method: str, path: str) -> bool:
        """With a type and a key."""
        return len(_parts(path)) == 2

    def read(self, request: Request) -> Message | Answer:
        """The key. A look at the address in a browser brings nothing."""
        if request.method in ("GET", "HEAD") and not (request.query or request.body):
            return self.help(request)
        return Message(key=_parts(request.path)[1])

    def accepted(self, message: Message, event_id: int) -> Answer:
        """As OnCall answers."""
        return _text(200, "Ok.")

    def unknown_key(self, message: Message) -> Answer:
        """As OnCall answers."""
        return _text(403, "Integration key was not found. Permission denied. No integration in Tocsin has it.")

    def switched_off(self, message: Message) -> Answer:
        """As for an unknown key."""
        return _text(403, "This integration is switched off in Tocsin.")


def _text(status: int, text: str) -> Answer:
    return Answer(status, text.encode(), "text/plain; charset=utf-8")


ENTRANCE = OnCall()
