"""The queries behind lists of changes, and which stand beside an incident as what may have caused it."""

from datetime import timedelta

from django.db.models import Case, QuerySet, Value, When

from accounts.models import User
from alerts.models import Change
from incidents.models import Incident

SHORTLY = timedelta(hours=24)  # before an incident: what may have brought it about
MOST_SHOWN = 8  # beside an incident


def listed(user: User, *, service: str = "", integration: str = "") -> QuerySet[Change]:
    """Changes this person may see, newest first."""
    found = Change.objects.select_related("service", "integration") if user.is_active else Change.objects.none()
    if service:
        found = found.filter(service__name=service)
    if integration:
        found = found.filter(integration__name=integration)
    return found.order_by("-id")


def before(incident: Incident) -> QuerySet[Change]:
    """What was done in the day before an incident opened: first to its own service, then to others; newest first."""
    of_its_own = Case(When(service=incident.service_id, then=Value(0)), default=Value(1))
    found = Change.objects.filter(at__lte=incident.created_at, at__gt=incident.created_at - SHORTLY)
    return found.select_related("service", "integration").annotate(place=of_its_own).order_by("place", "-at", "-id")
