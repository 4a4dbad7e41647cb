"""Who is on call: reads what a schedule draws and asks `rotation`. The answers are people and moments in UTC."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Prefetch

from accounts.models import User
from oncall import rotation
from oncall.models import Override, Rotation, RotationMember, RotationUnit, Schedule

_FAR = timedelta(days=400)
_DAYS = {RotationUnit.DAY: 1, RotationUnit.WEEK: 7}


@dataclass(frozen=True)
class OnCall:
    """Somebody is on call `until` the next hand-off or change (None: nothing changes in sight); `why` in words."""

    user: User
    until: datetime | None
    why: str
    is_override: bool = False


@dataclass(frozen=True)
class Shift:
    """One stretch of time. `user` is None where nobody is on call."""

    user: User | None
    start: datetime
    end: datetime
    why: str


def on_call(schedule: Schedule, at: datetime) -> list[OnCall]:
    """Who is on call at this moment; empty where nobody is."""
    drawn = _Drawn(schedule, at, at + _FAR)
    first = next(rotation.stretches(drawn.drawing, at, at + _FAR))
    until = first.end if first.end < at + _FAR else None
    return [OnCall(drawn.user(each), until, drawn.why(each), each.is_override) for each in first.places]


def shifts(schedule: Schedule, start: datetime, end: datetime) -> list[Shift]:
    """All the time from `start` to `end`, in order. Where several are on call at once their shifts overlap.

    A stretch without anybody is a shift whose `user` is None, so that gaps can be shown.
    """
    drawn = _Drawn(schedule, start, end)
    found: list[Shift] = []
    for stretch in rotation.stretches(drawn.drawing, start, end):
        found += [Shift(drawn.user(each), stretch.start, stretch.end, drawn.why(each)) for each in stretch.places]
        if not stretch.places:
            found.append(Shift(None, stretch.start, stretch.end, "nobody is on call"))
    return found


def next_handoff(schedule: Schedule, at: datetime) -> datetime | None:
    """When other people will be on call than are now; None where that is not in sight."""
    people: set[int] | None = None
    for stretch in rotation.stretches(_Drawn(schedule, at, at + _FAR).drawing, at, at + _FAR):
        here = {place.person for place in stretch.places}
        if people is not None and here != people:
            return stretch.start
        people = here
    return None


def drawn(since: datetime) -> tuple["Prefetch[str]", "Prefetch[str]"]:
    """What to prefetch on a queryset of schedules to ask about moments from `since` on: a list then costs a fixed
    number of queries.
    """
    rotations = Rotation.objects.order_by("-layer", "id").prefetch_related(_members())
    overrides = Override.objects.filter(end_at__gt=since).order_by("start_at", "id").select_related("person")
    return Prefetch("rotations", rotations), Prefetch("overrides", overrides)


def until_words(until: datetime, zone: str, *, now: datetime) -> str:
    """A moment in a schedule's zone for people: `Mon 09:00 CET`, with the date where it is more than a week away."""
    local = until.astimezone(ZoneInfo(zone))
    day = f"{local:%a}" if until - now <= timedelta(days=7) else f"{local:%a} {local.day} {local:%b}"
    return f"{day} {local:%H:%M} {local.tzname()}"


class _Drawn:
    """What a schedule draws between two moments, and the people in it."""

    def __init__(self, schedule: Schedule, start: datetime, end: datetime) -> None:
        rotations, overrides = _rows(schedule, start, end)
        zone = ZoneInfo(schedule.time_zone)
        self._names = {each.pk: each.name for each in rotations}
        self._users = {member.user_id: member.user for each in rotations for member in each.members.all()}
        self._users |= {each.person_id: each.person for each in overrides}
        self.drawing = rotation.Drawing(
            rotations=tuple(_pure(each, zone) for each in rotations),
            overrides=tuple(
                rotation.Override(each.pk, each.person_id, each.start_at, each.end_at) for each in overrides
            ),
            active=frozenset(pk for pk, user in self._users.items() if user.is_active),
        )

    def user(self, place: rotation.Place) -> User:
        """The person of a place."""
        return self._users[place.person]

    def why(self, place: rotation.Place) -> str:
        """What put her there, in words."""
        return "override" if place.is_override else f"rotation {self._names[place.by]}"


def _pure(row: Rotation, zone: ZoneInfo) -> rotation.Rotation:
    return rotation.Rotation(
        key=row.pk,
        layer=row.layer,
        start_date=row.start_date,
        handoff=row.handoff_time,
        every_days=row.every_count * _DAYS[RotationUnit(row.every_unit)],
        zone=zone,
        people=tuple(member.user_id for member in row.members.all()),
    )


def _members() -> "Prefetch[str]":
    return Prefetch("members", RotationMember.objects.order_by("position").select_related("user"))


def _rows(schedule: Schedule, start: datetime, end: datetime) -> tuple[list[Rotation], list[Override]]:
    known = getattr(schedule, "_prefetched_objects_cache", {})
    if "rotations" in known and "overrides" in known:
        rotations, overrides = list(schedule.rotations.all()), list(schedule.overrides.all())
    else:
        rotations = list(schedule.rotations.order_by("-layer", "id").prefetch_related(_members()))
        overrides = list(
            schedule.overrides.filter(end_at__gt=start, start_at__lt=end)
            .select_related("person")
            .order_by("start_at", "id")
        )
    return rotations, overrides
