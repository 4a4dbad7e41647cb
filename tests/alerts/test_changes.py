"""Changes are kept beside incidents: whose service they are of, when they were done, and that they page nobody."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.models import Change, EventStatus, Integration
from alerts.pipeline import changes
from core import clock
from incidents.models import Incident
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service, an_api, an_incident
from tests.world import MovedEngine

Json = Any


def enqueue(sender: Sender, **payload: Json) -> None:
    """A change event of PagerDuty's."""
    body = {
        "routing_key": sender.key,
        "payload": payload,
        "links": [{"href": "https://ci.example.com/7", "text": "Build"}, {"href": "ftp://x", "text": "No"}],
    }
    answered = sender.doorstep.post("/v2/change/enqueue", body)
    assert (answered.status, answered.json["message"]) == (202, "Change event processed")


def test_a_change_event_is_kept_and_pages_nobody(doorstep: Doorstep, engine: MovedEngine) -> None:
    sender = a_sender(doorstep, "pagerduty", service=a_service("checkout"), name="ci")

    enqueue(
        sender,
        summary="Checkout 9 deployed",
        source="argo",
        timestamp="2026-03-01T10:02:03.315+0000",
        custom_details={"build": 7, "by": "ada"},
    )
    engine.run()

    change = Change.objects.select_related("service").get()
    assert (change.summary, change.by) == ("Checkout 9 deployed", "argo")
    assert change.at == datetime(2026, 3, 1, 10, 2, 3, 315000, tzinfo=UTC)
    assert change.service is not None
    assert change.service.name == "checkout"
    assert change.details == {"build": "7", "by": "ada"}
    assert change.links == [{"text": "Build", "href": "https://ci.example.com/7"}]
    assert sender.events()[0].status == EventStatus.IGNORED
    assert sender.events()[0].reason == "change_event"
    assert not sender.alerts()
    assert not Incident.objects.exists()


def test_the_routes_say_which_service_it_is_of(doorstep: Doorstep, engine: MovedEngine) -> None:
    billing = a_service("billing")
    routes = [('labels.app == "billing"', billing)]
    sender = a_sender(doorstep, "pagerduty", service=a_service("checkout"), routes=routes, name="ci")

    enqueue(sender, summary="Billing 3", custom_details={"app": "billing"})
    enqueue(sender, summary="Checkout 9")
    engine.run()

    found = Change.objects.order_by("id").values_list("summary", "service__name")
    assert list(found) == [("Billing 3", "billing"), ("Checkout 9", "checkout")]


def test_without_a_time_it_was_done_when_it_came(doorstep: Doorstep, engine: MovedEngine) -> None:
    sender = a_sender(doorstep, "pagerduty", service=a_service(), name="ci")

    enqueue(sender, summary="x" * 3000, timestamp="yesterday")
    engine.run()

    change = Change.objects.get()
    assert change.at == change.received_at == sender.events()[0].received_at
    assert len(change.summary) == 1024


DEPLOYMENT = {
    "action": "created",
    "deployment": {"ref": "main", "sha": "5d6e", "environment": "production"},
    "deployment_status": {"state": "success", "log_url": "https://ci.example.com/1", "creator": {"login": "ada"}},
    "repository": {"full_name": "acme/shop"},
}
GITLAB = {
    "object_kind": "deployment",
    "status": "success",
    "status_changed_at": "2026-03-01 12:00:00 +0200",
    "environment": "staging",
    "project": {"path_with_namespace": "acme/api"},
    "ref": "v7",
    "short_sha": "27",
    "user": {"username": "ben"},
    "commit_url": "https://gitlab.example.com/c/27",
}


@pytest.mark.parametrize(
    ("source", "body", "summary", "by"),
    [
        ("generic", {"kind": "change", "title": "Config of db-1", "source": "ansible"}, "Config of db-1", "ansible"),
        ("github", DEPLOYMENT, "acme/shop@main was deployed to production", "ada"),
        ("gitlab", GITLAB, "acme/api v7 was deployed to staging", "ben"),
    ],
)
def test_deployments_of_other_senders_are_changes(
    doorstep: Doorstep, engine: MovedEngine, source: str, body: Json, summary: str, by: str
) -> None:
    sender = a_sender(doorstep, source, service=a_service())

    sender.post(body)
    engine.run()

    change = Change.objects.get()
    assert (change.summary, change.by) == (summary, by)
    assert not sender.alerts()


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("github", {**DEPLOYMENT, "deployment_status": {"state": "pending"}}),
        ("gitlab", {**GITLAB, "status": "running"}),
    ],
)
def test_a_deployment_that_is_under_way_has_changed_nothing_yet(
    doorstep: Doorstep, engine: MovedEngine, source: str, body: Json
) -> None:
    sender = a_sender(doorstep, source, service=a_service())

    sender.post(body)
    engine.run()

    assert sender.events()[0].reason == "not_conclusive"
    assert not Change.objects.exists()


@pytest.fixture
def ci(db: None) -> Integration:
    return Integration.objects.create(name="ci", source="generic", key_hash=b"x", key_prefix="x")


def test_the_api_lists_changes_by_service_integration_and_incident(ci: Integration) -> None:
    incident = an_incident()
    opened = incident.created_at
    for summary, hours, service in (("old", 25, None), ("close", 2, incident.service), ("after", -1, None)):
        Change.objects.create(integration=ci, summary=summary, at=opened - timedelta(hours=hours), service=service)
    api = an_api()

    def listed(query: str = "") -> list[str]:
        return [each["summary"] for each in api.get(f"/api/v1/changes/{query}").json()["results"]]

    assert listed() == ["after", "close", "old"]
    assert listed(f"?service={incident.service.name}") == ["close"]
    assert listed("?integration=other") == []
    assert listed(f"?incident={incident.pk}") == ["close"]
    assert api.get("/api/v1/changes/?incident=x").status_code == 400
    assert api.get("/api/v1/changes/?incident=999999").status_code == 404
    one = api.get("/api/v1/changes/").json()["results"][1]
    assert api.get(f"/api/v1/changes/{one['id']}/").json() == one
    assert (one["service"], one["integration"], one["details"]) == (incident.service.name, "ci", {})


def test_changes_are_forgotten_after_a_year(ci: Integration) -> None:
    for days in (1, 364, 366, 800):
        Change.objects.create(integration=ci, summary=f"{days}", at=clock.now() - timedelta(days=days))

    assert changes.drop_old() == 2
    assert set(Change.objects.values_list("summary", flat=True)) == {"1", "364"}
