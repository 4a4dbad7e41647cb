"""Mappings over the API: read by everybody, written and tried by managers."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Role
from alerts.integrations.keys import RouteWish, create_integration
from alerts.models import Event, EventStatus, Integration
from tests.factories import a_service, a_user, an_api

pytestmark = pytest.mark.django_db
Json = Any


@pytest.fixture
def api(db: None) -> APIClient:
    return an_api(a_user("mara", role=Role.MANAGER))


@pytest.fixture
def integration(db: None) -> Integration:
    made, _ = create_integration(name="home grown", source="generic", routes=[RouteWish(a_service("checkout"))])
    return made


@pytest.fixture
def address(integration: Integration) -> str:
    return f"/api/v1/integrations/{integration.pk}/mapping/"


def _came(integration: Integration, body: str, status: EventStatus = EventStatus.PROCESSED) -> Event:
    return Event.objects.create(
        integration=integration, status=status, body=body.encode(), body_size=len(body), content_type="application/json"
    )


def test_a_version_is_saved_used_and_taken_away(api: APIClient, address: str) -> None:
    expressions = {"title": "payload.what", "labels": {"team": "payload.owner"}}
    nothing: Json = {"integration": "home grown", "version": None, "expressions": {}}
    assert api.get(address).json() == nothing

    made = api.post(f"{address}versions/", {"expressions": expressions, "comment": "Better titles"}, format="json")
    assert made.status_code == 201, made.json()
    shown = made.json()
    assert (shown["version"], shown["author"], shown["comment"], shown["in_use"]) == (1, "mara", "Better titles", True)
    assert api.get(address).json() == {"integration": "home grown", "version": 1, "expressions": expressions}

    api.post(f"{address}versions/", {"expressions": {"title": '"two"'}}, format="json")
    assert [each["version"] for each in api.get(f"{address}versions/").json()["results"]] == [2, 1]
    assert api.post(f"{address}use/", {"version": 1}, format="json").json()["version"] == 1
    assert api.get(f"{address}versions/1/").json()["in_use"]
    assert api.post(f"{address}use/", {"version": None}, format="json").json() == nothing


def test_a_draft_is_kept_without_being_used(api: APIClient, address: str) -> None:
    made = api.post(f"{address}versions/", {"expressions": {"title": '"x"'}, "use": False}, format="json")

    assert (made.status_code, made.json()["in_use"]) == (201, False)
    assert api.get(address).json()["version"] is None


@pytest.mark.parametrize(
    ("expressions", "field"),
    [
        ({}, "expressions"),
        ({"title": ""}, "expressions"),
        ({"tittle": "payload.x"}, "expressions.tittle"),
        ({"severity": "payload."}, "expressions.severity"),
        ({"labels": {"team": "owner"}}, "expressions.labels.team"),
        ({"labels": "team"}, "expressions.labels"),
        ("title", "expressions"),
    ],
)
def test_what_is_wrong_is_refused_at_its_field(api: APIClient, address: str, expressions: object, field: str) -> None:
    refused = api.post(f"{address}versions/", {"expressions": expressions}, format="json")

    assert refused.status_code == 400
    assert any(name.startswith(field) for name in refused.json()["error"]["fields"]), refused.json()
    assert api.get(f"{address}versions/").json()["results"] == []


def test_a_version_that_is_not_there_cannot_be_used(api: APIClient, address: str) -> None:
    refused = api.post(f"{address}use/", {"version": 7}, format="json")

    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "no_such_version")
    assert api.get(f"{address}versions/7/").status_code == 404


def test_expressions_are_tried_on_a_message(api: APIClient, address: str, integration: Integration) -> None:
    old = _came(integration, '{"title": "Old", "host": "a"}')
    new = _came(integration, '{"title": "New", "host": "b"}')
    wish = {"expressions": {"title": 'title + " on " + payload.host', "severity": "nope"}}

    newest = api.post(f"{address}preview/", wish, format="json").json()
    chosen = api.post(f"{address}preview/", {**wish, "event": old.pk}, format="json").json()

    ((title, *_), fields) = (newest["alerts"][0], {each["name"]: each for each in newest["alerts"][0]})
    assert (newest["event"], newest["alert_count"], chosen["event"]) == (new.pk, 1, old.pk)
    assert title == {"name": "title", "default": "New", "value": "New on b", "problem": ""}
    assert fields["severity"]["problem"].startswith("It asks for nope")
    assert chosen["alerts"][0][0]["value"] == "Old on a"


def test_without_a_message_there_is_nothing_to_try_on(api: APIClient, address: str) -> None:
    refused = api.post(f"{address}preview/", {"expressions": {}}, format="json")

    assert (refused.status_code, refused.json()["error"]["fields"]) == (400, {"event": ["No message has come yet."]})


def test_a_dry_run_compares_incidents_and_pages(api: APIClient, address: str, integration: Integration) -> None:
    first = _came(integration, '{"title": "Full", "dedup_key": "disk", "host": "a"}')
    second = _came(integration, '{"title": "Full", "dedup_key": "disk", "host": "b"}')
    _came(integration, "[1]", EventStatus.QUARANTINED)

    wish = {"expressions": {"identity": "payload.host", "severity": '"info"'}, "messages": 10}
    found = api.post(f"{address}replay/", wish, format="json").json()

    assert (found["messages"], found["left_out"], found["stopped"]) == (2, {"quarantined": 1}, "")
    assert found["difference"]["before"] == {"incidents": 1, "pages": 1, "alerts": 1, "gathered": 0}
    assert found["difference"]["after"] == {"incidents": 2, "pages": 2, "alerts": 2, "gathered": 0}
    (change,) = found["difference"]["incidents"]
    assert (change["kind"], change["messages"]) == ("split", [second.pk, first.pk])
    assert [each["severity"] for each in change["after"]] == ["info", "info"]
    assert {each["after"]["dedup_key"] for each in found["difference"]["alerts"]} == {"a", "b"}


def test_a_dry_run_of_what_is_no_expression_is_refused(api: APIClient, address: str) -> None:
    refused = api.post(f"{address}replay/", {"expressions": {"title": "payload."}}, format="json")

    assert refused.status_code == 400
    assert list(refused.json()["error"]["fields"]) == ["expressions.title"]


def test_without_a_message_a_dry_run_has_nothing_to_compare(api: APIClient, address: str) -> None:
    assert api.post(f"{address}replay/", {"expressions": {}}, format="json").json()["difference"] is None
