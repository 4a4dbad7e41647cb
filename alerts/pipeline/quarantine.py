"""What cannot be read: tried again, kept, shown, told to somebody, and read again when its mapping is mended."""

import traceback
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from alerts.decisions.grouping import open_key
from alerts.models import Event, EventStatus, Integration, Route
from alerts.pipeline import events
from alerts.pipeline.understanding import Understood
from catalog.models import Service, UrgencyRule
from core import clock, jobs
from core.errors import DomainError, Invalid
from incidents import timeline
from incidents.actor import Actor, system
from incidents.models import Incident, Severity, Urgency
from incidents.opening import Opening, open_incident
from incidents.urgency import urgency_for

LANE = "ingest"  # rung when messages are read again
AT_MOST_EVERY = timedelta(hours=1)
BY = system("quarantine")
GROUP_KEY = "quarantine"
DOUBTED_KEY = "not believed"
MOST_AT_ONCE = 500
LONGEST_WHY = 300
_GIVEN_UP_AFTER = 5  # attempts at one message
_TO_BE_READ: dict[str, Any] = {
    "status": EventStatus.RECEIVED,
    "reason": "",
    "problem": "",
    "failures": 0,
    "processed_at": None,
}


class NotInQuarantine(DomainError):
    """Only what lies in quarantine is read again."""

    code = "not_in_quarantine"


def give_way(integration: Integration, event_id: int, *, now: datetime) -> None:
    """Postpone a message that raised; after five attempts it is put away."""
    events.forget_starts(event_id, now=now)
    if events.postpone(event_id, now=now, at_most=_GIVEN_UP_AFTER):
        return
    problem = "Tocsin failed while it worked on this message. The log names the cause."
    put_away(integration, event_id, reason="failed", problem=problem)


def put_away(integration: Integration, event_id: int, *, reason: str, problem: str, is_doubted: bool = False) -> None:
    """Nobody looks at this message any more until it is replayed, and somebody is told."""
    events.forget_starts(event_id, now=clock.now())
    events.put_into_quarantine(event_id, reason=reason, problem=problem)
    tell(integration, reason=reason, problem=problem, messages=1, is_doubted=is_doubted)


def cause(trouble: Exception) -> str:
    """What was raised and where. Not its text: the database's tells the values it refused."""
    frames = traceback.extract_tb(trouble.__traceback__)
    ours = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames if "/alerts/" in frame.filename]
    return f"{type(trouble).__name__} in {' > '.join(ours[-4:])}"


def tell_of(integration: Integration, understood: Sequence[Understood]) -> None:
    """Tell somebody of those among these that were put away. What is doubted and what cannot be read are two things."""
    bad = [each for each in understood if each.status is EventStatus.QUARANTINED and each.is_told]
    for some in ([each for each in bad if not each.is_doubted], [each for each in bad if each.is_doubted]):
        if some:
            first = some[0]
            tell(
                integration,
                reason=first.reason,
                problem=first.problem,
                messages=len(some),
                is_doubted=first.is_doubted,
            )


def tell(
    integration: Integration, *, reason: str, problem: str, messages: int, is_doubted: bool = False
) -> Incident | None:
    """Open an incident on the integration's default service, at most one an hour; one that is open is noted on.

    Of low urgency for what is doubted: a forger shall wake nobody, and a secret that was set wrong shall not be silent.
    None where there was one less than an hour ago, or where there is no service at all.
    """
    service = default_service(integration)
    if service is None:
        return None
    group_key = DOUBTED_KEY if is_doubted else GROUP_KEY
    key = open_key(integration.pk, 0, group_key)
    text = f"{messages} message{'s' * (messages != 1)} of {integration.name} put into quarantine: {problem}"
    last = Incident.objects.filter(open_key=key).select_for_update(no_key=True).order_by("-id").first()
    if last is not None and last.is_open:
        _note_on(last, reason=reason, text=text, messages=messages)
        return None
    if last is not None and clock.now() - last.created_at < AT_MOST_EVERY:
        return None
    incident, is_new = open_incident(
        Opening(
            service=service,
            title=(
                f"Messages for {integration.name} do not prove whose they are"
                if is_doubted
                else f"{integration.name} sent something that could not be read"
            ),
            description=f"{problem}\n\nThe message is kept in quarantine and can be read again from there.",
            urgency=Urgency.LOW if is_doubted else urgency_for(UrgencyRule(service.urgency), Severity.WARNING),
            severity=Severity.WARNING,
            origin=integration.name,
            group_key=group_key,
            open_key=key,
            reason="message_doubted" if is_doubted else "message_unreadable",
            details={"integration": integration.name, "problem": reason},
        ),
        by=BY,
    )
    if is_new:
        timeline.record(incident, kind="quarantined", by=BY, reason=reason, text=text, messages=messages)
    return incident


def incident_keys(integration_id: int) -> set[str]:
    """The keys of the incidents that tell of messages that were put away."""
    return {open_key(integration_id, 0, key) for key in (GROUP_KEY, DOUBTED_KEY)}


def _note_on(incident: Incident, *, reason: str, text: str, messages: int) -> None:
    """It goes on: said once an hour, or an incident that is open for days would hide that."""
    told = incident.timeline.filter(kind="quarantined", at__gt=clock.now() - AT_MOST_EVERY)
    if not told.exists():
        timeline.record(incident, kind="quarantined", by=BY, reason=reason, text=text, messages=messages)


def default_service(integration: Integration) -> Service | None:
    """The service of the route without a condition, else of the last; where there is none, the oldest of all."""
    routes = list(Route.objects.filter(integration=integration).select_related("service").order_by("position"))
    for route in routes:
        if not route.condition:
            return route.service
    return routes[-1].service if routes else Service.objects.order_by("id").first()


@transaction.atomic
def replay(event_id: int) -> None:
    """Read a message again. Raises NotInQuarantine, and Event.DoesNotExist."""
    event = Event.objects.select_for_update(no_key=True).get(pk=event_id)
    if event.status != EventStatus.QUARANTINED:
        raise NotInQuarantine(f"This message is {event.status}, not in quarantine.")
    Event.objects.filter(pk=event.pk, received_at=event.received_at).update(**_TO_BE_READ, due_at=clock.now())
    jobs.ring(LANE)


def replay_waiting(integration: Integration, *, reason: str) -> int:
    """Read again what waited for the same thing, which is there now; in one statement. Returns how many."""
    waiting = Event.objects.filter(integration=integration, status=EventStatus.QUARANTINED, reason=reason)
    found: int = waiting.update(**_TO_BE_READ, due_at=clock.now())
    if found:
        jobs.ring(LANE)
    return found


def replay_all(found: QuerySet[Event]) -> int:
    """Read again those among these messages that lie in quarantine, the oldest first. Returns how many."""
    with transaction.atomic():
        lying = found.filter(status=EventStatus.QUARANTINED).order_by("id")
        rows = list(lying.select_for_update(no_key=True).values_list("pk", "received_at")[:MOST_AT_ONCE])
        if not rows:
            return 0
        moments = [at for _, at in rows]
        # Between these moments: the table has a part for each day.
        Event.objects.filter(
            pk__in=[pk for pk, _ in rows], received_at__gte=min(moments), received_at__lte=max(moments)
        ).update(**_TO_BE_READ, due_at=clock.now())
        jobs.ring(LANE)
        return len(rows)


@transaction.atomic
def dismiss(event_id: int, *, why: str, by: Actor) -> None:
    """Put a message away for good: it stays with the others, and who dismissed it and why stands with it.

    Raises NotInQuarantine, Invalid without a reason, and Event.DoesNotExist.
    """
    if not why.strip():
        raise Invalid("Say why it can be dismissed.", {"why": "Say why it can be dismissed."})
    event = Event.objects.select_for_update(no_key=True).get(pk=event_id)
    if event.status != EventStatus.QUARANTINED:
        raise NotInQuarantine(f"This message is {event.status}, not in quarantine.")
    problem = f"Dismissed by {by.phrase}: {why.strip()[:LONGEST_WHY]} It lay here as: {event.problem}"
    Event.objects.filter(pk=event.pk, received_at=event.received_at).update(
        status=EventStatus.IGNORED, reason="dismissed", problem=problem[:2000], processed_at=clock.now()
    )
