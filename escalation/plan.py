"""Which step follows which, and when. Pure: no Django, no clock, no database.

A run stands at a *place*: a pass and a step in it. Pass 0 is the fallback, where step 1 is the team's managers and
step 2 all admins. Whoever takes a place says what it `Found`; the plan says what comes `Then`.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

FALLBACK_PASS = 0


@dataclass(frozen=True)
class Place:
    """Where a run stands. A step one beyond the last means: wait for the last step's answer, then give up."""

    pass_number: int
    step: int

    @property
    def is_fallback(self) -> bool:
        """Whether the policy itself has no more to say."""
        return self.pass_number == FALLBACK_PASS


MANAGERS = Place(FALLBACK_PASS, 1)
ADMINS = Place(FALLBACK_PASS, 2)
NOWHERE = Place(FALLBACK_PASS, 3)
_AFTER_FALLBACK = {MANAGERS: ADMINS, ADMINS: NOWHERE}


@dataclass(frozen=True)
class Course:
    """What a policy's version says about time: each step's wait, and how many further passes after the first.

    One that does not `escalate` (low urgency, assigned by hand) ends with the first step that finds somebody.
    """

    waits: tuple[timedelta, ...]
    repeat: int = 0
    escalates: bool = True


class Found(StrEnum):
    """What taking a place came to."""

    SOMEBODY = "somebody"
    NOBODY = "nobody"  # nobody is on call
    UNREACHABLE = "unreachable"  # there is somebody, but without any way to reach her


class End(StrEnum):
    """How a run ends when nobody stops it."""

    EXHAUSTED = "exhausted"
    FINISHED = "finished"


@dataclass(frozen=True)
class Then:
    """The place that follows, `after` so long; or None and the `end` where nothing follows by itself."""

    place: Place
    after: timedelta | None
    end: End | None = None


_AT_ONCE = timedelta()


def first(course: Course) -> Place:
    """Where a run begins: at step 1, or with the fallback where there are no steps."""
    return Place(1, 1) if course.waits else MANAGERS


def is_past_the_last(course: Course, place: Place) -> bool:
    """Whether every step of every pass was taken."""
    return place == NOWHERE or (not place.is_fallback and place.step > len(course.waits))


def then(course: Course, place: Place, found: Found, *, reached_anyone: bool) -> Then:
    """What follows a place that was taken. `reached_anyone`: whether any step of this run found somebody so far.

    A step that finds nobody is followed at once. Where no step found anyone, the fallback is.
    """
    if place.is_fallback:
        following = _AFTER_FALLBACK[place]
        if found is Found.SOMEBODY:
            return Then(following, None, End.EXHAUSTED)
        return Then(following, _AT_ONCE)
    if found is Found.SOMEBODY:
        if not course.escalates:
            return Then(Place(place.pass_number, place.step + 1), None, End.FINISHED)
        return Then(_following(course, place), course.waits[place.step - 1])
    following = _following(course, place)
    if place.step == len(course.waits) and not reached_anyone:
        return Then(MANAGERS, _AT_ONCE)
    if is_past_the_last(course, following):
        return Then(following, None, End.EXHAUSTED)
    return Then(following, _AT_ONCE)


def then_unreached(course: Course, place: Place) -> Place:
    """What is taken at once when nobody of a step that had found somebody can be reached after all."""
    if place.is_fallback:
        return _AFTER_FALLBACK[place]
    following = _following(course, place)
    return MANAGERS if is_past_the_last(course, following) else following


def waits_at(course: Course, place: Place) -> Place:
    """Where a run stands after this place found somebody; elsewhere it has moved on already."""
    return then(course, place, Found.SOMEBODY, reached_anyone=True).place


def _following(course: Course, place: Place) -> Place:
    is_last = place.step >= len(course.waits)
    if is_last and course.escalates and place.pass_number <= course.repeat:
        return Place(place.pass_number + 1, 1)
    return Place(place.pass_number, place.step + 1)
