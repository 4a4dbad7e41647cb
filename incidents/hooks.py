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


@dataclass(frozen=True)
class Recorded:
    """An entry was written into an incident's timeline; of several written at once, the newest."""

    incident_id: int
    entry_id: int
    kind: str


recorded: Hook[Recorded] = Hook("incidents.recorded")
