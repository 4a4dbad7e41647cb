"""What went wrong and waits for a person: pages that failed, messages nobody could read, rows that raise."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from accounts.models import User
from alerts.models import Event, EventStatus
from core import clock
from escalation.models import Run, RunStatus
from incidents.models import Incident
from notifications.models import Delivery, Kind
from notifications.states import Status
from web.reading import Page, keyset

LOOK_BACK = timedelta(days=7)
_SHOWN = 20
_COUNTED = 1000


@dataclass(frozen=True)
class Postponed:
    """A row that raised and was pushed forward."""

    what: str
    incident: Incident | None
    failures: int


@dataclass(frozen=True)
class Problems:
    """All of them, newest first."""

    deliveries: Page[Delivery]
    events: Page[Event]
    postponed: list[Postponed]

    @property
    def is_empty(self) -> bool:
        """Whether all is well."""
        return not (self.deliveries.rows or self.events.rows or self.postponed)


def counts() -> dict[str, int]:
    """How many there are of each kind, for `/metrics`; a thousand stands for that many and more."""
    since = clock.now() - LOOK_BACK
    return {
        "failed_deliveries": _failed(since).order_by("-created_at")[:_COUNTED].count(),
        "quarantined_events": _unread(since).count(),
        "postponed_rows": len(_postponed()),
    }


def _failed(since: datetime) -> QuerySet[Delivery]:
    found = Delivery.objects.filter(status__in=[Status.FAILED, Status.UNKNOWN], created_at__gt=since)
    return found.exclude(kind=Kind.UPDATE)


def _unread(since: datetime) -> QuerySet[Event]:
    return Event.objects.filter(status=EventStatus.QUARANTINED, received_at__gt=since)


def problems(user: User, *, before: int | None = None, events_before: int | None = None) -> Problems:
    """Of the last seven days; what is postponed, of any age."""
    since = clock.now() - LOOK_BACK
    visible = Q(incident__isnull=True) | Q(incident__in=Incident.objects.visible_to(user))
    failed = _failed(since).filter(visible).select_related("incident", "user")
    # The raw body may be megabytes; the list needs a name and a reason.
    unread = _unread(since).select_related("integration").defer("body", "headers", "query", "understood")
    return Problems(
        deliveries=keyset(failed.order_by("-id"), before, size=_SHOWN),
        events=keyset(unread.order_by("-id"), events_before, size=_SHOWN),
        postponed=_postponed(),
    )


def _postponed() -> list[Postponed]:
    runs = Run.objects.filter(status=RunStatus.RUNNING, failures__gt=0).select_related("incident")
    deliveries = Delivery.objects.filter(status__in=[Status.QUEUED, Status.UNKNOWN], failures__gt=0)
    incidents = Incident.objects.open().filter(failures__gt=0)
    events = Event.objects.filter(status=EventStatus.RECEIVED, failures__gt=0).values(
        "failures", name=F("integration__name")
    )
    return [
        *[Postponed("Escalation", run.incident, run.failures) for run in runs.order_by("-failures", "-id")[:_SHOWN]],
        *[
            Postponed("Delivery", each.incident, each.failures)
            for each in deliveries.select_related("incident").order_by("-failures", "-id")[:_SHOWN]
        ],
        *[Postponed("Hold or snooze", each, each.failures) for each in incidents.order_by("-failures", "-id")[:_SHOWN]],
        *[
            Postponed(f"Message to {each['name']}", None, each["failures"])
            for each in events.order_by("-failures", "-id")[:_SHOWN]
        ],
    ]
