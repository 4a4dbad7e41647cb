"""The verbs of heartbeats: made, changed, pinged, paused, resumed, deleted; and the alert of one that is missed.

A heartbeat is pinged by its own key, or by the key of its integration and its name. What tells of one that is missed
goes through the pipeline as every alert does (`alerts.pipeline.own_messages`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from alerts.heartbeats import beats
from alerts.heartbeats.models import Heartbeat, HeartbeatState
from alerts.integrations import keys
from alerts.models import AlertStatus, Integration
from alerts.pipeline import own_messages
from alerts.pipeline.own_messages import Word
from alerts.receiving.letters import hashed
from catalog.models import Service
from core import clock, durations, jobs
from core.errors import Invalid
from incidents.models import Severity

LANE = "heartbeats"
SHORTEST_PERIOD = timedelta(seconds=10)
LONGEST = timedelta(days=366)
CARRIER = "heartbeats"  # the integration of those that have none of their own


@dataclass(frozen=True)
class Wish:
    """A heartbeat to be."""

    name: str
    period: timedelta
    grace: timedelta = timedelta()
    service: Service | None = None
    integration: Integration | None = None
    severity: Severity = Severity.CRITICAL
    title: str = ""
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@transaction.atomic
def create(wish: Wish, *, key: str | None = None) -> tuple[Heartbeat, str]:
    """A new heartbeat that waits for its first ping, and its own key, which is shown this once. Raises Invalid."""
    _check(wish.period, wish.grace, wish.service, wish.integration)
    if Heartbeat.objects.filter(name=wish.name).exists():
        problem = f"Another heartbeat is called “{wish.name}”."
        raise Invalid(problem, {"name": problem})
    text = _free_key(key)
    heartbeat = Heartbeat.objects.create(
        name=wish.name,
        integration=wish.integration,
        service=wish.service,
        key_hash=hashed(text),
        key_prefix=text[:4],
        period=wish.period,
        grace=wish.grace,
        severity=wish.severity,
        title=wish.title,
        description=wish.description,
        labels=dict(wish.labels),
    )
    return heartbeat, text


@transaction.atomic
def change(heartbeat_id: int, **fields: Any) -> Heartbeat:
    """Change what is given: the fields of a Wish. Raises Invalid and Heartbeat.DoesNotExist."""
    heartbeat = _locked(heartbeat_id)
    for name, value in fields.items():
        setattr(heartbeat, name, value)
    _check(heartbeat.period, heartbeat.grace, heartbeat.service, heartbeat.integration)
    if heartbeat.state == HeartbeatState.ALIVE and {"period", "grace"} & fields.keys():
        heartbeat.due_at = beats.deadline(as_beat(heartbeat))
    heartbeat.save(update_fields=[*fields, "due_at"])
    return heartbeat


@transaction.atomic
def new_key_for(heartbeat_id: int, *, key: str | None = None) -> str:
    """Replace its own key; the old one is dead at once."""
    heartbeat = _locked(heartbeat_id)
    text = _free_key(key)
    heartbeat.key_hash, heartbeat.key_prefix = hashed(text), text[:4]
    heartbeat.save(update_fields=["key_hash", "key_prefix"])
    return text


@transaction.atomic
def ping(heartbeat_id: int) -> Heartbeat:
    """It is alive. What comes by the door is written by `alerts.receiving.pings` to the same end."""
    heartbeat, now = _locked(heartbeat_id), clock.now()
    heartbeat.last_ping_at = now
    is_alive = heartbeat.state == HeartbeatState.ALIVE
    if is_alive:
        heartbeat.reason, heartbeat.due_at = "pinged", beats.deadline(as_beat(heartbeat))
    elif heartbeat.state != HeartbeatState.PAUSED:
        heartbeat.due_at = now
        jobs.ring(LANE)
    heartbeat.save(update_fields=["last_ping_at", "reason", "due_at"])
    return heartbeat


@transaction.atomic
def pause(heartbeat_id: int) -> bool:
    """Expect nothing of it for now; what it raised is resolved. False where it was paused already."""
    heartbeat = _locked(heartbeat_id)
    if heartbeat.state == HeartbeatState.PAUSED:
        return False
    _end_alert(heartbeat, reason="heartbeat_paused")
    _move(heartbeat, HeartbeatState.PAUSED, "paused", due_at=None)
    return True


@transaction.atomic
def resume(heartbeat_id: int) -> bool:
    """Expect it again, with a whole period and grace from now; one that was never pinged is waited for."""
    heartbeat = _locked(heartbeat_id)
    if heartbeat.state != HeartbeatState.PAUSED:
        return False
    if heartbeat.last_ping_at is None:
        _move(heartbeat, HeartbeatState.WAITING, "never_pinged", due_at=None)
        return True
    heartbeat.last_ping_at = clock.now()
    heartbeat.save(update_fields=["last_ping_at"])
    _move(heartbeat, HeartbeatState.ALIVE, "resumed", due_at=beats.deadline(as_beat(heartbeat)))
    return True


@transaction.atomic
def delete(heartbeat_id: int) -> None:
    """Forget it; what it raised is resolved. Raises Heartbeat.DoesNotExist."""
    heartbeat = _locked(heartbeat_id)
    _end_alert(heartbeat, reason="heartbeat_deleted")
    heartbeat.delete()


def ping_path(key: str) -> str:
    """Path of the address to ping, with its key: show it, never log it."""
    return f"/heartbeat/{key}/"


def as_beat(heartbeat: Heartbeat) -> beats.Beat:
    """What the rules look at."""
    return beats.Beat(
        state=HeartbeatState(heartbeat.state),
        state_since=heartbeat.state_since,
        reason=heartbeat.reason,
        period=heartbeat.period,
        grace=heartbeat.grace,
        last_ping_at=heartbeat.last_ping_at,
        due_at=heartbeat.due_at,
    )


def carrier() -> int:
    """The integration by which the alerts of those come that have none. It is made when it is first needed."""
    key = keys.new_key()  # nobody gets to know it: an admin can make another
    integration, _ = Integration.objects.get_or_create(
        name=CARRIER, defaults={"source": "generic", "key_hash": hashed(key), "key_prefix": key[:4]}
    )
    return integration.pk


def word(heartbeat: Heartbeat, status: AlertStatus, *, reason: str, at: datetime, note: str = "") -> Word:
    """What is told of its alert."""
    last = f"{heartbeat.last_ping_at:%Y-%m-%d %H:%M:%S} UTC" if heartbeat.last_ping_at else "never"
    grace = f" and {durations.write(heartbeat.grace)} of grace" if heartbeat.grace else ""
    facts = f"Last ping: {last}. Expected every {durations.write(heartbeat.period)}{grace}."
    return Word(
        reason=reason,
        status=status,
        dedup_key=f"heartbeat/{heartbeat.pk}",
        title=heartbeat.title or f"Heartbeat “{heartbeat.name}” was missed",
        severity=Severity(heartbeat.severity),
        description="\n\n".join(filter(None, (heartbeat.description, facts, note))),
        labels={"heartbeat": heartbeat.name, **heartbeat.labels},
        at=at,
        service_id=heartbeat.service_id,
    )


def _end_alert(heartbeat: Heartbeat, *, reason: str) -> None:
    if heartbeat.state == HeartbeatState.MISSED:
        said = word(heartbeat, AlertStatus.RESOLVED, reason=reason, at=clock.now())
        own_messages.put([(heartbeat.integration_id or carrier(), said)])


def _locked(heartbeat_id: int) -> Heartbeat:
    return Heartbeat.objects.select_for_update(no_key=True).get(pk=heartbeat_id)


def _move(heartbeat: Heartbeat, state: HeartbeatState, reason: str, *, due_at: datetime | None) -> None:
    heartbeat.state, heartbeat.state_since = state, clock.now()
    heartbeat.reason, heartbeat.due_at = reason, due_at
    heartbeat.save(update_fields=["state", "state_since", "reason", "due_at"])


def _free_key(key: str | None) -> str:
    text = keys.checked_key(key) if key else keys.new_key()
    if Heartbeat.objects.filter(key_hash=hashed(text)).exists():
        problem = "Another heartbeat has this key. Leave it out to have one made."
        raise Invalid(problem, {"key": problem})
    return text


def _check(period: timedelta, grace: timedelta, service: Service | None, integration: Integration | None) -> None:
    problems = {}
    if not SHORTEST_PERIOD <= period <= LONGEST:
        problems["period"] = "A heartbeat pings at most every ten seconds and at least once a year."
    if not timedelta() <= grace <= LONGEST:
        problems["grace"] = "The grace is not negative and a year at most."
    if service is None and integration is None:
        problems["service"] = "Name a service, or an integration whose routes name one."
    if problems:
        raise Invalid(" ".join(problems.values()), problems)
