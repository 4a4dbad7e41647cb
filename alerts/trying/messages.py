"""Which stored messages a dry run goes through: the newest of an integration, within bounds, oldest first."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F, Func, IntegerField

from alerts.models import Event, EventStatus, Integration
from alerts.parsing.asked import KEPT_AS
from alerts.pipeline.understanding import RawEvent
from alerts.trying.trial import raw_of

MOST_MESSAGES = 2000
USUAL_MESSAGES = 500
MOST_BYTES = 16 * 1024 * 1024  # of all of them
_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """So many of the newest, between these moments where they are given."""

    most: int = USUAL_MESSAGES
    since: datetime | None = None
    until: datetime | None = None


USUAL = Wanted()


@dataclass
class Chosen:
    """What was found: ids of those to go through, oldest first, and why others are left out."""

    ids: list[int] = field(default_factory=list)
    first_at: datetime | None = None
    last_at: datetime | None = None
    left_out: dict[str, int] = field(default_factory=dict)  # by reason
    is_cut: bool = False  # the older ones would have been too much

    def leave_out(self, reason: str) -> None:
        """One more."""
        self.left_out[reason] = self.left_out.get(reason, 0) + 1


_WHY_NOT: dict[str, str] = {
    EventStatus.RECEIVED: "not_read_yet",
    EventStatus.IGNORED: "ignored",
    EventStatus.QUARANTINED: "quarantined",
}


def choose(integration: Integration, wanted: Wanted) -> Chosen:
    """The messages, without their bodies."""
    found = Event.objects.filter(integration=integration)
    if wanted.since is not None:
        found = found.filter(received_at__gte=wanted.since)
    if wanted.until is not None:
        found = found.filter(received_at__lte=wanted.until)
    size = Func(F("body"), function="octet_length", output_field=IntegerField())
    asked = found.annotate(size=size).order_by("-id").values_list("pk", "received_at", "status", "size")
    chosen = Chosen()
    total = 0
    for pk, received_at, status, size_of_it in asked[: min(wanted.most, MOST_MESSAGES)]:
        total += size_of_it
        if total > MOST_BYTES:
            chosen.is_cut = True
            break
        chosen.first_at, chosen.last_at = received_at, chosen.last_at or received_at
        if status in _WHY_NOT:
            chosen.leave_out(_WHY_NOT[status])
        else:
            chosen.ids.append(pk)
    chosen.ids.reverse()
    return chosen


def bodies(chosen: Chosen) -> Iterator[RawEvent]:
    """The messages as the pipeline took them, a few at a time."""
    for start in range(0, len(chosen.ids), _AT_ONCE):
        some = Event.objects.filter(pk__in=chosen.ids[start : start + _AT_ONCE])
        within = some.filter(received_at__gte=chosen.first_at, received_at__lte=chosen.last_at)
        yield from map(raw_of, within.order_by("id"))


def is_action(event: RawEvent) -> bool:
    """Whether it asks for something to be done to an alert."""
    return KEPT_AS in event.headers
