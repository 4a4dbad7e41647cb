"""What the pipeline hands from stage to stage: an alert as told of; alerts and incidents while they are followed."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from alerts.decisions.grouping import Group
from alerts.decisions.routing import Decision
from alerts.models import AlertStatus
from alerts.parsing.source import ParsedAlert
from incidents.models import Severity

# A look into an enumeration costs a third of a microsecond, and each alert would need several.
FIRING, RESOLVED, ACKNOWLEDGED = AlertStatus.FIRING, AlertStatus.RESOLVED, AlertStatus.ACKNOWLEDGED

# What storms are told apart by: the service, and whether a threshold holds it back. What is held back pages nobody, so
# however much of that there is, it may not take what does page into its storm.
Kind = tuple[int, bool]


@dataclass(slots=True)
class Told:
    """One alert in one message, routed and grouped."""

    event_id: int
    at: datetime
    alert: ParsedAlert
    fingerprint: str
    route: Decision
    group: Group
    open_key: str

    @property
    def kind(self) -> Kind:
        """Which storm it would be gathered in."""
        return self.route.service_id, self.route.limit is not None


@dataclass(slots=True, eq=False)
class Case:
    """An incident while a batch is followed; `incident_id` is None for one that is still to be opened."""

    open_key: str
    service_id: int
    group_key: str
    incident_id: int | None = None
    is_open: bool = True
    severity: Severity | None = None
    alert_count: int = 0
    firing_count: int = 0
    acknowledged_count: int = 0
    flapping_count: int = 0
    resolved_at: datetime | None = None
    opened_at: datetime | None = None
    joined_at: datetime | None = None  # the last alert that is new in it, where that is asked for
    previous: "Case | None" = None
    merged_into: "Case | None" = None
    opened_by: Told | None = None
    joined: list[Told] = field(default_factory=list)

    def standing(self) -> "Case | None":
        """The open incident this one is, or was merged into; None where it is over."""
        case: Case | None = self
        passed: set[int] = set()
        while case is not None and not case.is_open:
            if id(case) in passed:
                return None
            passed.add(id(case))
            case = case.merged_into
        return case


@dataclass(slots=True, eq=False)
class Fold:
    """A service in a storm: what would be an incident itself goes into this one. `case` is None until it opens."""

    case: Case | None
    groups: int = 0  # that would each have been an incident

    def take(self, told: Told) -> Case | None:
        """The storm's open incident, for a group that has none; None where this is the one that opens it."""
        standing = self.case.standing() if self.case is not None else None
        if standing is not None:
            self.groups += 1
            told.group = Group(told.group.key, "storm")
        return standing


class Said(NamedTuple):
    """What an alert says, as JSON texts, and the hash of all of it."""

    hash: int
    labels: str
    annotations: str
    links: str


@dataclass(slots=True, eq=False)
class Episode:
    """An alert's row while a batch is followed; `pk` is None for one that is still to be inserted."""

    fingerprint: str
    status: AlertStatus
    case: Case | None
    service_id: int
    pk: int | None = None
    also_in: list[Case] = field(default_factory=list)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    resolved_at: datetime | None = None
    dedup: str | None = None  # what its last message was taken for, as the row has it
    late_firing_at: str | None = None
    reasons: dict[str, Any] = field(default_factory=dict)  # new ones; None takes one away
    first_seen_at: datetime | None = None
    count_added: int = 0
    last: Told | None = None  # the newest message that told of it
    content: ParsedAlert | None = None  # what is to be shown, where a message brought it
    content_hash: int | None = None  # of what the row shows
    said: "Said | None" = None  # what is to be shown, as the row keeps it
    group_key: str = ""
    expires_at: datetime | None = None
    changes: list[datetime] | None = None
    flapping_until: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether the condition still holds."""
        return self.status is not RESOLVED


class ActKind(StrEnum):
    """What happens to an incident."""

    OPEN = "open"
    REOPEN = "reopen"
    RELEASE = "release"  # it takes in no more alerts: its grouping window is over
    WORSE = "worse"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True)
class Flap:
    """An alert began to flap, or has been quiet for long enough (then without `changes`)."""

    case: Case
    title: str
    changes: int = 0


@dataclass(slots=True)
class Act:
    """One thing to be done to an incident, and the alert that brought it about."""

    kind: ActKind
    case: Case
    told: Told
