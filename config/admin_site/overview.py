"""The admin's first page: what waits for a manager, what is wrong, and who is on call."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.urls import reverse

from accounts.administration import is_at_least
from accounts.models import Role
from alerts.models import Event, EventStatus
from catalog.models import Service
from core import clock
from escalation.models import Coverage
from incidents.models import Incident
from incidents.states import Status as IncidentStatus
from notifications.models import Delivery
from notifications.states import Status as DeliveryStatus
from oncall import roster
from oncall.models import Schedule
from postmortems.models import ActionItem, Postmortem

_MOST = 8  # rows of a card; the list behind it has them all
_RECENTLY = timedelta(days=1)
_COUNTED = 100  # beyond that a figure says only that it is large


@dataclass(frozen=True)
class Figure:
    """One number that matters, and where to see what it counts."""

    label: str
    count: int
    url: str
    is_trouble: bool

    @property
    def text(self) -> str:
        """For people."""
        return str(self.count) if self.count < _COUNTED else f"{_COUNTED}+"


def add_to(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the first page shows besides the list of everything."""
    today = clock.now().date()
    waiting = Postmortem.objects.waiting().select_related("incident__service", "owner").order_by("updated_at")
    overdue = ActionItem.objects.overdue(today).select_related("owner", "postmortem").order_by("due_on")
    uncovered = Service.objects.filter(~Exists(Coverage.objects.filter(service=OuterRef("pk")))).order_by("name")
    return {
        **context,
        "figures": _figures(),
        "waiting": waiting[:_MOST],
        "overdue": overdue[:_MOST],
        "cover": _cover(),
        "uncovered": uncovered[:_MOST],
    }


def waiting_count(request: HttpRequest) -> str:
    """How many postmortems lie before the managers; shown in the menu."""
    return _shown(Postmortem.objects.waiting()[:_COUNTED].count())


def overdue_count(request: HttpRequest) -> str:
    """How many action items are overdue; shown in the menu."""
    return _shown(ActionItem.objects.overdue(clock.now().date())[:_COUNTED].count())


def is_admin(request: HttpRequest) -> bool:
    """Whether the menu shows what only admins see."""
    return is_at_least(request, Role.ADMIN)


def _shown(count: int) -> str:
    return str(count) if count else ""


def _figures() -> list[Figure]:
    since = clock.now() - _RECENTLY
    incidents = reverse("admin:incidents_incident_changelist")
    taken = Incident.objects.open()[:_COUNTED].count()
    unanswered = Incident.objects.filter(status=IncidentStatus.TRIGGERED)[:_COUNTED].count()
    failed = Delivery.objects.filter(status__in=[DeliveryStatus.FAILED, DeliveryStatus.UNKNOWN], created_at__gte=since)
    unread = Event.objects.filter(status=EventStatus.QUARANTINED)[:_COUNTED].count()
    failed_count = failed[:_COUNTED].count()
    return [
        Figure("open incidents", taken, incidents, is_trouble=False),
        Figure("unanswered", unanswered, f"{incidents}?status__exact=triggered", is_trouble=unanswered > 0),
        Figure(
            "deliveries failed in 24 h",
            failed_count,
            f"{reverse('admin:notifications_delivery_changelist')}?status__exact=failed",
            is_trouble=failed_count > 0,
        ),
        Figure(
            "messages in quarantine",
            unread,
            f"{reverse('admin:alerts_event_changelist')}?status__exact=quarantined",
            is_trouble=unread > 0,
        ),
    ]


def _cover() -> list[dict[str, Any]]:
    now = clock.now()
    schedules = Schedule.objects.select_related("team").prefetch_related(*roster.drawn(now)).order_by("name")
    return [
        {"schedule": schedule, "people": [each.user for each in roster.on_call(schedule, now)]}
        for schedule in schedules[: 2 * _MOST]
    ]
