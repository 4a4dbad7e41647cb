"""The news that notifications announce to the apps above."""

from dataclasses import dataclass

from core.hooks import Hook


@dataclass(frozen=True)
class Page:
    """Which step of which escalation run asked for a page. Plain numbers: runs belong to an app above."""

    run_id: int
    run_version: int
    pass_number: int
    step_number: int


@dataclass(frozen=True)
class Unreached:
    """Every contact method of this person failed for this page; no rule of hers is left.

    Announced in a transaction that holds the incident's lock.
    """

    incident_id: int
    user_id: int
    page: Page


unreached: Hook[Unreached] = Hook("notifications.unreached")
