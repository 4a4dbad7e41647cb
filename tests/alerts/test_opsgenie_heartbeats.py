"""Opsgenie's Heartbeat API: pings by any method, and heartbeats made, changed, switched and deleted with a key."""

import json
from typing import Any

import pytest
from django.test import Client

from alerts.heartbeats.models import Heartbeat
from incidents.models import Incident
from incidents.states import Status
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service
from tests.world import MovedEngine

Json = Any
BACKUP = {
    "name": "backup",
    "interval": 10,
    "intervalUnit": "minutes",
    "alertMessage": "No backup",
    "alertPriority": "P2",
}


@pytest.fixture
def sender(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "opsgenie", service=a_service(), name="jobs")


def call(sender: Sender, method: str, path: str, body: Json = None, *, status: int = 200) -> Json:
    headers = {"authorization": f"GenieKey {sender.key}"}
    path = f"/v2/heartbeats{path}"
    answered = Client(enforce_csrf_checks=True).generic(
        method, path, b"" if body is None else json.dumps(body), "application/json", headers=headers
    )
    assert answered.status_code == status, answered.content
    assert {"took", "requestId"} <= set(answered.json())
    return answered.json()


def ping(sender: Sender, method: str = "GET", name: str = "backup", key: str = "") -> int:
    headers = {"authorization": f"GenieKey {key or sender.key}"}
    return sender.doorstep.send(method, f"/v2/heartbeats/{name}/ping", b"", headers).status


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH"])
def test_a_ping_by_any_method_is_a_sign_of_life(sender: Sender, method: str) -> None:
    call(sender, "POST", "", BACKUP, status=201)

    assert ping(sender, method) == 202
    assert Heartbeat.objects.get().last_ping_at is not None


def test_one_that_stays_away_pages_and_resolves_when_it_is_back(sender: Sender, engine: MovedEngine) -> None:
    call(sender, "POST", "", BACKUP, status=201)
    ping(sender)
    engine.run()

    engine.fast_forward(minutes=11)
    incident = Incident.objects.get()
    missed = call(sender, "GET", "/backup")["data"]["expired"]
    ping(sender)
    engine.run()

    assert (incident.title, incident.severity, incident.status) == ("No backup", "error", Status.TRIGGERED)
    assert missed
    incident.refresh_from_db()
    assert incident.status == Status.RESOLVED
    assert not call(sender, "GET", "/backup")["data"]["expired"]


def test_a_heartbeat_is_shown_as_it_was_made(sender: Sender) -> None:
    made = call(sender, "POST", "", {**BACKUP, "description": "Nightly", "alertTags": ["db"]}, status=201)

    assert made["data"] == {"name": "backup", "enabled": True, "expired": False}
    shown = {
        "name": "backup",
        "enabled": True,
        "expired": False,
        "description": "Nightly",
        "interval": 10,
        "intervalUnit": "minutes",
        "alertMessage": "No backup",
        "alertTags": ["db"],
        "alertPriority": "P2",
    }
    assert call(sender, "GET", "/backup")["data"] == shown
    assert call(sender, "GET", "")["data"] == {"heartbeats": [shown]}


def test_a_heartbeat_is_changed_switched_and_deleted(sender: Sender) -> None:
    call(sender, "POST", "", {**BACKUP, "enabled": False}, status=201)

    paused = call(sender, "GET", "/backup")["data"]["enabled"]
    call(sender, "PATCH", "/backup", {"interval": 2, "intervalUnit": "hours", "enabled": True})
    changed = call(sender, "GET", "/backup")["data"]
    switched = [call(sender, "POST", f"/backup/{wish}")["data"]["enabled"] for wish in ("disable", "enable")]
    call(sender, "DELETE", "/backup")

    assert not paused
    assert (changed["interval"], changed["intervalUnit"], changed["enabled"]) == (2, "hours", True)
    assert switched == [False, True]
    assert not Heartbeat.objects.exists()


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"alertTags": ["db", "night"]}, ["db", "night"]),
        ({"alertTags": []}, []),
        ({"description": "Nightly"}, ["old"]),
        ({"alertTags": "db"}, ["old"]),
    ],
)
def test_the_tags_of_a_heartbeat_are_changed_where_they_are_given(sender: Sender, given: Json, shown: Json) -> None:
    call(sender, "POST", "", {**BACKUP, "alertTags": ["old"]}, status=201)
    before = Heartbeat.objects.get().labels

    call(sender, "PATCH", "/backup", given)

    assert call(sender, "GET", "/backup")["data"]["alertTags"] == shown
    after = Heartbeat.objects.get().labels
    assert {**after, "tags": ""} == {**before, "tags": ""}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "", {}, 422),
        ("POST", "", {"name": "a/b", "interval": 1}, 422),
        ("POST", "", {"name": "x"}, 422),
        ("POST", "", {"name": "x", "interval": True}, 422),
        ("POST", "", {"name": "x", "interval": 1, "intervalUnit": "moons"}, 422),
        ("POST", "", {"name": "x", "interval": 1_000_000, "intervalUnit": "days"}, 422),
        ("POST", "", BACKUP, 422),
        ("POST", "", [], 400),
        ("PUT", "", {}, 405),
        ("GET", "/nobody", None, 404),
        ("POST", "/nobody/enable", None, 404),
        ("GET", "/backup/enable", None, 405),
        ("POST", "/backup", {}, 405),
    ],
)
def test_what_cannot_be_done_is_refused(sender: Sender, method: str, path: str, body: Json, status: int) -> None:
    call(sender, "POST", "", BACKUP, status=201)

    assert call(sender, method, path, body, status=status)["message"]


def test_a_heartbeat_answers_to_the_key_of_its_own_integration(sender: Sender) -> None:
    other = a_sender(sender.doorstep, "opsgenie", service=a_service(), name="other")
    call(sender, "POST", "", BACKUP, status=201)

    assert ping(sender, name="unknown") == 404
    assert ping(other) == 404
    assert ping(sender, key="nobodys") == 404
    assert sender.doorstep.send("GET", "/v2/heartbeats/backup/ping").status == 401
    call(other, "GET", "/backup", status=404)
