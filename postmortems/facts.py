"""What the records say about an incident, read once and kept as plain values to write a document from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.models import Alert
from alerts.reading import alerts_of
from incidents.actor import Actor, ActorKind, Via
from incidents.models import Incident, TimelineEntry
from incidents.timeline import Kind as EntryKind
from notifications.models import Delivery, Kind
from notifications.states import Status

_ARRIVED = {Status.SENT, Status.DELIVERED}
MOST_ROWS = 500  # of one table; a storm's document stays readable, and says what it leaves out


@dataclass(frozen=True)
class Happening:
    """One entry of the timeline."""

    at: datetime
    kind: str
    text: str
    who: str
    phrase: str  # who and by which way: `ada by SMS`
    by_person: bool


@dataclass(frozen=True)
class Page:
    """One message that was to wake somebody."""

    at: datetime
    person: str
    channel: str
    status: str
    reason: str
    arrived_after: timedelta | None  # sent or, where a receipt came, delivered


@dataclass(frozen=True)
class Told:
    """One alert of the incident."""

    first_seen_at: datetime
    title: str
    severity: str
    messages: int
    resolved_at: datetime | None
    moved_to: int | None  # the number of the incident it moved on to when it got worse


@dataclass(frozen=True)
class Facts:
    """Everything a draft is written from. Times are aware; `zone` is the one they are shown in."""

    number: int
    title: str
    url: str
    service: str
    team: str
    urgency: str
    severity: str
    origin: str
    zone: ZoneInfo
    began_at: datetime
    triggered_at: datetime
    acknowledged: Happening | None
    resolved: Happening | None
    happenings: tuple[Happening, ...]
    pages: tuple[Page, ...]
    alerts: tuple[Told, ...]
    left_out: dict[str, int]


def gather(incident: Incident, *, zone: ZoneInfo, url: str) -> Facts:
    """Read the records of one incident."""
    entries = incident.timeline.order_by("id")
    pages = incident.deliveries.filter(kind=Kind.PAGE).select_related("user").order_by("id")
    alerts = alerts_of(incident.pk).order_by("first_seen_at", "id")
    happenings = tuple(_happening(each) for each in entries[:MOST_ROWS])
    return Facts(
        number=incident.number,
        title=incident.title,
        url=url,
        service=incident.service.name,
        team=incident.service.team.name,
        urgency=incident.urgency,
        severity=incident.severity or "",
        origin=incident.origin,
        zone=zone,
        began_at=incident.created_at,
        triggered_at=incident.triggered_at or incident.created_at,
        acknowledged=_entry(entries.filter(kind=EntryKind.ACKNOWLEDGED).first()),
        resolved=_entry(entries.filter(kind=EntryKind.RESOLVED).last()),
        happenings=happenings,
        pages=tuple(_page(each) for each in pages[:MOST_ROWS]),
        alerts=tuple(_told(each, incident) for each in alerts[:MOST_ROWS]),
        left_out={
            "timeline": _more(entries.count()),
            "pages": _more(pages.count()),
            "alerts": _more(alerts.count()),
        },
    )


def people(happenings: Iterable[Happening]) -> dict[str, list[str]]:
    """What each person did, in the order of its first time: {"ada": ["acknowledged", "note"]}."""
    did: dict[str, list[str]] = {}
    for each in happenings:
        if each.by_person:
            kinds = did.setdefault(each.who, [])
            if each.kind not in kinds:
                kinds.append(each.kind)
    return did


def _more(count: int) -> int:
    return max(0, count - MOST_ROWS)


def _entry(entry: TimelineEntry | None) -> Happening | None:
    return None if entry is None else _happening(entry)


def _happening(entry: TimelineEntry) -> Happening:
    actor = Actor(ActorKind(entry.actor_kind), entry.actor_name, Via(entry.via), entry.actor_user_id)
    return Happening(
        at=entry.at,
        kind=entry.kind,
        text=entry.text,
        who=actor.name,
        phrase=actor.phrase,
        by_person=actor.kind is ActorKind.USER,
    )


def _page(delivery: Delivery) -> Page:
    arrived_at = (delivery.delivered_at or delivery.sent_at) if delivery.status in _ARRIVED else None
    return Page(
        at=delivery.created_at,
        person=delivery.user.username if delivery.user else "",
        channel=delivery.channel,
        status=delivery.status,
        reason=delivery.reason,
        arrived_after=arrived_at - delivery.created_at if arrived_at else None,
    )


def _told(alert: Alert, incident: Incident) -> Told:
    return Told(
        first_seen_at=alert.first_seen_at,
        title=alert.title,
        severity=alert.severity or "",
        messages=alert.count,
        resolved_at=alert.resolved_at,
        moved_to=None if alert.incident_id == incident.pk else alert.incident_id,
    )
