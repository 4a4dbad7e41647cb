"""Heartbeats through the API."""

import pytest

from accounts.models import Role
from alerts.heartbeats import verbs as heartbeats
from alerts.heartbeats.models import Heartbeat, HeartbeatState
from catalog.models import Service
from tests.alerts.doorstep import Doorstep
from tests.factories import a_service, a_user, an_api
from tests.world import MovedEngine

PATH = "/api/v1/heartbeats/"


@pytest.fixture
def service(transactional_db: None) -> Service:
    return a_service("backups")


def test_one_is_made_with_its_address_pinged_and_seen(
    doorstep: Doorstep, engine: MovedEngine, service: Service
) -> None:
    api = an_api(a_user(role=Role.MANAGER))
    wish = {"name": "nightly", "period": "1d", "grace": "1h", "service": "backups", "labels": {"job": "dump"}}

    made = api.post(PATH, wish, "json")
    doorstep.send("GET", "/heartbeat/" + made.json()["key"])
    engine.run()

    seen = api.get(f"{PATH}?state=alive&service=backups").json()["results"]
    assert made.status_code == 201
    assert made.json()["url"].endswith(f"/heartbeat/{made.json()['key']}/")
    assert (made.json()["state"], made.json()["period"], made.json()["grace"]) == ("waiting", "1d", "1h")
    assert [each["name"] for each in seen] == ["nightly"]
    assert "key" not in seen[0]


def test_it_is_changed_paused_resumed_given_a_new_key_and_deleted(doorstep: Doorstep, service: Service) -> None:
    api = an_api(a_user(role=Role.MANAGER))
    made = api.post(PATH, {"name": "nightly", "period": "1d", "service": "backups"}, "json").json()
    one = f"{PATH}{made['id']}/"

    changed = api.patch(one, {"period": "2d", "severity": "warning"}, "json").json()
    paused = api.post(f"{one}pause/", {"paused": True}, "json").json()
    resumed = api.post(f"{one}pause/", {"paused": False}, "json").json()
    new_key = api.post(f"{one}new-key/").json()["key"]
    with_old, with_new = (doorstep.send("GET", f"/heartbeat/{key}").status for key in (made["key"], new_key))
    gone = api.delete(one)

    assert (changed["period"], changed["severity"]) == ("2d", "warning")
    assert (paused["state"], resumed["state"]) == (HeartbeatState.PAUSED, HeartbeatState.WAITING)
    assert (with_old, with_new) == (403, 200)
    assert (gone.status_code, Heartbeat.objects.count()) == (204, 0)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"name": "nightly", "period": "1d"}, "service"),
        ({"name": "nightly", "period": "1s", "service": "backups"}, "period"),
        ({"name": "nightly", "period": "often", "service": "backups"}, "period"),
        ({"name": "taken", "period": "1d", "service": "backups"}, "name"),
    ],
)
def test_what_could_never_work_is_refused_by_field(service: Service, wish: dict[str, str], field: str) -> None:
    heartbeats.create(heartbeats.Wish("taken", period=heartbeats.LONGEST, service=service))

    refused = an_api(a_user(role=Role.MANAGER)).post(PATH, wish, "json")

    assert refused.status_code == 400
    assert list(refused.json()["error"]["fields"]) == [field]
