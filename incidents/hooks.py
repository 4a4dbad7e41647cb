"""The news that incidents announce to the apps above."""

from dataclasses import dataclass
from datetime import datetime

from core.hooks import Hook
from incidents.actor import Actor
from incidents.models import Incident
from incidents.states import Status


@dataclass(frozen=True)
class StatusChanged:
    """An incident came to be (`old` is None) or moved. `incident` is locked by this transaction."""

    incident: Incident
    old: Status | None
    new: Status
    by: Actor
    at: datetime


status_changed: Hook[StatusChanged] = Hook("incidents.status_changed")
