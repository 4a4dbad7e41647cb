"""Riemann's events, one or a list, as JSON.

Format: Riemann's documentation, "Concepts: Events": host and service are the identity, the state is any word; `ok` is
the one for well, `expired` the one for not heard of any more.
"""

from alerts.models import AlertStatus
from alerts.parsing.bodies import body_of
from alerts.parsing.fields import key_of_content, labels_at, said, text_at
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import Example, Expected, Ignored, Json, ParsedAlert, Received, Source, as_text, severity_of
from incidents.models import Severity

_OWN = frozenset({"host", "service", "state", "description", "metric", "time", "ttl", "tags"})


class Riemann(Source):
    slug = "riemann"
    label = "Riemann"
    group_text = "Not at all: each service of a host is a group of its own."
    set_up = """\
In `riemann.config`:

```text
(require '[clj-http.client :as http] '[cheshire.core :as json])

(defn tocsin [event]
  (http/post "{base_url}/integrations/riemann/"
             {:headers {"Authorization" "Bearer {key}"}
              :content-type :json :socket-timeout 10000 :connection-timeout 10000
              :body (json/generate-string
                      (select-keys event [:host :service :state :description :metric :time :tags]))}))

(streams (changed-state {:init "ok"} tocsin))
```
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert per event."""
        body = body_of(received)
        events = [each for each in (body if isinstance(body, list) else [body]) if isinstance(each, dict) and each]
        if body == []:
            raise Ignored("no_alerts", "The message is an empty list.")
        if not events:
            raise Unreadable("unexpected_shape", "The message is neither an event nor a list of events.")
        return [_alert(each, received) for each in events]

    examples = (
        Example(
            "firing",
            {"host": "cache-6", "service": "memory used", "state": "critical", "description": "98 % used",
             "metric": 0.98, "time": 1772359200, "tags": ["cache", "prod"]},
            (Expected(AlertStatus.FIRING, "cache-6 memory used is critical", Severity.CRITICAL,
                      "cache-6/memory used"),),
        ),
        Example(
            "resolved",
            {"host": "cache-6", "service": "memory used", "state": "ok", "metric": 0.4, "time": 1772359800},
            (Expected(AlertStatus.RESOLVED, "cache-6 memory used is ok", Severity.INFO, "cache-6/memory used"),),
        ),
        Example(
            "list",
            [{"host": "cache-6", "service": "heartbeat", "state": "expired"},
             {"service": "backlog", "state": "warning"}],
            (
                Expected(AlertStatus.FIRING, "cache-6 heartbeat is expired", Severity.ERROR, "cache-6/heartbeat"),
                Expected(AlertStatus.FIRING, "backlog is warning", Severity.WARNING, "/backlog"),
            ),
        ),
    )  # fmt: skip


def _alert(event: dict[str, Json], received: Received) -> ParsedAlert:
    host, service, state = said(event, "host"), said(event, "service"), said(event, "state").lower()
    status = AlertStatus.RESOLVED if state == "ok" else AlertStatus.FIRING
    shown = " ".join(filter(None, (host, service))) or text_at(event, "host", "service", "description") or "An event"
    tags = event.get("tags")
    at = received.moment(event.get("time"))
    return ParsedAlert(
        dedup_key=f"{host}/{service}" if host or service else key_of_content(event),
        title=f"{shown} is {state}" if state else shown,
        status=status,
        severity=Severity.ERROR if state == "expired" else severity_of(state),
        description=said(event, "description"),
        labels={
            **{name: said(event, name) for name in event if name not in _OWN and said(event, name)},
            **labels_at(event, {"host": "host", "service": "service"}),
            **({"tags": ", ".join(as_text(each) for each in tags)} if isinstance(tags, list) and tags else {}),
        },
        annotations=labels_at(event, {"metric": "metric"}),
        started_at=at if status is AlertStatus.FIRING else None,
        ended_at=at if status is AlertStatus.RESOLVED else None,
        element=event,
    )


SOURCE = Riemann()
