"""Turns in local wall time: no second uncovered, none covered twice, whatever the zone's clock does."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncall.rotation import (
    Drawing,
    Override,
    Rotation,
    boundary,
    instant_of,
    places_at,
    shifts,
    stretches,
    turn_at,
)

# Both directions of daylight saving, half-hour shifts, midnight shifts, and a country that skipped a whole day.
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia"]

_zones = st.sampled_from([ZoneInfo(name) for name in ZONES])
_moments = st.integers(0, 27 * 365 * 86_400).map(
    lambda seconds: datetime(2005, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


@st.composite
def rotations(draw: st.DrawFn, *, layer: int = 1, key: int = 1) -> Rotation:
    return Rotation(
        key=key,
        layer=layer,
        start_date=draw(st.dates(date(2005, 1, 1), date(2030, 1, 1))),
        handoff=draw(st.times().map(lambda at: at.replace(microsecond=0))),
        every_days=draw(st.sampled_from([1, 2, 7, 14])),
        zone=draw(_zones),
        people=tuple(range(1, 1 + draw(st.integers(1, 4)))),
    )


def a_rotation(
    zone: str = "Europe/Berlin",
    start: str = "2026-01-05",
    handoff: str = "09:00",
    every_days: int = 7,
    people: tuple[int, ...] = (1, 2),
    layer: int = 1,
    key: int = 1,
) -> Rotation:
    return Rotation(
        key=key,
        layer=layer,
        start_date=date.fromisoformat(start),
        handoff=time.fromisoformat(handoff),
        every_days=every_days,
        zone=ZoneInfo(zone),
        people=people,
    )


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@settings(max_examples=300)
@given(rotations(), _moments)
def test_at_each_instant_after_the_start_exactly_one_person_has_the_turn(rotation: Rotation, at: datetime) -> None:
    turn = turn_at(rotation, at)

    if at < boundary(rotation, 0):
        assert turn is None
    else:
        assert turn is not None
        assert turn.start <= at < turn.end
        assert turn.person in rotation.people


@settings(max_examples=150)
@given(rotations(), _moments, st.integers(1, 60))
def test_shifts_tile_time(rotation: Rotation, start: datetime, days: int) -> None:
    end = start + timedelta(days=days)

    found = list(shifts(rotation, start, end))

    begin = max(start, boundary(rotation, 0))
    if begin >= end:
        assert found == []
    else:
        assert found[0].start == begin
        assert found[-1].end == end
        assert all(one.end == other.start for one, other in pairwise(found))
        assert all(one.start < one.end for one in found)


@settings(max_examples=150)
@given(rotations(), st.integers(0, 3000))
def test_boundaries_never_run_backwards_and_keep_the_wall_time_they_can(rotation: Rotation, number: int) -> None:
    here, following = boundary(rotation, number), boundary(rotation, number + 1)
    day = rotation.start_date + timedelta(days=number * rotation.every_days)
    wall = datetime.combine(day, rotation.handoff)
    shown = here.astimezone(rotation.zone).replace(tzinfo=None)

    assert here <= following
    assert shown >= wall
    # Later than drawn only where the wall clock jumped: one second before, it had not got there.
    just_before = (here - timedelta(seconds=1)).astimezone(rotation.zone).replace(tzinfo=None)
    assert shown == wall or just_before < wall


@settings(max_examples=100)
@given(st.data(), _moments, st.integers(1, 20))
def test_a_whole_schedule_tiles_time_too(data: st.DataObject, start: datetime, days: int) -> None:
    drawn = tuple(data.draw(rotations(layer=layer, key=layer)) for layer in (1, 2))
    overrides = tuple(
        Override(key, 9, begin, begin + timedelta(hours=data.draw(st.integers(1, 100))))
        for key, begin in enumerate(data.draw(st.lists(_moments.map(lambda _: start), max_size=2)))
    )
    drawing = Drawing(drawn, overrides, frozenset(range(1, 10)))
    end = start + timedelta(days=days)

    found = list(stretches(drawing, start, end))

    assert (found[0].start, found[-1].end) == (start, end)
    assert all(one.end == other.start for one, other in pairwise(found))
    for stretch in found:
        middle = stretch.start + (stretch.end - stretch.start) / 2
        assert places_at(drawing, stretch.start) == places_at(drawing, middle) == stretch.places


@pytest.mark.parametrize(
    ("zone", "wall", "instant"),
    [
        # The clock jumps over the time: the next valid instant.
        ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:00"),
        ("America/New_York", "2026-03-08T02:00", "2026-03-08T07:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30"),
        ("America/St_Johns", "2011-03-13T00:30", "2011-03-13T03:31"),
        ("Pacific/Apia", "2011-12-30T09:00", "2011-12-30T10:00"),
        # It happens twice: the first time.
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30"),
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30"),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45"),
        ("America/St_Johns", "2010-11-06T23:30", "2010-11-07T02:00"),
        # Plain days.
        ("Europe/Berlin", "2026-03-28T09:00", "2026-03-28T08:00"),
        ("Europe/Berlin", "2026-03-29T09:00", "2026-03-29T07:00"),
    ],
)
def test_a_wall_time_is_the_first_instant_that_reads_it(zone: str, wall: str, instant: str) -> None:
    assert instant_of(datetime.fromisoformat(wall), ZoneInfo(zone)) == utc(instant)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-28", 23), ("2026-10-24", 25), ("2026-07-01", 24)])
def test_a_day_is_as_long_as_the_wall_clock_makes_it(day: str, hours: int) -> None:
    rotation = a_rotation(start=day, every_days=1)

    turn = turn_at(rotation, boundary(rotation, 0))

    assert turn is not None
    assert turn.end - turn.start == timedelta(hours=hours)


def test_the_day_that_samoa_skipped_leaves_no_gap() -> None:
    rotation = a_rotation("Pacific/Apia", "2011-12-29", "00:00", every_days=1, people=(1, 2, 3))

    found = list(shifts(rotation, boundary(rotation, 0), boundary(rotation, 0) + timedelta(days=2)))

    # The 30th did not exist: its turn had no time, and the next person followed at once.
    assert [turn.person for turn in found] == [1, 3]
    assert found[0].end == found[1].start == utc("2011-12-30T10:00")


def test_before_the_start_nobody_has_the_turn() -> None:
    rotation = a_rotation(start="2026-01-05", handoff="09:00")

    assert turn_at(rotation, utc("2026-01-05T07:59:59")) is None
    assert turn_at(rotation, utc("2026-01-05T08:00:00")) is not None


def test_one_person_alone_has_every_turn() -> None:
    rotation = a_rotation(people=(7,))

    found = list(shifts(rotation, utc("2026-01-05T08:00"), utc("2026-02-02T08:00")))

    assert [turn.person for turn in found] == [7, 7, 7, 7]


def test_a_rotation_without_people_has_no_turns() -> None:
    assert turn_at(a_rotation(people=()), utc("2026-02-01T00:00")) is None


def test_the_highest_layer_that_has_someone_wins_and_overrides_win_over_all() -> None:
    low = a_rotation(people=(1,), layer=1, key=1)
    high = a_rotation(start="2026-02-01", people=(2,), layer=2, key=2)
    override = Override(3, 5, utc("2026-02-10T00:00"), utc("2026-02-11T00:00"))
    drawing = Drawing((low, high), (override,), frozenset({1, 2, 5}))

    def on_call(at: str) -> list[int]:
        return [place.person for place in places_at(drawing, utc(at))]

    assert on_call("2026-01-01T00:00") == []
    assert on_call("2026-01-20T00:00") == [1]
    assert on_call("2026-02-05T00:00") == [2]
    assert on_call("2026-02-10T00:00") == [5]
    assert on_call("2026-02-11T00:00") == [2]


def test_somebody_who_left_stands_nowhere_and_the_layer_below_takes_over() -> None:
    low, high = a_rotation(people=(1,), layer=1, key=1), a_rotation(people=(2,), layer=2, key=2)
    override = Override(3, 5, utc("2026-02-10T00:00"), utc("2026-02-11T00:00"))

    drawing = Drawing((low, high), (override,), frozenset({1}))

    assert [place.person for place in places_at(drawing, utc("2026-02-10T12:00"))] == [1]
