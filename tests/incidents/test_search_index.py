"""Incidents are searched by an index where PostgreSQL may have one; without it the search is slower, and bounded."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from incidents import reading, search_index
from incidents.models import Incident
from tests.factories import a_service, a_user, an_api, an_incident

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return a_user("ada")


@pytest.fixture
def no_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("drop index if exists incident_search")
        cursor.execute("drop extension if exists pg_trgm")


@pytest.fixture
def many() -> None:
    """So many that an index is worth it."""
    service = a_service()
    Incident.objects.bulk_create(
        Incident(
            service=service,
            title=f"Disk almost full on db-{number}",
            description=f"The volume of db-{number} is {number % 100} percent full. " * 10,
            group_key=f"instance=db-{number}",
            status="triggered" if number % 100 == 0 else "resolved",
        )
        for number in range(4000)
    )
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")  # what is still to be checked would hold up the index


def plan_of(user: User, **asked: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("analyze incidents_incident")
    return reading.incidents(user, reading.wanted(asked)).explain()


@pytest.mark.usefixtures("no_index", "many")
@pytest.mark.parametrize("asked", [{"status": "resolved"}, {}])
def test_extension_and_index_are_made_once(ada: User, asked: dict[str, str]) -> None:
    before = search_index.problem()
    search_index.ensure()
    search_index.ensure()

    assert before == "PostgreSQL lacks the extension pg_trgm."
    assert search_index.problem() == ""
    plan = plan_of(ada, q="db-3777", **asked)
    assert plan.count("Bitmap Index Scan on incident_search") == 3, plan


@pytest.mark.usefixtures("no_index")
def test_who_may_make_no_extension_searches_without_it(ada: User) -> None:
    found = an_incident("Replica lag on db-7")
    with connection.cursor() as cursor:
        cursor.execute("select format('revoke create on database %I from %I', current_database(), current_user)")
        cursor.execute(str(cursor.fetchone()[0]))

    search_index.ensure()

    assert search_index.problem() == "PostgreSQL lacks the extension pg_trgm."
    assert list(reading.incidents(ada, reading.wanted({"q": "LAG on DB"}))) == [found]


@pytest.mark.django_db(transaction=True)
def test_an_index_whose_making_was_interrupted_is_made_anew() -> None:
    service = a_service()
    an_incident(service=service)
    an_incident(service=service)
    with connection.cursor() as cursor:
        cursor.execute("drop index if exists incident_search")
        cursor.execute("create extension if not exists pg_trgm")
        with pytest.raises(IntegrityError):  # it leaves an index that is no good
            cursor.execute("create unique index concurrently incident_search on incidents_incident (service_id)")
    broken = search_index.problem()

    search_index.ensure()

    assert broken == "The index to search incidents by is missing."
    assert search_index.problem() == ""


def test_prepare_makes_it() -> None:
    call_command("prepare", "--no-demo", stdout=StringIO())

    assert search_index.problem() == ""


# What takes long.


@pytest.fixture
def much() -> None:
    """More than can be searched in no time: each title is long, and none has the word."""
    service = a_service()
    Incident.objects.bulk_create(
        Incident(service=service, title=f"{number} " + "x" * 1000, description="y" * 20_000, status="triggered")
        for number in range(300)
    )


@pytest.fixture
def short_of_time(settings: Settings) -> None:
    settings.LONGEST_SEARCH = 0.001


@pytest.mark.usefixtures("much", "short_of_time")
def test_a_search_that_takes_too_long_says_what_to_do(ada: User, client: Client) -> None:
    client.force_login(ada)

    by_api = an_api(ada).get("/api/v1/incidents/", {"q": "zz"})
    page = client.get("/", {"q": "zz"})

    assert by_api.status_code == 400
    assert "Narrow the list by its other filters" in by_api.json()["error"]["fields"]["q"][0]
    assert page.status_code == 400
    assert "Narrow the list by its other filters" in page.content.decode()


@pytest.mark.usefixtures("much", "short_of_time")
def test_a_list_without_words_is_not_bounded(ada: User) -> None:
    assert an_api(ada).get("/api/v1/incidents/").status_code == 200
