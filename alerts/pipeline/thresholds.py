"""Routes that page only when more than so many messages came within a time: below it an incident is held.

What is counted are messages that say that something fires, repeats included, incident by incident. Where routes with
several thresholds bring what becomes one incident, the lowest counts; what comes by a route without one pages at once.
A held incident has a row with the moments of what came; it goes when the threshold is reached.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from alerts.decisions.routing import Limit, RouteRule
from alerts.models import Threshold
from alerts.pipeline.cases import FIRING, Case, Told
from alerts.pipeline.dedup import Following
from core import durations
from incidents import lifecycle
from incidents.actor import Actor
from incidents.models import Incident
from incidents.opening import Entry
from incidents.states import Status

BELOW, REACHED, OTHER_ROUTE = "below_threshold", "threshold_reached", "route_without_threshold"


def recent(moments: Iterable[datetime], limit: Limit) -> list[datetime]:
    """The newest moments that lie within the limit's time, oldest first; no more than it takes to reach it."""
    ordered = sorted(moments)[-(limit.more_than + 1) :]
    return [each for each in ordered if ordered[-1] - each <= limit.within]


def is_reached(moments: Sequence[datetime], limit: Limit) -> bool:
    """Whether these recent moments are too many to hold it back."""
    return len(moments) > limit.more_than


def lowest(limits: Iterable[Limit]) -> Limit:
    """The threshold that is reached first, of those of the routes that bring alerts into one incident."""
    return min(limits, key=lambda each: (each.more_than, -each.within))


@dataclass(slots=True)
class _Count:
    limit: Limit
    moments: list[datetime]
    is_new: bool
    pages_anyway: bool = False  # a route without a threshold brought something

    @property
    def is_reached(self) -> bool:
        return self.pages_anyway or is_reached(self.moments, self.limit)


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
        over: dict[int, str] = {}
        for case in cases:
            count = self._counts.get(id(case))
            if count is None or case.incident_id is None:
                continue
            if not count.is_reached:
                below.append(_row(case.incident_id, count))
            elif not count.is_new:
                over[case.incident_id] = OTHER_ROUTE if count.pages_anyway else REACHED
        if below:
            Threshold.objects.bulk_create(
                below,
                update_conflicts=True,
                unique_fields=["incident"],
                update_fields=["moments", "more_than", "within"],
            )
        if over:
            Threshold.objects.filter(incident__in=over).delete()
            for incident_id, reason in over.items():
                if incidents[incident_id].muted is None:
                    lifecycle.trigger(incident_id, by=by, reason=reason)


def of_batch(
    rules: Sequence[RouteRule],
    told: Iterable[Told],
    following: Following,
    incidents: Mapping[int, Incident],
    is_muted: Callable[[Told], bool] | None = None,
) -> BatchThresholds | None:
    """None where neither a route has a threshold nor an incident is held by one: that is known without asking."""
    held = [pk for pk, each in incidents.items() if each.status == Status.HELD and each.due_at is None]
    if not held and all(rule.limit is None for rule in rules):
        return None
    rows = {row.incident_id: row for row in Threshold.objects.filter(incident__in=held)} if held else {}
    came: dict[int, list[Told]] = {}
    for each in told:
        episode = following.episodes.get(each.fingerprint)
        if each.alert.status is FIRING and episode is not None and episode.case is not None:
            came.setdefault(id(episode.case), []).append(each)
    counts: dict[int, _Count] = {}
    for case in following.cases:
        found = _before(case, rows)
        if found is not None:
            here = came.get(id(case), ())
            count = counts[id(case)] = _counted(*found, here, is_new=case.incident_id is None)
            pages = (each for each in here if each.route.limit is None)
            count.pages_anyway = any(is_muted is None or not is_muted(each) for each in pages)
    return BatchThresholds(counts) if counts else None


def add_up(incident_id: int, merged: Sequence[int], *, by: Actor) -> None:
    """An incident that is held back has taken in others: what came to those came to it."""
    with transaction.atomic():
        incident = lifecycle.locked(incident_id)
        rows = {row.incident_id: row for row in Threshold.objects.filter(incident__in=[incident_id, *merged])}
        row = rows.get(incident_id)
        Threshold.objects.filter(incident__in=merged).delete()
        if row is None or incident.status != Status.HELD:
            return
        limit = Limit(row.more_than, row.within)
        row.moments = recent([at for each in rows.values() for at in each.moments], limit)
        if not is_reached(row.moments, limit):
            row.save(update_fields=["moments"])
            return
        row.delete()
        if incident.muted is None:
            lifecycle.trigger(incident_id, by=by, reason=REACHED)


def holds(incident_id: int) -> bool:
    """Whether an incident waits for more messages."""
    return Threshold.objects.filter(incident=incident_id).exists()


def _before(case: Case, rows: Mapping[int, Threshold]) -> tuple[Limit, list[datetime]] | None:
    """The threshold that a case is below, or begins below, and what came before; None where there is none."""
    if case.incident_id is not None:
        row = rows.get(case.incident_id)
        return (Limit(row.more_than, row.within), list(row.moments)) if row is not None and case.is_open else None
    limit = case.opened_by.route.limit if case.opened_by is not None else None
    return (limit, []) if limit is not None else None


def _counted(limit: Limit, before: Sequence[datetime], came: Sequence[Told], *, is_new: bool) -> _Count:
    limit = lowest({limit, *(each.route.limit for each in came if each.route.limit is not None)})
    moments = recent([*before, *(each.at for each in came)], limit)
    return _Count(limit, moments, is_new)


def _row(incident_id: int, count: _Count) -> Threshold:
    return Threshold(
        incident_id=incident_id, more_than=count.limit.more_than, within=count.limit.within, moments=count.moments
    )
