"""Schedules, overrides, policies and services: what managers keep."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from catalog.models import Service
from core import clock
from escalation.models import Coverage, Policy, PolicyVersion
from escalation.policies import StepDraft, current_version, save_policy
from oncall import roster
from oncall.models import Override, RotationMember, Schedule
from tests.admin.filled import filled
from tests.factories import a_schedule, a_service, a_team, a_user


def _schedule_with(manager: Client, *people: User) -> Schedule:
    """A schedule with one weekly rotation, drawn in the admin's form."""
    url = reverse("admin:oncall_schedule_add")
    form = {
        **filled(manager, url),
        "name": "primary",
        "time_zone": "Europe/Berlin",
        "rotations-TOTAL_FORMS": "1",
        "rotations-0-name": "weekly",
        "rotations-0-layer": "1",
        "rotations-0-every_count": "1",
        "rotations-0-every_unit": "w",
        "rotations-0-start_date": "2026-01-05",
        "rotations-0-handoff_time": "09:00",
        "rotations-0-members-TOTAL_FORMS": str(len(people)),
        "rotations-0-members-INITIAL_FORMS": "0",
        "rotations-0-members-MIN_NUM_FORMS": "0",
        "rotations-0-members-MAX_NUM_FORMS": "1000",
    }
    for number, person in enumerate(people):
        form[f"rotations-0-members-{number}-user"] = str(person.pk)
        form[f"rotations-0-members-{number}-position"] = ""
    answer = manager.post(url, form)
    assert answer.status_code == 302
    return Schedule.objects.get(name="primary")


def test_a_manager_draws_a_rotation_and_somebody_is_on_call(manager: Client) -> None:
    ada, ben = a_user("ada"), a_user("ben")

    schedule = _schedule_with(manager, ada, ben)

    assert list(RotationMember.objects.values_list("position", "user__username")) == [(1, "ada"), (2, "ben")]
    assert roster.on_call(schedule, clock.now())[0].user in {ada, ben}


@pytest.mark.parametrize("page", ["admin:oncall_schedule_changelist", "admin:index"])
def test_more_schedules_cost_no_more_queries(manager: Client, page: str) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert manager.get(reverse(page)).status_code == 200
        return len(queries)

    a_schedule(people=[a_user("ada")])
    asked()
    one = asked()
    for _ in range(3):
        a_schedule(people=[a_user(), a_user()])

    assert asked() == one


def test_people_trade_places_in_a_rotation(manager: Client) -> None:
    schedule = _schedule_with(manager, a_user("ada"), a_user("ben"))
    url = reverse("admin:oncall_schedule_change", args=[schedule.pk])
    form = filled(manager, url)
    form |= {"rotations-0-members-0-position": "2", "rotations-0-members-1-position": "1"}

    answer = manager.post(url, form)

    assert answer.status_code == 302
    assert list(RotationMember.objects.values_list("position", "user__username")) == [(1, "ben"), (2, "ada")]


def test_an_override_is_entered_in_the_readers_time_zone(manager: Client) -> None:
    User.objects.update(time_zone="Europe/Berlin")
    ada, schedule = a_user("ada"), Schedule.objects.create(name="primary")
    url = reverse("admin:oncall_override_add")

    manager.post(
        url,
        {
            **filled(manager, url),
            "schedule": str(schedule.pk),
            "person": str(ada.pk),
            "start_at_0": "2099-07-01",
            "start_at_1": "09:00",
            "end_at_0": "2099-07-02",
            "end_at_1": "09:00",
        },
    )

    assert Override.objects.get().start_at.isoformat() == "2099-07-01T07:00:00+00:00"


def test_an_override_that_ends_before_it_begins_is_refused(manager: Client) -> None:
    ada, schedule = a_user("ada"), Schedule.objects.create(name="primary")
    url = reverse("admin:oncall_override_add")

    answer = manager.post(
        url,
        {
            **filled(manager, url),
            "schedule": str(schedule.pk),
            "person": str(ada.pk),
            "start_at_0": "2099-07-02",
            "start_at_1": "09:00",
            "end_at_0": "2099-07-01",
            "end_at_1": "09:00",
        },
    )

    assert "It ends before it begins." in answer.content.decode()


def test_a_new_policy_has_its_steps_in_order(manager: Client) -> None:
    ada, schedule, team = a_user("ada"), Schedule.objects.create(name="primary"), a_team("platform")
    url = reverse("admin:escalation_policy_add")

    answer = manager.post(
        url,
        {
            **filled(manager, url),
            "name": "platform",
            "team": str(team.pk),
            "repeat": "2",
            "steps-0-ORDER": "2",
            "steps-0-targets": [f"user:{ada.pk}", f"team:{team.pk}"],
            "steps-0-wait": "10m",
            "steps-1-ORDER": "1",
            "steps-1-targets": [f"schedule:{schedule.pk}"],
            "steps-1-wait": "5m",
        },
    )

    assert answer.status_code == 302
    version = current_version(Policy.objects.get())
    assert version is not None
    assert version.repeat == 2
    assert [
        (step.number, step.wait, [str(target) for target in step.targets.all()]) for step in version.steps.all()
    ] == [(1, timedelta(minutes=5), ["primary"]), (2, timedelta(minutes=10), ["ada", "platform"])]


def test_saving_a_changed_policy_makes_a_version_and_leaves_the_old_one(manager: Client) -> None:
    ada, ben = a_user("ada"), a_user("ben")
    old = save_policy(name="platform", team=None, repeat=0, steps=[StepDraft([ada], timedelta(minutes=5))])
    url = reverse("admin:escalation_policy_change", args=[old.policy_id])
    form = filled(manager, url)

    manager.post(url, {**form, "name": "renamed", "steps-0-targets": [f"user:{ben.pk}"]})

    new = current_version(Policy.objects.get(name="renamed"))
    assert new is not None
    assert (old.number, new.number, new.policy_id) == (1, 2, old.policy_id)
    assert [str(target) for target in old.steps.get().targets.all()] == ["ada"]
    assert [str(target) for target in new.steps.get().targets.all()] == ["ben"]


def test_saving_a_policy_unchanged_makes_no_version(manager: Client) -> None:
    old = save_policy(name="platform", team=None, repeat=1, steps=[StepDraft([a_user()], timedelta(seconds=90))])
    url = reverse("admin:escalation_policy_change", args=[old.policy_id])

    answer = manager.post(url, filled(manager, url))

    assert answer.status_code == 302
    assert PolicyVersion.objects.count() == 1


def test_a_step_is_taken_out(manager: Client) -> None:
    steps = [StepDraft([a_user("ada")], timedelta(minutes=5)), StepDraft([a_user("ben")], timedelta(minutes=5))]
    old = save_policy(name="platform", team=None, repeat=0, steps=steps)
    url = reverse("admin:escalation_policy_change", args=[old.policy_id])

    manager.post(url, {**filled(manager, url), "steps-0-DELETE": "on"})

    new = current_version(old.policy)
    assert new is not None
    assert [str(step.targets.get()) for step in new.steps.all()] == ["ben"]


def test_a_policy_that_pages_nobody_is_refused_in_words(manager: Client) -> None:
    url = reverse("admin:escalation_policy_add")

    none_at_all = manager.post(url, {**filled(manager, url), "name": "empty", "repeat": "0"})

    assert "Between 1 and 50 steps." in none_at_all.content.decode()
    assert not Policy.objects.exists()


def test_a_wait_that_is_no_duration_is_refused_in_words(manager: Client) -> None:
    ada = a_user("ada")
    url = reverse("admin:escalation_policy_add")

    answer = manager.post(
        url,
        {
            **filled(manager, url),
            "name": "x",
            "repeat": "0",
            "steps-0-targets": [f"user:{ada.pk}"],
            "steps-0-wait": "5",
        },
    )

    assert "for example 30s, 5m" in answer.content.decode()
    assert not Policy.objects.exists()


def test_a_service_gets_its_policy(manager: Client) -> None:
    service = a_service("checkout")
    version = save_policy(name="platform", team=None, repeat=0, steps=[StepDraft([a_user()], timedelta(minutes=5))])
    url = reverse("admin:catalog_service_change", args=[service.pk])
    form = filled(manager, url)

    manager.post(
        url,
        {
            **form,
            "coverage-TOTAL_FORMS": "1",
            "coverage-0-policy": str(version.policy_id),
            "coverage-0-service": str(service.pk),
        },
    )

    assert Coverage.objects.get().policy == version.policy
    assert Service.objects.get().team == service.team
