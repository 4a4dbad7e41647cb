"""The API of schedules."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from core import clock
from oncall.models import Override
from tests.factories import a_schedule, a_team, a_user, an_api

pytestmark = pytest.mark.django_db

SCHEDULES = "/api/v1/schedules/"


def test_a_schedule_says_what_it_draws_and_who_is_on_call_now() -> None:
    ada, ben, now = a_user("ada"), a_user("ben"), clock.now()
    schedule = a_schedule("primary", people=[ada], team=a_team("platform"), time_zone="Europe/Berlin")
    Override.objects.create(schedule=schedule, person=ben, start_at=now - timedelta(hours=2), end_at=now)
    Override.objects.create(schedule=schedule, person=ben, start_at=now, end_at=now + timedelta(hours=1))

    shown = an_api(ada).get(f"{SCHEDULES}{schedule.pk}/").json()

    assert (shown["name"], shown["team"], shown["time_zone"]) == ("primary", "platform", "Europe/Berlin")
    assert shown["rotations"] == [
        {"name": "weekly", "layer": 1, "every": "1w", "start": "2020-01-06T09:00", "people": ["ada"]}
    ]
    assert [(each["user"], each["why"]) for each in shown["on_call_now"]] == [("ben", "override")]
    assert [each["person"] for each in shown["overrides"]] == ["ben"]


def test_shifts_cover_all_the_time_asked_for() -> None:
    ada, now = a_user("ada"), clock.now()
    schedule = a_schedule(people=[])
    Override.objects.create(schedule=schedule, person=ada, start_at=now, end_at=now + timedelta(days=1))

    answer = an_api(ada).get(
        f"{SCHEDULES}{schedule.pk}/shifts/", {"start": now.isoformat(), "end": (now + timedelta(days=2)).isoformat()}
    )

    assert [each["user"] for each in answer.json()["results"]] == ["ada", None]


@pytest.mark.parametrize("days", [0, -1, 93])
def test_too_long_or_empty_stretches_are_refused(days: int) -> None:
    schedule, now = a_schedule(), clock.now()

    asked = {"start": now.isoformat(), "end": (now + timedelta(days=days)).isoformat()}

    answer = an_api().get(f"{SCHEDULES}{schedule.pk}/shifts/", asked)

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["end"])


def test_the_list_costs_a_fixed_number_of_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    api = an_api()
    api.get(SCHEDULES)
    for _ in range(4):
        a_schedule(people=[a_user(), a_user()])

    with django_assert_num_queries(5):  # the key, the page, and what is drawn
        answer = api.get(SCHEDULES).json()

    assert all(len(each["on_call_now"]) == 1 for each in answer["results"])
