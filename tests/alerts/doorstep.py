"""The real door in an event loop of its own for tests to send to, and senders that write as their source does."""

import asyncio
import json
import threading
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from alerts.integrations.keys import RouteWish, create_integration
from alerts.models import Alert, Event, Integration
from alerts.parsing.source import Source, sources
from alerts.receiving.door import Door
from alerts.receiving.entrance import entrance_for
from catalog.models import Service
from incidents.models import Incident

Result = TypeVar("Result")
Json = Any


@dataclass(frozen=True)
class Answered:
    """What the sender got."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        """The answer's JSON."""
        return json.loads(self.body)


class Doorstep:
    """Runs the door until `close`. A context."""

    def __init__(self) -> None:
        self.door = Door()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def __enter__(self) -> "Doorstep":
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self.door.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, Result], *, within: float = 30) -> Result:
        """Run it in the door's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(within)

    def post(self, path: str, body: bytes | Json, headers: Mapping[str, str] | None = None) -> Answered:
        """One POST, the whole body at once."""
        return self.send("POST", path, body if isinstance(body, bytes) else json.dumps(body).encode(), headers)

    def send(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answered:
        """One request."""
        return self.run(self.request(method, path, [body], headers))

    async def request(
        self,
        method: str,
        path: str,
        parts: Sequence[bytes | float],
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        """One request whose body comes in parts; a number is a pause in seconds."""
        left = list(parts)
        sent: list[Mapping[str, Any]] = []

        async def receive() -> dict[str, Any]:
            while left and isinstance(left[0], int | float):
                await asyncio.sleep(float(left.pop(0)))
            if not left:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

        async def send(event: Mapping[str, Any]) -> None:
            sent.append(event)

        plain_path, _, query = path.partition("?")
        given = {"content-type": "application/json", **(headers or {})}
        scope = {
            "type": "http",
            "method": method,
            "path": plain_path,
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in given.items()],
        }
        entrance = entrance_for(method, plain_path)
        assert entrance is not None, f"{path} is not for the door."
        await self.door(entrance, scope, receive, send)
        answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answered(sent[0]["status"], answered, b"".join(event["body"] for event in sent[1:]))


@dataclass(frozen=True)
class Sender:
    """A monitoring system with an integration of its own."""

    doorstep: Doorstep
    integration: Integration
    key: str

    @property
    def path(self) -> str:
        """Where it posts to."""
        return f"/integrations/{self.integration.source}/{self.key}/"

    @property
    def source(self) -> Source:
        """How its messages are read."""
        source = sources.get(self.integration.source)
        assert source is not None
        return source

    def post(self, body: bytes | Json, headers: Mapping[str, str] | None = None) -> Answered:
        """Send one message. It is taken."""
        answered = self.doorstep.post(self.path, body, headers)
        assert answered.status == 202, answered
        return answered

    def enqueue(self, action: str, **fields: Json) -> Answered:
        """Send a PagerDuty event."""
        body = {"routing_key": self.key, "event_action": action, **fields}
        return self.doorstep.post("/v2/enqueue", body)

    def events(self) -> list[Event]:
        """What it has sent, oldest first."""
        return list(Event.objects.filter(integration=self.integration).order_by("id"))

    def alerts(self) -> list[Alert]:
        """What that was understood as, oldest first."""
        return list(Alert.objects.filter(integration=self.integration).order_by("id"))

    def incidents(self) -> list[Incident]:
        """What it has opened, oldest first."""
        return list(Incident.objects.filter(origin=self.integration.name).order_by("id"))


def a_sender(
    doorstep: Doorstep,
    source: str = "alertmanager",
    *,
    service: Service,
    routes: Sequence[tuple[str, Service]] = (),
    name: str = "",
    **settings: Any,
) -> Sender:
    """An integration whose default route goes to this service."""
    wishes = [RouteWish(each, condition) for condition, each in routes]
    integration, key = create_integration(
        name=name or source, source=source, routes=[*wishes, RouteWish(service)], **settings
    )
    return Sender(doorstep, integration, key)


def prometheus_alert(
    name: str = "ReplicaLag",
    status: str = "firing",
    *,
    severity: str = "critical",
    starts: str = "2026-03-01T10:00:00Z",
    ends: str = "2026-03-01T11:00:00Z",
    **labels: str,
) -> dict[str, Json]:
    """One alert as Alertmanager writes it."""
    return {
        "status": status,
        "labels": {"alertname": name, **({"severity": severity} if severity else {}), **labels},
        "annotations": {"summary": f"{name} says so"},
        "startsAt": starts,
        "endsAt": ends if status == "resolved" else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example.com/graph",
    }


def from_alertmanager(*alerts: dict[str, Json], group: str = '{}:{alertname="ReplicaLag"}') -> dict[str, Json]:
    """A message of Alertmanager's."""
    is_firing = any(alert["status"] == "firing" for alert in alerts)
    return {
        "version": "4",
        "groupKey": group,
        "truncatedAlerts": 0,
        "status": "firing" if is_firing else "resolved",
        "receiver": "tocsin",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.com:9093",
        "alerts": list(alerts),
    }


def pagerduty_payload(summary: str = "Disk full", severity: str = "critical") -> dict[str, str]:
    """What a PagerDuty trigger says."""
    return {"summary": summary, "severity": severity, "source": "db-1"}
