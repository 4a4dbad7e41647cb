"""Who has which turn when, from local wall time and an IANA zone. Pure: no Django, no clock, no database.

A hand-off is the first instant at which the zone's wall clock reads the drawn time or later. So a time that daylight
saving skips is handed over at the next valid instant, one that happens twice at its first occurrence, and
boundaries never run backwards: no second is without a turn, none has two.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_LONGEST_STEP = timedelta(days=3660)


@dataclass(frozen=True)
class Rotation:
    """People in turn, `every_days` each, handed over at `handoff` wall time in `zone`, from `start_date` on.

    Higher `layer` wins. People are ids.
    """

    key: int
    layer: int
    start_date: date
    handoff: time
    every_days: int
    zone: ZoneInfo
    people: tuple[int, ...]


@dataclass(frozen=True)
class Override:
    """This person, whatever the rotations say, from `start` (included) to `end` (not included), in UTC."""

    key: int
    person: int
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Turn:
    """One person's turn, from `start` (included) to `end` (not included), in UTC. `number` counts from 0."""

    number: int
    person: int
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Place:
    """One person on call, and by what: a rotation's turn, or an override (then `turn` is None)."""

    person: int
    by: int
    turn: int | None

    @property
    def is_override(self) -> bool:
        """Whether an override says so."""
        return self.turn is None


@dataclass(frozen=True)
class Stretch:
    """A stretch of time through which the same places hold. No places: nobody is on call."""

    start: datetime
    end: datetime
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Drawing:
    """All that a schedule says. `active` are those who can be on call; others hold a place but nobody stands there."""

    rotations: tuple[Rotation, ...]
    overrides: tuple[Override, ...]
    active: frozenset[int]


def instant_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) at which the zone's wall clock reads `wall` (naive) or later."""
    first = wall.replace(tzinfo=zone, fold=0)
    offset_before, offset_after = first.utcoffset(), wall.replace(tzinfo=zone, fold=1).utcoffset()
    instant = first.astimezone(UTC)
    if offset_before is None or offset_after is None or offset_after <= offset_before:
        return instant
    # The wall clock jumps over this time: find the jump, which lies between the two readings.
    low, high = instant - (offset_after - offset_before), instant
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        if middle.astimezone(zone).utcoffset() == offset_before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0) if high.microsecond else high


def boundary(rotation: Rotation, number: int) -> datetime:
    """When turn `number` begins, in UTC."""
    day = rotation.start_date + timedelta(days=number * rotation.every_days)
    return instant_of(datetime.combine(day, rotation.handoff.replace(tzinfo=None)), rotation.zone)


def turn_at(rotation: Rotation, at: datetime) -> Turn | None:
    """The turn that holds at this moment; None before the start and where there are no people."""
    if not rotation.people or at < boundary(rotation, 0):
        return None
    days = (at.astimezone(rotation.zone).date() - rotation.start_date).days
    number = max(0, days // rotation.every_days)
    while boundary(rotation, number) > at:
        number -= 1
    # A turn that daylight saving leaves no time for (its day does not exist) is passed over.
    while boundary(rotation, number + 1) <= at:
        number += 1
    return _turn(rotation, number)


def shifts(rotation: Rotation, start: datetime, end: datetime) -> Iterator[Turn]:
    """The turns between two moments, in order and without gap or overlap, the first and last cut to fit."""
    at = max(start, boundary(rotation, 0))
    while at < end:
        turn = turn_at(rotation, at)
        if turn is None:
            return
        yield Turn(turn.number, turn.person, at, min(turn.end, end))
        at = turn.end


def places_at(drawing: Drawing, at: datetime) -> tuple[Place, ...]:
    """Who is on call: overrides before all, else the highest layer that has someone. Empty: nobody."""
    overriding = tuple(
        Place(each.person, each.key, None)
        for each in drawing.overrides
        if each.start <= at < each.end and each.person in drawing.active
    )
    if overriding:
        return _each_once(overriding)
    for layer in sorted({each.layer for each in drawing.rotations}, reverse=True):
        turns = [(each.key, turn_at(each, at)) for each in drawing.rotations if each.layer == layer]
        places = tuple(
            Place(turn.person, key, turn.number) for key, turn in turns if turn and turn.person in drawing.active
        )
        if places:
            return _each_once(places)
    return ()


def stretches(drawing: Drawing, start: datetime, end: datetime) -> Iterator[Stretch]:
    """The time between two moments in order, without gap or overlap, cut wherever who is on call (or why) changes."""
    since, places = start, places_at(drawing, start)
    at = start
    while True:
        at = _next_cut(drawing, at)
        if at >= end:
            break
        now = places_at(drawing, at)
        if now != places:
            yield Stretch(since, at, places)
            since, places = at, now
    if since < end:
        yield Stretch(since, end, places)


def _turn(rotation: Rotation, number: int) -> Turn:
    person = rotation.people[number % len(rotation.people)]
    return Turn(number, person, boundary(rotation, number), boundary(rotation, number + 1))


def _next_cut(drawing: Drawing, at: datetime) -> datetime:
    """The next moment after `at` at which anything drawn begins or ends; far away where nothing does."""
    cuts = [moment for each in drawing.overrides for moment in (each.start, each.end)]
    for rotation in drawing.rotations:
        turn = turn_at(rotation, at)
        cuts.append(turn.end if turn else boundary(rotation, 0))
    return min((cut for cut in cuts if cut > at), default=at + _LONGEST_STEP)


def _each_once(places: tuple[Place, ...]) -> tuple[Place, ...]:
    seen: dict[int, Place] = {}
    for place in places:
        seen.setdefault(place.person, place)
    return tuple(seen.values())
