"""The API of escalation: by hand, and the policies."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from escalation import policies
from escalation.models import Run, RunKind
from escalation.policies import StepDraft
from incidents import lifecycle
from tests.factories import a_schedule, a_service, a_team, a_user, an_api, an_incident, by

pytestmark = pytest.mark.django_db

POLICIES = "/api/v1/escalation-policies/"
FIVE = timedelta(minutes=5)


def test_a_policy_says_what_it_says_now() -> None:
    ada, schedule, team = a_user("ada"), a_schedule("primary"), a_team("platform")
    policies.save_policy(name="p", team=team, repeat=0, steps=[StepDraft([ada], FIVE)])
    version = policies.save_policy(
        name="p", team=team, repeat=2, steps=[StepDraft([schedule], FIVE), StepDraft([ada, team], FIVE * 3)]
    )
    policies.cover(a_service("db"), version.policy)

    shown = an_api().get(f"{POLICIES}{version.policy_id}/").json()

    assert (shown["name"], shown["team"], shown["version"], shown["repeat"]) == ("p", "platform", 2, 2)
    assert shown["services"] == ["db"]
    assert shown["steps"] == [
        {"number": 1, "notify": [{"schedule": "primary"}], "wait": "5m"},
        {"number": 2, "notify": [{"user": "ada"}, {"team": "platform"}], "wait": "15m"},
    ]


def test_the_list_costs_a_fixed_number_of_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    api = an_api()
    api.get(POLICIES)
    for number in range(4):
        version = policies.save_policy(
            name=f"p{number}", team=a_team(), repeat=0, steps=[StepDraft([a_user(), a_schedule()], FIVE)]
        )
        policies.cover(a_service(), version.policy)

    with django_assert_num_queries(7):  # the key, the page, versions, steps, targets, covers, services
        answer = api.get(POLICIES).json()

    assert [each["name"] for each in answer["results"]] == ["p3", "p2", "p1", "p0"]


def test_reassigning_names_people_or_a_policy() -> None:
    ada, ben, incident = a_user("ada"), a_user("ben"), an_incident()
    version = policies.save_policy(name="p", team=None, repeat=0, steps=[StepDraft([ada], FIVE)])
    api, path = an_api(ada), f"/api/v1/incidents/{incident.pk}/reassign/"

    answers = [api.post(path, {"users": ["ben"]}), api.post(path, {"policy": "p"})]

    assert [answer.status_code for answer in answers] == [200, 200]
    second, first, _ = Run.objects.filter(incident=incident).order_by("-id")
    assert (first.kind, list(first.people.all())) == (RunKind.DIRECT, [ben])
    assert (second.kind, second.policy_version) == (RunKind.POLICY, version)


@pytest.mark.parametrize(
    "body", [{}, {"users": []}, {"users": ["nobody"]}, {"policy": "none"}, {"users": ["ada"], "policy": "p"}, []]
)
def test_a_reassignment_to_nothing_is_refused(body: object) -> None:
    ada, incident = a_user("ada"), an_incident()
    policies.save_policy(name="p", team=None, repeat=0, steps=[StepDraft([ada], FIVE)])

    answer = an_api(ada).post(f"/api/v1/incidents/{incident.pk}/reassign/", body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


def test_escalating_what_is_resolved_is_a_conflict() -> None:
    ada, incident = a_user("ada"), an_incident()
    lifecycle.resolve(incident.pk, by=by(ada))
    api = an_api(ada)

    resolved = api.post(f"/api/v1/incidents/{incident.pk}/escalate/")
    unknown = api.post("/api/v1/incidents/999999999/escalate/")

    assert (resolved.status_code, resolved.json()["error"]["code"]) == (409, "is_resolved")
    assert unknown.status_code == 404
