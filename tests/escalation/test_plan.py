"""Which step follows which, as drawn."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.plan import ADMINS, MANAGERS, NOWHERE, Course, End, Found, Place, Then, first, then, then_unreached

WAIT = timedelta(minutes=5)
AT_ONCE = timedelta()
TWO_STEPS = Course((WAIT, WAIT * 2), repeat=1)


def test_a_course_without_steps_begins_with_the_fallback() -> None:
    assert first(Course(())) == MANAGERS
    assert first(TWO_STEPS) == Place(1, 1)


@pytest.mark.parametrize(
    ("place", "found", "reached_anyone", "expected"),
    [
        (Place(1, 1), Found.SOMEBODY, True, Then(Place(1, 2), WAIT)),
        (Place(1, 2), Found.SOMEBODY, True, Then(Place(2, 1), WAIT * 2)),
        (Place(2, 2), Found.SOMEBODY, True, Then(Place(2, 3), WAIT * 2)),
        (Place(1, 1), Found.NOBODY, False, Then(Place(1, 2), AT_ONCE)),
        (Place(1, 2), Found.NOBODY, True, Then(Place(2, 1), AT_ONCE)),
        (Place(1, 2), Found.NOBODY, False, Then(MANAGERS, AT_ONCE)),
        (Place(1, 2), Found.UNREACHABLE, False, Then(MANAGERS, AT_ONCE)),
        (Place(2, 2), Found.NOBODY, True, Then(Place(2, 3), None, End.EXHAUSTED)),
        (MANAGERS, Found.SOMEBODY, True, Then(ADMINS, None, End.EXHAUSTED)),
        (MANAGERS, Found.NOBODY, False, Then(ADMINS, AT_ONCE)),
        (MANAGERS, Found.UNREACHABLE, False, Then(ADMINS, AT_ONCE)),
        (ADMINS, Found.SOMEBODY, True, Then(NOWHERE, None, End.EXHAUSTED)),
        (ADMINS, Found.NOBODY, False, Then(NOWHERE, AT_ONCE)),
    ],
)
def test_what_follows_a_place(place: Place, found: Found, reached_anyone: bool, expected: Then) -> None:
    assert then(TWO_STEPS, place, found, reached_anyone=reached_anyone) == expected


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (Place(1, 1), Place(1, 2)),
        (Place(1, 2), Place(2, 1)),
        (Place(2, 2), MANAGERS),
        (MANAGERS, ADMINS),
        (ADMINS, NOWHERE),
    ],
)
def test_what_follows_a_step_that_reached_nobody(place: Place, expected: Place) -> None:
    assert then_unreached(TWO_STEPS, place) == expected


def test_what_does_not_escalate_ends_with_the_first_step_that_finds_somebody() -> None:
    course = Course((WAIT, WAIT), repeat=3, escalates=False)

    assert then(course, Place(1, 1), Found.SOMEBODY, reached_anyone=True) == Then(Place(1, 2), None, End.FINISHED)
    assert then(course, Place(1, 1), Found.NOBODY, reached_anyone=False) == Then(Place(1, 2), AT_ONCE)
    assert then(course, Place(1, 2), Found.NOBODY, reached_anyone=False) == Then(MANAGERS, AT_ONCE)


@given(
    waits=st.lists(st.timedeltas(timedelta(), timedelta(hours=1)), max_size=5),
    repeat=st.integers(0, 5),
    escalates=st.booleans(),
    answers=st.lists(st.sampled_from(Found), min_size=60, max_size=60),
)
def test_every_run_ends_and_never_without_having_asked_the_fallback_or_found_somebody(
    waits: list[timedelta], repeat: int, escalates: bool, answers: list[Found]
) -> None:
    course = Course(tuple(waits), repeat, escalates)
    place, reached, taken = first(course), False, []

    for found in answers:
        if place == NOWHERE or (not place.is_fallback and place.step > len(waits)):
            break
        taken.append(place)
        reached = reached or found is Found.SOMEBODY
        following = then(course, place, found, reached_anyone=reached)
        place = following.place
        if following.after is None:
            break
    else:
        pytest.fail("the run did not end")

    assert reached or ADMINS in taken
    assert len(taken) == len(set(taken))
