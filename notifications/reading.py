"""Queries behind lists of deliveries."""

from django.db.models import QuerySet

from accounts.models import User
from notifications.models import Delivery, Kind


def deliveries(viewer: User) -> QuerySet[Delivery]:
    """What went out to people, with what a row shows. Updates of messages that stand already are left out."""
    shown = Delivery.objects.exclude(kind=Kind.UPDATE).select_related("user")
    return shown if viewer.is_active else shown.none()
