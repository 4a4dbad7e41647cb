"""What a silence or window is for. Where that has been deleted it is for nothing any more, and never for all."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db.models import Exists, OuterRef, Q, QuerySet

from alerts.muting import silences, windows
from alerts.muting.models import MaintenanceWindow, Silence

log = structlog.get_logger(__name__)

BY_DELETION = "Tocsin, as what it was for was deleted"
_NONE = frozenset({0})  # no row has this id


@dataclass(frozen=True, slots=True)
class Scope:
    """Ids of services and integrations; without any, of all."""

    service_ids: frozenset[int]
    integration_ids: frozenset[int]


def of_silence(row: Silence) -> Scope:
    """What a silence is for."""
    return Scope(
        _ids([row.service_id], is_narrow=row.is_for_service),
        _ids([row.integration_id], is_narrow=row.is_for_integration),
    )


def of_window(row: MaintenanceWindow) -> Scope:
    """What a window is for."""
    return Scope(
        _ids([each.pk for each in row.services.all()], is_narrow=row.is_for_services),
        _ids([each.pk for each in row.integrations.all()], is_narrow=row.is_for_integrations),
    )


def end_lost(now: datetime) -> int:
    """End what is for nothing any more, so that nobody takes it for something that mutes. Returns how many."""
    gone = Q(is_for_service=True, service=None) | Q(is_for_integration=True, integration=None)
    lost = list(Silence.objects.filter(gone, ends_at__gt=now).order_by("id").values_list("pk", flat=True))
    for pk in lost:
        silences.expire(pk, by=BY_DELETION)
    emptied = _emptied().order_by("id").values_list("pk", flat=True)
    for pk in emptied:
        windows.switch_off(pk, by=BY_DELETION)
        lost.append(pk)
    if lost:
        log.info("mutes.lost_scope", ended=len(lost))
    return len(lost)


def _emptied() -> QuerySet[MaintenanceWindow]:
    services = MaintenanceWindow.services.through.objects.filter(maintenancewindow=OuterRef("pk"))
    integrations = MaintenanceWindow.integrations.through.objects.filter(maintenancewindow=OuterRef("pk"))
    gone = Q(~Exists(services), is_for_services=True) | Q(~Exists(integrations), is_for_integrations=True)
    return MaintenanceWindow.objects.filter(gone, is_active=True)


def _ids(found: Iterable[int | None], *, is_narrow: bool) -> frozenset[int]:
    ids = frozenset(pk for pk in found if pk is not None)
    return _NONE if is_narrow and not ids else ids
