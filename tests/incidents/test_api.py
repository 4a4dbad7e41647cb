"""The API of incidents, as scripts use it."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Role, Scope
from core import clock
from incidents import lifecycle
from incidents.models import Incident
from incidents.states import Status
from tests.factories import a_service, a_team, a_user, an_api, an_incident, by

pytestmark = pytest.mark.django_db

INCIDENTS = "/api/v1/incidents/"


def test_an_incident_reads_as_promised(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://tocsin.example"
    ada = a_user("ada")
    incident = an_incident("Replica lag", service=a_service("db", team=a_team("platform")), open_key="k")
    lifecycle.acknowledge(incident.pk, by=by(ada))

    answer = an_api(ada).get(f"{INCIDENTS}{incident.pk}/")

    shown = answer.json()
    assert answer.status_code == 200
    assert {name: shown[name] for name in ("id", "number", "title", "status", "urgency", "severity", "service")} == {
        "id": incident.pk,
        "number": incident.pk,
        "title": "Replica lag",
        "status": "acknowledged",
        "urgency": "high",
        "severity": "critical",
        "service": "db",
    }
    assert (shown["team"], shown["integration"], shown["group_key"]) == ("platform", "prometheus", "k")
    assert (shown["acknowledged_by"], shown["resolved_by"], shown["resolved_at"]) == ("ada", None, None)
    assert shown["acknowledged_at"].endswith("Z")
    assert shown["alert_count"] == 0
    assert shown["url"] == f"https://tocsin.example/incidents/{incident.pk}/"


def test_the_list_is_newest_first_filtered_and_paged() -> None:
    service = a_service("db")
    for number in range(3):
        an_incident(f"Lag {number}", service=service)
    an_incident("Other")
    api = an_api()

    first = api.get(INCIDENTS, {"service": "db", "page_size": "2"}).json()
    second = api.get(first["next"]).json()

    assert [each["title"] for each in first["results"]] == ["Lag 2", "Lag 1"]
    assert [each["title"] for each in second["results"]] == ["Lag 0"]
    assert set(first) == {"next", "previous", "results"}


def test_an_unknown_filter_value_is_refused_with_what_is_known() -> None:
    answer = an_api().get(INCIDENTS, {"status": "burning"})

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid"
    assert "triggered" in answer.json()["error"]["fields"]["status"][0]


@pytest.mark.parametrize(
    ("before", "verb", "status"),
    [
        ([], "acknowledge", "acknowledged"),
        (["acknowledge"], "acknowledge", "acknowledged"),
        (["acknowledge"], "unacknowledge", "triggered"),
        ([], "resolve", "resolved"),
        (["resolve"], "reopen", "triggered"),
    ],
)
def test_a_verb_answers_with_the_incident_as_it_is_then(before: list[str], verb: str, status: str) -> None:
    incident, api = an_incident(), an_api()
    for earlier in before:
        api.post(f"{INCIDENTS}{incident.pk}/{earlier}/")

    answer = api.post(f"{INCIDENTS}{incident.pk}/{verb}/")

    assert (answer.status_code, answer.json()["status"]) == (200, status)


def test_who_acts_through_the_api_is_named_with_the_way() -> None:
    ada, incident = a_user("ada"), an_incident()

    an_api(ada).post(f"{INCIDENTS}{incident.pk}/acknowledge/")

    (entry, *_) = an_api(ada).get(f"{INCIDENTS}{incident.pk}/timeline/").json()["results"]
    assert (entry["kind"], entry["via"], entry["actor"]) == ("acknowledged", "api", {"kind": "user", "name": "ada"})
    assert entry["text"] == "Acknowledged by ada through the API."


def test_what_makes_no_sense_is_a_conflict_that_says_so() -> None:
    incident, api = an_incident(), an_api()
    api.post(f"{INCIDENTS}{incident.pk}/resolve/")

    answer = api.post(f"{INCIDENTS}{incident.pk}/acknowledge/")

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "move_not_allowed")


@pytest.mark.parametrize(("body", "minutes"), [({"minutes": 30}, 30), ({"duration": "2h"}, 120)])
def test_snoozing_takes_minutes_or_a_duration(body: dict[str, object], minutes: int) -> None:
    incident, api = an_incident(), an_api()

    answer = api.post(f"{INCIDENTS}{incident.pk}/snooze/", body)

    incident.refresh_from_db()
    assert answer.json()["status"] == "snoozed"
    assert answer.json()["snoozed_until"] is not None
    assert incident.due_at is not None
    assert abs(incident.due_at - clock.now() - timedelta(minutes=minutes)) < timedelta(minutes=1)


def test_snoozing_takes_a_moment() -> None:
    incident, api, until = an_incident(), an_api(), clock.now() + timedelta(hours=3)

    api.post(f"{INCIDENTS}{incident.pk}/snooze/", {"until": until.isoformat()})

    incident.refresh_from_db()
    assert (incident.status, incident.due_at) == (Status.SNOOZED, until)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"minutes": 5, "duration": "2h"},
        {"duration": "soon"},
        {"duration": "9999999d"},
        {"duration": "999999999w"},
        {"until": "2001-01-01T00:00:00Z"},
        {"until": "tomorrow"},
        {"minutes": 0},
        {"minutes": 10**9},
        [],
        "text",
    ],
)
def test_a_snooze_that_cannot_be_understood_is_refused(body: object) -> None:
    incident, api = an_incident(), an_api()

    answer = api.post(f"{INCIDENTS}{incident.pk}/snooze/", body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


def test_merging_and_notes() -> None:
    one, other, api = an_incident(), an_incident(), an_api()

    merged = api.post(f"{INCIDENTS}{other.pk}/merge/", {"into": one.pk})
    noted = api.post(f"{INCIDENTS}{one.pk}/notes/", {"text": "The disk."})
    unknown = api.post(f"{INCIDENTS}{one.pk}/merge/", {"into": 10**12})
    itself = api.post(f"{INCIDENTS}{one.pk}/merge/", {"into": one.pk})
    empty = api.post(f"{INCIDENTS}{one.pk}/notes/", {"text": " "})

    assert (merged.json()["status"], merged.json()["merged_into"]) == ("resolved", one.pk)
    assert (noted.status_code, noted.json()["text"]) == (201, "The disk.")
    assert [unknown.status_code, itself.status_code, empty.status_code] == [404, 409, 400]


def test_an_incident_opened_by_hand_takes_the_services_urgency_unless_told() -> None:
    a_service("db")
    api = an_api(a_user("ada"))

    answer = api.post(INCIDENTS, {"title": "Odd smell", "service": "db", "severity": "info"})
    told = api.post(INCIDENTS, {"title": "Odd smell", "service": "db", "urgency": "low"})

    assert answer.status_code == 201
    assert (answer.json()["status"], answer.json()["urgency"], told.json()["urgency"]) == ("triggered", "high", "low")
    assert Incident.objects.get(pk=answer.json()["id"]).timeline.get(kind="opened").reason == "opened_by_hand"


@pytest.mark.parametrize("body", [{}, {"title": "x", "service": "nope"}, {"title": "\0", "service": "db"}, []])
def test_an_incident_without_title_or_service_is_refused(body: object) -> None:
    a_service("db")

    answer = an_api().post(INCIDENTS, body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


def test_what_does_not_exist_is_not_found() -> None:
    api = an_api()

    codes = [
        api.get(f"{INCIDENTS}999999999/").status_code,
        api.get(f"{INCIDENTS}{10**17}/").status_code,
        api.post(f"{INCIDENTS}999999999/acknowledge/").status_code,
        api.get(f"{INCIDENTS}999999999/timeline/").status_code,
    ]

    assert codes == [404, 404, 404, 404]


def test_reading_needs_a_key_and_writing_a_role_and_a_scope() -> None:
    incident, viewer, responder = an_incident(), a_user(role=Role.VIEWER), a_user()
    acknowledge = f"{INCIDENTS}{incident.pk}/acknowledge/"
    nobody = an_api()
    nobody.credentials()

    assert nobody.get(INCIDENTS).status_code == 401
    assert an_api(viewer).get(INCIDENTS).status_code == 200
    assert an_api(viewer).post(acknowledge).status_code == 403
    assert an_api(responder, scope=Scope.READ).post(acknowledge).status_code == 403
    assert an_api(responder).post(acknowledge).status_code == 200


def test_the_list_costs_a_fixed_number_of_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    ada = a_user()
    api = an_api(ada)
    api.get(INCIDENTS)
    for _ in range(5):
        lifecycle.acknowledge(an_incident().pk, by=by(ada))

    with django_assert_num_queries(2):  # the key, and the page
        api.get(INCIDENTS)
