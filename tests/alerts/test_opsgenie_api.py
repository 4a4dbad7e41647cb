"""What Opsgenie's clients read: one alert, lists by query, counts, notes."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker

from alerts.parsing import opsgenie
from tests.alerts.doorstep import Doorstep, Sender
from tests.alerts.opsgenie_client import get, messages, three_alerts

Json = Any


@pytest.fixture(scope="module")
def transactional_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Emptied once, at the end: nothing here changes anything."""
    with django_db_blocker.unblock():
        yield
        call_command("flush", verbosity=0, interactive=False)


@pytest.fixture(scope="module")
def sender(transactional_db: None) -> Iterator[Sender]:
    with Doorstep() as doorstep:
        yield three_alerts(doorstep)


def test_an_alert_is_shown_with_all_it_says(sender: Sender) -> None:
    alert = get(sender, "/v2/alerts/db-1/disk", identifierType="alias")["data"]

    pk = sender.alerts()[0].pk
    assert {name: alert[name] for name in alert if not name.endswith("At")} == {
        "id": opsgenie.alert_id(pk),
        "tinyId": str(pk),
        "alias": "db-1/disk",
        "message": "Disk full on db-1",
        "description": "97 % of /var",
        "status": "open",
        "acknowledged": False,
        "isSeen": False,
        "snoozed": False,
        "tags": ["storage", "night shift"],
        "details": {"host": "db-1", "Impact": "external"},
        "entity": "db-1",
        "source": "checker",
        "priority": "P1",
        "count": 1,
        "owner": "",
        "actions": ["Restart"],
        "teams": [],
        "responders": [{"type": "team", "id": "NOC", "name": "NOC"}],
        "integration": {
            "id": opsgenie.integration_id(sender.integration.pk),
            "name": "nagios",
            "type": "API",
        },
    }
    assert alert["createdAt"].endswith("Z")


@pytest.mark.parametrize("kind", ["id", "tiny"])
def test_an_alert_is_found_by_id_and_short_number_when_it_is_closed(sender: Sender, kind: str) -> None:
    pk = sender.alerts()[1].pk
    name = opsgenie.alert_id(pk) if kind == "id" else str(pk)

    alert = get(sender, f"/v2/alerts/{name}", identifierType=kind)["data"]

    assert (alert["alias"], alert["status"], alert["report"]["closedBy"]) == ("db-2/load", "closed", "nagios")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("db-2/load", "alias"), ("unknown", "alias"), ("unknown", "id"), ("x", "tiny"), ("7" * 30, "tiny")],
)
def test_what_is_not_there_or_not_open_any_more_is_not_found(sender: Sender, name: str, kind: str) -> None:
    assert "not found" in get(sender, f"/v2/alerts/{name}", 404, identifierType=kind)["message"]


def test_who_has_it_is_its_owner(sender: Sender) -> None:
    alert = get(sender, "/v2/alerts/queue", identifierType="alias")["data"]

    assert (alert["acknowledged"], alert["owner"]) == (True, "ada@example.com")
    assert alert["report"]["acknowledgedBy"] == "ada@example.com"


DISK, LOAD, QUEUE = "Disk full on db-1", "Load of db-2", "Queue is long"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {DISK, LOAD, QUEUE}),
        ("status:open", {DISK, QUEUE}),
        ("status:closed", {LOAD}),
        ("NOT status:open", {LOAD}),
        ("priority:P1", {DISK}),
        ("priority: (P1 OR P5)", {DISK, QUEUE}),
        ("priority > P4", {DISK, LOAD}),
        ("priority <= P3", {LOAD, QUEUE}),
        ("status:open AND priority:P5", {QUEUE}),
        ("tag:storage", {DISK}),
        ('tag: "night shift"', {DISK}),
        ("tags: n*t", {DISK}),
        ("tag: stor", set()),
        ("NOT tag:storage", {LOAD, QUEUE}),
        ("tag: (storage OR cpu)", {DISK, LOAD}),
        ("message: full", {DISK}),
        ("message: d*k full", {DISK}),
        ("description: 97", {DISK}),
        ("alias: db-1/disk", {DISK}),
        ("alias: db-2/load", set()),
        ("alias: db-*", {DISK}),
        ("entity: db-1", {DISK}),
        ("source: checker", {DISK}),
        ("NOT source: checker", {LOAD, QUEUE}),
        ("details.key: Impact", {DISK}),
        ("details.value: external", {DISK}),
        ("details.Impact: external", {DISK}),
        ("details.x__contains: y", set()),
        ("team: NOC", {DISK}),
        ("responders: NOC", {DISK}),
        ("acknowledged: true", {QUEUE}),
        ("acknowledged: false", {DISK, LOAD}),
        ("isSeen: true", {QUEUE}),
        ("snoozed: false", {DISK, LOAD, QUEUE}),
        ("owner: ada@example.com", {QUEUE}),
        ("NOT owner: ada", {DISK, LOAD}),
        ("acknowledgedBy: ada", {QUEUE}),
        ("count: 1", {DISK, QUEUE}),
        ("count > 1", {LOAD}),
        ("actions: Restart", {DISK}),
        ("integration.name: nagios AND integration.type: opsgenie", {DISK, LOAD, QUEUE}),
        ("createdAt > 1470394841148", {DISK, LOAD, QUEUE}),
        ("createdAt < 1470394841148", set()),
        ("createdAt > 2020-01-01", {DISK, LOAD, QUEUE}),
        ("lastOccurredAt >= 1470394841", {DISK, LOAD, QUEUE}),
        ("snoozedUntil > 1470394841148", set()),
        ("tinyId: 0 OR alertId: nothing", set()),
        ("full", {DISK}),
        ("full status:open", {DISK}),
        ("message: (full OR long)", {DISK, QUEUE}),
    ],
)
def test_the_query_language_finds_what_it_says(sender: Sender, query: str, expected: set[str]) -> None:
    assert set(messages(sender, query)) == expected
    assert get(sender, "/v2/alerts/count", query=query)["data"] == {"count": len(expected)}


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"query": "colour: red"}, "there is no field “colour”"),
        ({"query": "status: ajar"}, "is one of open, closed"),
        ({"query": "createdAt > soon"}, "is no point in time"),
        ({"query": "count: many"}, "is no number"),
        ({"query": "message > a"}, "compared with"),
        ({"query": "(status:open"}, "missing"),
        ({"query": "priority: P9"}, "one of P1"),
        ({"sort": "beauty"}, "[sort] must be one of"),
        ({"order": "up"}, "[order] must be"),
        ({"limit": "101"}, "[limit] must be"),
        ({"offset": "-1"}, "[offset] must be"),
        ({"offset": "19999", "limit": "100"}, "can not exceed 20000"),
        ({"searchIdentifier": "mine"}, "Saved searches"),
    ],
)
def test_what_cannot_be_asked_is_refused(sender: Sender, query: Json, says: str) -> None:
    assert says in get(sender, "/v2/alerts", 422, **query)["message"]


def test_lists_are_paged_and_sorted(sender: Sender) -> None:
    page = get(sender, "/v2/alerts", query="status:open", limit=1, sort="message", order="asc")
    follow = urlsplit(page["paging"]["next"])
    second = get(sender, follow.path, **{name: value[0] for name, value in parse_qs(follow.query).items()})

    assert [alert["message"] for alert in page["data"] + second["data"]] == [DISK, QUEUE]
    assert set(page["paging"]) == {"first", "next", "last"}
    assert set(second["paging"]) == {"first", "prev", "last"}
    assert second["paging"]["last"] == page["paging"]["next"]


def test_a_list_takes_as_many_queries_however_long_it_is(sender: Sender) -> None:
    def queries(**asked: Json) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            get(sender, "/v2/alerts", **asked)
        return len(captured)

    assert queries(limit=3) == queries(limit=1)


def test_notes_and_logs_are_those_of_its_incident(sender: Sender) -> None:
    (note,) = get(sender, "/v2/alerts/queue/notes", identifierType="alias")["data"]
    logs = get(sender, "/v2/alerts/queue/logs", identifierType="alias", limit=1)
    older = get(sender, "/v2/alerts/queue/logs", identifierType="alias", offset=logs["data"][0]["offset"])

    assert (note["note"], note["owner"]) == ("Looked at it", "nagios (trinity)")
    assert logs["data"][0]["log"].startswith("Acknowledged by ada")
    assert "next" in logs["paging"]
    assert "Opened by nagios." in [entry["log"] for entry in older["data"]]


@pytest.mark.parametrize(("authorization", "status"), [("", 401), ("Bearer x", 401), ("GenieKey nobodys", 401)])
@pytest.mark.parametrize("path", ["/v2/alerts", "/v2/alerts/count", "/v2/alerts/x", "/v2/alerts/requests/x"])
def test_nothing_is_shown_without_a_key(sender: Sender, path: str, authorization: str, status: int) -> None:
    assert Client().get(path, headers={"authorization": authorization}).status_code == status


@pytest.mark.parametrize("path", ["/v2/alerts/saved-searches", "/v2/alerts/x/recipients", "/v2/alerts/x/attachments"])
def test_calls_that_are_not_answered_say_so(sender: Sender, path: str) -> None:
    assert "does not answer this call" in get(sender, path, 404)["message"]
