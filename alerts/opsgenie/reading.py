"""Which alerts are found, in which order, for Opsgenie's clients; and what became of a request. Of one integration."""

from django.db.models import QuerySet, Value

from alerts import identities
from alerts.decisions.grouping import fingerprint
from alerts.models import Alert, Event, EventStatus, Integration
from alerts.opsgenie import fields
from alerts.opsgenie import query as opsgenie_query
from alerts.parsing import opsgenie
from alerts.pipeline.acting import IS_OPEN
from core import clock
from core.errors import Invalid
from incidents.models import TimelineEntry
from incidents.timeline import Kind

MOST = 20_000  # as with the vendor: further pages are asked for by a narrower query
NAMES = ("id", "alias", "tiny")
SORTS = {
    "createdAt": "id",
    "tinyId": "id",
    "lastOccurredAt": "last_seen_at",
    "updatedAt": "last_seen_at",
    "alias": "dedup_key",
    "message": "title",
    "status": "status",
    "count": "count",
    "acknowledged": "incident__acknowledged_at",
    "snoozed": "incident__status",
    "source": "labels__source",
}


def alerts_of(integration: Integration) -> QuerySet[Alert]:
    """Every alert it has told of. What was only ever said to be over is none to the vendor's clients."""
    found = Alert.objects.filter(integration=integration, incident__isnull=False)
    return found.select_related("incident__acknowledged_by", "incident__resolved_by", "integration").order_by("-id")


def one(integration: Integration, name: str, kind: str) -> Alert | None:
    """The alert of this id, this short number, or, while it is open, this alias."""
    found = alerts_of(integration)
    if kind == "alias":
        return found.filter(IS_OPEN, fingerprint=fingerprint(name)).first()
    if kind == "tiny":
        return found.filter(pk=int(name)).first() if name.isascii() and name.isdecimal() and len(name) < 18 else None
    return found.filter(pk=opsgenie.alert_of(name) or 0).first()


def found_by(integration: Integration, query: str) -> QuerySet[Alert]:
    """What the query finds, newest first. Raises Invalid."""
    tree = opsgenie_query.parse(query)
    found = alerts_of(integration)
    return found if tree is None else found.filter(fields.asked(tree))


def in_order(found: QuerySet[Alert], sort: str, order: str) -> QuerySet[Alert]:
    """In the wished order. Raises Invalid."""
    if sort not in SORTS:
        raise Invalid(f"[sort] must be one of {', '.join(SORTS)}.")
    if order not in ("asc", "desc"):
        raise Invalid("[order] must be asc or desc.")
    sign = "-" if order == "desc" else ""
    return found.order_by(f"{sign}{SORTS[sort]}", f"{sign}id")


def request(integration: Integration, number: str) -> Event | None:
    """The raw message of a request, where it came by the Alert API."""
    pk = opsgenie.event_of(number)
    return Event.objects.filter(pk=pk, integration=integration).first() if pk is not None else None


def is_processed(event: Event) -> bool:
    """Whether something has become of it."""
    return event.status != EventStatus.RECEIVED


def alert_of_request(event: Event) -> Alert | None:
    """The alert a message told of or acted on, as it was then; unless it was over more than a week ago."""
    keys = [each["dedup_key"] for each in event.understood]
    if not keys:
        return None
    mark, now = fingerprint(str(keys[0])), clock.now()
    of_it = alerts_of(event.integration).filter(fingerprint=mark, first_seen_at__lte=event.processed_at or now)
    over = of_it.alias(period=identities.period_of_end(), short=identities.short("fingerprint"))
    over = over.filter(period__in=identities.periods(now), short=identities.short(Value(mark)))
    return of_it.filter(IS_OPEN).first() or over.first()


def entries(alert: Alert, *, only_notes: bool, order: str, limit: int, after: int | None) -> list[TimelineEntry]:
    """Of its incident's timeline; `after` is the entry that the last page ended with."""
    found = TimelineEntry.objects.filter(incident=alert.incident_id)
    if only_notes:
        found = found.filter(kind=Kind.NOTE)
    if after is not None:
        found = found.filter(id__gt=after) if order == "asc" else found.filter(id__lt=after)
    return list(found.order_by("id" if order == "asc" else "-id")[:limit])
