"""Saving policies: versions are never edited, and appear only where something differs."""

from datetime import timedelta

import pytest

from core.errors import Invalid
from escalation import policies
from escalation.models import PolicyVersion, Step, Target
from escalation.policies import StepDraft
from tests.factories import a_schedule, a_service, a_team, a_user

pytestmark = pytest.mark.django_db

FIVE = timedelta(minutes=5)


def test_saving_the_same_content_again_makes_no_new_version() -> None:
    ada, schedule, team = a_user(), a_schedule(), a_team()
    steps = [StepDraft([schedule, team], FIVE), StepDraft([ada], FIVE)]

    first = policies.save_policy(name="p", team=team, repeat=1, steps=steps)
    second = policies.save_policy(name="p", team=team, repeat=1, steps=steps)

    assert first == second
    assert (first.number, PolicyVersion.objects.count()) == (1, 1)


def test_other_content_makes_a_new_version_and_leaves_the_old_one_untouched() -> None:
    ada, ben = a_user(), a_user()
    first = policies.save_policy(name="p", team=None, repeat=0, steps=[StepDraft([ada], FIVE)])
    before = list(Target.objects.filter(step__version=first).values()), list(Step.objects.values())

    changes = [
        policies.save_policy(name="p", team=None, repeat=1, steps=[StepDraft([ada], FIVE)]),
        policies.save_policy(name="p", team=None, repeat=1, steps=[StepDraft([ada], FIVE * 2)]),
        policies.save_policy(name="p", team=None, repeat=1, steps=[StepDraft([ben], FIVE * 2)]),
        policies.save_policy(name="p", team=None, repeat=1, steps=[StepDraft([ben, ada], FIVE * 2)]),
    ]

    assert [version.number for version in changes] == [2, 3, 4, 5]
    after = (
        list(Target.objects.filter(step__version=first).values()),
        list(Step.objects.filter(version=first).values()),
    )
    assert after == before
    assert policies.current_version(first.policy) == changes[-1]


@pytest.mark.parametrize(
    ("repeat", "waits", "why"),
    [
        (-1, [5], "further passes"),
        (21, [5], "further passes"),
        (0, [], "Between 1 and 50 steps"),
        (0, [-1], "Step 1: wait"),
        (2, [0, 0], "needs a wait"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_with_the_reason(repeat: int, waits: list[int], why: str) -> None:
    ada = a_user()

    with pytest.raises(Invalid, match=why):
        policies.save_policy(
            name="p",
            team=None,
            repeat=repeat,
            steps=[StepDraft([ada], timedelta(minutes=wait)) for wait in waits],
        )


def test_a_step_that_pages_nobody_is_refused() -> None:
    with pytest.raises(Invalid, match="Step 1 pages nobody"):
        policies.save_policy(name="p", team=None, repeat=0, steps=[StepDraft([], FIVE)])


def test_a_service_is_covered_by_the_newest_version_of_one_policy() -> None:
    ada, service = a_user(), a_service()
    first = policies.save_policy(name="p", team=None, repeat=0, steps=[StepDraft([ada], FIVE)])

    assert policies.version_for(service) is None
    assert policies.cover(service, first.policy) is True
    assert policies.cover(service, first.policy) is False
    second = policies.save_policy(name="p", team=None, repeat=1, steps=[StepDraft([ada], FIVE)])

    assert policies.version_for(service) == second
    assert policies.cover(service, None) is True
    assert policies.version_for(service) is None
