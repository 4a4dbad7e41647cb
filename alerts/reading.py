"""The queries behind lists of alerts, events and integrations."""

from django.db.models import Q, QuerySet

from accounts.models import User
from alerts.heartbeats.models import Heartbeat, HeartbeatState
from alerts.models import Alert, AlertStatus, Event, EventStatus, Integration
from core.errors import Invalid
from incidents.models import Severity


def alerts(user: User, *, integration: str = "", status: str = "", severity: str = "", q: str = "") -> QuerySet[Alert]:
    """Alerts this person may see, newest first. Raises Invalid for a status or severity that does not exist."""
    found = Alert.objects.select_related("integration", "service") if user.is_active else Alert.objects.none()
    if integration:
        found = found.filter(integration__name=integration)
    if status:
        found = found.filter(status=_one_of("status", status, AlertStatus.values))
    if severity:
        found = found.filter(severity=_one_of("severity", severity, Severity.values))
    if q:
        found = found.filter(Q(title__icontains=q) | Q(dedup_key__icontains=q))
    return found.order_by("-id")


def alerts_of(incident_id: int) -> QuerySet[Alert]:
    """The alerts of an incident, those that moved on from it when they got worse included; newest first."""
    moved_on = Q(also_in__contains=[incident_id]) & ~Q(also_in=[])
    found = Alert.objects.filter(Q(incident=incident_id) | moved_on)
    return found.select_related("integration", "service").order_by("-id")


def events(user: User, *, integration: str = "", status: str = "") -> QuerySet[Event]:
    """Raw messages, newest first, without their bodies. Raises Invalid for a status that does not exist."""
    found = Event.objects.select_related("integration").defer("body") if user.is_active else Event.objects.none()
    if integration:
        # By id: the index begins with it, and a name that is not known finds nothing.
        pk = Integration.objects.filter(name=integration).values_list("pk", flat=True).first()
        found = found.filter(integration_id=pk) if pk is not None else found.none()
    if status:
        found = found.filter(status=_one_of("status", status, EventStatus.values))
    return found.order_by("-id")


def integrations(user: User) -> QuerySet[Integration]:
    """Every integration with its routes, newest first."""
    found = Integration.objects.prefetch_related("routes__service") if user.is_active else Integration.objects.none()
    return found.order_by("-id")


def heartbeats(
    user: User, *, state: str = "", service: str = "", integration: str = "", name: str = ""
) -> QuerySet[Heartbeat]:
    """Heartbeats, newest first. Raises Invalid for a state that does not exist."""
    found = Heartbeat.objects.select_related("service", "integration") if user.is_active else Heartbeat.objects.none()
    if state:
        found = found.filter(state=_one_of("state", state, HeartbeatState.values))
    asked = {"service__name": service, "integration__name": integration, "name": name}
    return found.filter(**{field: value for field, value in asked.items() if value}).order_by("-id")


def _one_of(field: str, value: str, known: list[str]) -> str:
    if value not in known:
        problem = f"There is no {field} “{value}”. Known are {', '.join(known)}."
        raise Invalid(problem, {field: problem})
    return value
