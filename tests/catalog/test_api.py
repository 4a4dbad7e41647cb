"""The API of services."""

import pytest
from pytest_django import DjangoAssertNumQueries

from catalog.models import UrgencyRule
from tests.factories import a_service, a_team, an_api

pytestmark = pytest.mark.django_db

SERVICES = "/api/v1/services/"


def test_services_are_listed_with_their_team_by_name() -> None:
    a_service("shop", team=a_team("web"))
    a_service("db", team=a_team("platform"), urgency=UrgencyRule.BY_SEVERITY)
    api = an_api()

    everything = api.get(SERVICES).json()["results"]
    of_one_team = api.get(SERVICES, {"team": "web"}).json()["results"]
    one = api.get(f"{SERVICES}{everything[0]['id']}/").json()

    assert [each["name"] for each in everything] == ["db", "shop"]
    assert [each["name"] for each in of_one_team] == ["shop"]
    assert (one["name"], one["team"], one["urgency"]) == ("db", "platform", "by_severity")


def test_the_list_costs_a_fixed_number_of_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    api = an_api()
    api.get(SERVICES)
    for _ in range(4):
        a_service()

    with django_assert_num_queries(2):
        api.get(SERVICES)
