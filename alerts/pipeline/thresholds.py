"""Routes that page only when more than so many messages came within a time: below it an incident is held.

What is counted are messages that say that something fires, repeats included, incident by incident. A held incident has
a row with the moments of what came; it goes when the threshold is reached.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.decisions.routing import Limit, RouteRule
from alerts.models import AlertStatus, Threshold
from alerts.pipeline.cases import Case, Told
from alerts.pipeline.dedup import Following
from core import durations
from incidents import lifecycle
from incidents.actor import Actor
from incidents.models import Incident
from incidents.opening import Entry
from incidents.states import Status

BELOW, REACHED = "below_threshold", "threshold_reached"


def recent(moments: Iterable[datetime], limit: Limit) -> list[datetime]:
    """The newest moments that lie within the limit's time, oldest first; no more than it takes to reach it."""
    ordered = sorted(moments)[-(limit.more_than + 1) :]
    return [each for each in ordered if ordered[-1] - each <= limit.within]


def is_reached(moments: Sequence[datetime], limit: Limit) -> bool:
    """Whether these recent moments are too many to hold it back."""
    return len(moments) > limit.more_than


@dataclass(slots=True)
class _Count:
    limit: Limit
    moments: list[datetime]
    is_new: bool

    @property
    def is_reached(self) -> bool:
        return is_reached(self.moments, self.limit)


class BatchThresholds:
    """What one batch adds to the incidents that are, or begin, below a threshold."""

    def __init__(self, counts: Mapping[int, _Count]) -> None:
        self._counts = counts  # by the identity of the case

    def entry_of(self, case: Case) -> Entry | None:
        """Why a new incident is held; None where it is not."""
        count = self._counts.get(id(case))
        if count is None or count.is_reached:
            return None
        limit = count.limit
        text = (
            f"Held back below the threshold of its route: it pages when more than {limit.more_than} messages come "
            f"within {durations.write(limit.within)}; {len(count.moments)} so far."
        )
        return Entry(BELOW, BELOW, text, {"more_than": limit.more_than, "came": len(count.moments)})

    def carry_out(self, cases: Iterable[Case], incidents: Mapping[int, Incident], by: Actor) -> None:
        """Trigger what has reached its threshold, and remember what came to the rest."""
        below: list[Threshold] = []
        over: list[int] = []
        for case in cases:
            count = self._counts.get(id(case))
            if count is None or case.incident_id is None:
                continue
            if not count.is_reached:
                below.append(_row(case.incident_id, count))
            elif not count.is_new:
                over.append(case.incident_id)
        if below:
            Threshold.objects.bulk_create(
                below, update_conflicts=True, unique_fields=["incident"], update_fields=["moments"]
            )
        if over:
            Threshold.objects.filter(incident__in=over).delete()
            for incident_id in over:
                if incidents[incident_id].muted is None:
                    lifecycle.trigger(incident_id, by=by, reason=REACHED)


def of_batch(
    rules: Sequence[RouteRule], told: Iterable[Told], following: Following, incidents: Mapping[int, Incident]
) -> BatchThresholds | None:
    """None where neither a route has a threshold nor an incident is held by one: that is known without asking."""
    limits = {rule.position: rule.limit for rule in rules if rule.limit is not None}
    held = [pk for pk, each in incidents.items() if each.status == Status.HELD and each.due_at is None]
    if not limits and not held:
        return None
    rows = {row.incident_id: row for row in Threshold.objects.filter(incident__in=held)} if held else {}
    came: dict[int, list[datetime]] = {}
    for each in told:
        episode = following.episodes.get(each.fingerprint)
        if each.alert.status is AlertStatus.FIRING and episode is not None and episode.case is not None:
            came.setdefault(id(episode.case), []).append(each.at)
    counts: dict[int, _Count] = {}
    for case in following.cases:
        found = _limit_of(case, rows, limits)
        if found is not None:
            limit, before = found
            moments = recent([*before, *came.get(id(case), ())], limit)
            counts[id(case)] = _Count(limit, moments, is_new=case.incident_id is None)
    return BatchThresholds(counts) if counts else None


def holds(incident_id: int) -> bool:
    """Whether an incident waits for more messages."""
    return Threshold.objects.filter(incident=incident_id).exists()


def _limit_of(
    case: Case, rows: Mapping[int, Threshold], limits: Mapping[int, Limit]
) -> tuple[Limit, list[datetime]] | None:
    if case.incident_id is not None:
        row = rows.get(case.incident_id)
        return (Limit(row.more_than, row.within), list(row.moments)) if row is not None and case.is_open else None
    limit = limits.get(case.opened_by.route.position) if case.opened_by is not None else None
    return (limit, []) if limit is not None else None


def _row(incident_id: int, count: _Count) -> Threshold:
    return Threshold(
        incident_id=incident_id, more_than=count.limit.more_than, within=count.limit.within, moments=count.moments
    )
