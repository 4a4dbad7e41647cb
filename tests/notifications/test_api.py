"""Deliveries through the API: who was reached how, masked, filtered, in pages."""

import pytest
from django.test import Client

from accounts import api_keys
from accounts.models import ApiKey, Scope
from notifications.models import Delivery
from tests.factories import an_incident
from tests.fakes import Carriers, receipts
from tests.notifications.conftest import Engine, Someone

FIELDS = {
    *("id", "incident", "user", "kind", "channel", "address", "urgency", "status", "reason", "attempts"),
    *("created_at", "due_at", "sent_at", "delivered_at"),
}


@pytest.fixture
def page(phones: Carriers, tick: Engine, ada: Someone) -> int:
    """ada was paged by Slack and is to be paged by SMS."""
    phones.sms.receipts(receipts.NEVER)
    ada.wants((0, "slack"), (60, "sms"))
    incident = an_incident()
    ada.is_paged(incident)
    tick.run()
    return incident.pk


@pytest.fixture
def api(ada: Someone, client: Client) -> Client:
    client.force_login(ada.user)
    return client


def test_an_incident_shows_who_was_paged_how(page: int, api: Client) -> None:
    found = api.get(f"/api/v1/incidents/{page}/deliveries/").json()["results"]

    mine = [each for each in found if each["user"] == "ada"]
    assert [(each["channel"], each["status"], each["reason"]) for each in mine] == [
        ("sms", "queued", ""),
        ("slack", "sent", "accepted_without_receipt"),
    ]
    assert set(mine[0]) == FIELDS
    assert (mine[0]["incident"], mine[0]["address"], mine[1]["address"]) == (page, "+1***0101", "U0***")


def test_all_deliveries_can_be_narrowed(page: int, api: Client) -> None:
    def count(query: str) -> int:
        return len(api.get(f"/api/v1/deliveries/?{query}").json()["results"])

    assert count("user=ada") == 2
    assert count("user=ada&channel=sms") == 1
    assert count("user=ada&status=sent") == 1
    assert count(f"incident={page + 1000}") == 0
    assert count("kind=test") == 0


@pytest.mark.parametrize("query", ["status=gone", "kind=x", "incident=twelve", "incident=" + "9" * 40])
def test_nonsense_is_refused_with_the_field(phones: Carriers, api: Client, query: str) -> None:
    answer = api.get(f"/api/v1/deliveries/?{query}")

    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.json()["error"]["fields"]


def test_updates_of_messages_are_not_deliveries_to_people(
    page: int, api: Client, phones: Carriers, ada: Someone
) -> None:
    phones.slack.to(ada).press("Acknowledge")

    assert Delivery.objects.filter(kind="update").exists()
    assert {each["kind"] for each in api.get("/api/v1/deliveries/").json()["results"]} == {"page"}


def test_one_delivery_has_an_address_of_its_own(page: int, api: Client) -> None:
    pk = Delivery.objects.filter(channel="sms").values_list("pk", flat=True)[0]

    assert api.get(f"/api/v1/deliveries/{pk}/").json()["id"] == pk


def test_without_a_key_nothing_is_shown(page: int, client: Client) -> None:
    assert client.get("/api/v1/deliveries/").status_code in {401, 403}
    assert client.get(f"/api/v1/incidents/{page}/deliveries/").status_code in {401, 403}


def test_a_key_for_reading_suffices(page: int, client: Client, ada: Someone) -> None:
    _, key = api_keys.create(name="reader", user=ada.user, scope=Scope.READ)

    answer = client.get("/api/v1/deliveries/", headers={"Authorization": f"Bearer {key}"})

    assert answer.status_code == 200
    assert ApiKey.objects.count() == 1


def test_an_unknown_incident_is_not_found(phones: Carriers, api: Client) -> None:
    assert api.get("/api/v1/incidents/987654/deliveries/").status_code == 404


def test_a_list_takes_few_queries(
    page: int, api: Client, ada: Someone, ben: Someone, tick: Engine, django_assert_max_num_queries: object
) -> None:
    ben.wants((0, "slack"))
    for _ in range(5):
        ben.is_paged(an_incident())
    tick.run()

    with django_assert_max_num_queries(5):  # type: ignore[operator]
        api.get("/api/v1/deliveries/")
