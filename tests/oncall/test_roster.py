"""Who is on call, as people see it."""

from datetime import UTC, date, datetime, time

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from oncall import roster
from oncall.models import Override, Rotation, RotationMember, RotationUnit, Schedule
from tests.factories import a_schedule, a_user

pytestmark = pytest.mark.django_db


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def add(schedule: Schedule, *people: User, layer: int = 1, start: str = "2026-01-05") -> Rotation:
    rotation = Rotation.objects.create(
        schedule=schedule,
        name=f"layer {layer}",
        layer=layer,
        every_count=1,
        every_unit=RotationUnit.WEEK,
        start_date=date.fromisoformat(start),
        handoff_time=time(9),
    )
    RotationMember.objects.bulk_create(
        RotationMember(rotation=rotation, position=place, user=user) for place, user in enumerate(people)
    )
    return rotation


def test_people_take_turns_in_their_order_at_local_wall_time() -> None:
    ada, ben, schedule = a_user("ada"), a_user("ben"), Schedule.objects.create(name="p", time_zone="Europe/Berlin")
    add(schedule, ada, ben)

    before = roster.on_call(schedule, utc("2026-03-30T06:59"))
    after = roster.on_call(schedule, utc("2026-03-30T07:00"))

    assert [(each.user, each.until) for each in before] == [(ben, utc("2026-03-30T07:00"))]
    assert [(each.user, each.until) for each in after] == [(ada, utc("2026-04-06T07:00"))]
    assert after[0].why == "rotation layer 1"


def test_an_override_takes_over_and_hands_back() -> None:
    ada, ben, schedule = a_user("ada"), a_user("ben"), a_schedule(people=[a_user("eve")])
    Override.objects.create(
        schedule=schedule, person=ben, start_at=utc("2026-02-10T00:00"), end_at=utc("2026-02-11T00:00")
    )
    Override.objects.create(
        schedule=schedule, person=ada, start_at=utc("2026-02-10T12:00"), end_at=utc("2026-02-10T13:00")
    )

    shifts = roster.shifts(schedule, utc("2026-02-09T23:00"), utc("2026-02-11T01:00"))

    assert [(shift.user.username if shift.user else None, f"{shift.start:%d %H:%M}") for shift in shifts] == [
        ("eve", "09 23:00"),
        ("ben", "10 00:00"),
        ("ben", "10 12:00"),
        ("ada", "10 12:00"),
        ("ben", "10 13:00"),
        ("eve", "11 00:00"),
    ]
    assert shifts[1].why == "override"


def test_a_stretch_without_anybody_is_shown_as_such() -> None:
    schedule = Schedule.objects.create(name="p")
    add(schedule, a_user("ada"), start="2026-01-05")

    shifts = roster.shifts(schedule, utc("2026-01-04T09:00"), utc("2026-01-06T09:00"))

    assert [(shift.user is None, shift.start) for shift in shifts] == [
        (True, utc("2026-01-04T09:00")),
        (False, utc("2026-01-05T09:00")),
    ]
    assert roster.on_call(schedule, utc("2026-01-04T09:00")) == []


def test_the_next_hand_off_is_when_other_people_take_over() -> None:
    alone, shared = Schedule.objects.create(name="alone"), Schedule.objects.create(name="shared")
    add(alone, a_user("ada"))
    add(shared, a_user("ben"), a_user("eve"))

    assert roster.next_handoff(alone, utc("2026-02-01T00:00")) is None
    assert roster.next_handoff(shared, utc("2026-02-01T00:00")) == utc("2026-02-02T09:00")


@pytest.mark.parametrize(
    ("until", "words"),
    [("2026-01-12T08:00", "Mon 09:00 CET"), ("2026-04-06T07:00", "Mon 6 Apr 09:00 CEST")],
)
def test_the_end_of_a_turn_reads_in_the_schedules_own_time(until: str, words: str) -> None:
    assert roster.until_words(utc(until), "Europe/Berlin", now=utc("2026-01-05T08:00")) == words


def test_a_list_of_schedules_costs_a_fixed_number_of_queries(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(5):
        add(Schedule.objects.create(name=f"s{number}"), a_user(), a_user())
    now = utc("2026-02-01T00:00")

    with django_assert_num_queries(4):
        found = [roster.on_call(each, now) for each in Schedule.objects.prefetch_related(*roster.drawn(now))]

    assert all(len(each) == 1 for each in found)
