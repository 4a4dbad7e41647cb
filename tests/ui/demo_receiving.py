"""What arrived at the demo's installation: messages of a home-made checker, what could not be read, and a storm.

They lie in the inbox as the door would have put them there, and go through the pipeline.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson

from accounts.models import User
from alerts.integrations.keys import RouteWish, set_routes
from alerts.models import Event, EventStatus, Integration
from catalog.models import Service
from core import clock
from incidents import lifecycle
from incidents.actor import Via, person
from incidents.models import Incident
from tests.world import MovedEngine

_CHECKS = [
    (20, "fs-1", "snapshot", "P2", "FAILED", "No space left on device", "storage"),
    (20, "fs-2", "snapshot", "P2", "FAILED", "Time-out after 3,600 s", "storage"),
    (19, "mx-1", "queue", "P3", "FAILED", "14,000 deferred mails", "mail"),
    (19, "fs-2", "snapshot", "P2", "FINE", "", "storage"),
    (18, "fs-1", "snapshot", "P2", "FINE", "", "storage"),
    (17, "mx-1", "queue", "P3", "FINE", "", "mail"),
    (9, "fs-1", "rotation", "P4", "FAILED", "2 of 14 old snapshots cannot be removed", "storage"),
    (8, "fs-1", "rotation", "P4", "FINE", "", "storage"),
]
_UNREAD = [
    (115, "no_content", "There is nothing in the message that could be an alert.", b'[null, 7, "ok"]'),
    (
        40,
        "not_json",
        "The body ends in the middle of a string (byte 42).",
        b'{"title": "Nightly import", "text": "Row 1',
    ),
]
_STORM = 240
_TIDIED = timedelta(minutes=50)


def checks(service: Service, engine: MovedEngine, tidied_by: User) -> None:
    """A day of a checker whose messages all have the same title, and of which nothing says that it is over."""
    integration = _integration("night checks", "generic", service)
    for hours, host, check, prio, state, output, owner in _CHECKS:
        clock.unmove()
        clock.move(-timedelta(hours=hours))
        result = {"host": host, "check": check, "output": output, "owner": owner}
        _put(integration, {"title": "Nightly check", "state": state, "prio": prio, "result": result})
        engine.run()
        for incident in Incident.objects.open().filter(origin=integration.name, created_at__lt=clock.now() - _TIDIED):
            lifecycle.resolve(incident.pk, by=person(tidied_by, Via.WEB))
    clock.unmove()


def unreadable(integration: Integration) -> None:
    """What lies in quarantine."""
    now = clock.now()
    for minutes, reason, problem, body in _UNREAD:
        at = now - timedelta(minutes=minutes)
        Event.objects.create(
            integration=integration,
            received_at=at,
            status=EventStatus.QUARANTINED,
            reason=reason,
            problem=problem,
            body=body,
            body_size=len(body),
            processed_at=at,
        )


def storm(integration: Integration, service: Service, engine: MovedEngine) -> None:
    """Half a cluster goes at once."""
    set_routes(integration, [RouteWish(service)])
    for number in range(_STORM):
        labels = {"alertname": "NodeNotReady", "instance": f"node-{number:03}.prod-1", "cluster": "prod-1"}
        alert = {"status": "firing", "labels": {**labels, "severity": "critical"}, "startsAt": _text(clock.now())}
        annotations = {"summary": f"node-{number:03} has not reported for 2 minutes"}
        group = f'{{}}:{{instance="{labels["instance"]}"}}'
        _put(integration, {"version": "4", "groupKey": group, "alerts": [{**alert, "annotations": annotations}]})
    engine.run()


def _integration(name: str, source: str, service: Service) -> Integration:
    made = Integration.objects.create(name=name, source=source, key_hash=sha256(name.encode()).digest())
    set_routes(made, [RouteWish(service)])
    return made


def _put(integration: Integration, message: Any) -> None:
    body = orjson.dumps(message)
    Event.objects.create(
        integration=integration, body=body, body_size=len(body), content_type="application/json", headers={}
    )


def _text(moment: datetime) -> str:
    return moment.isoformat()
