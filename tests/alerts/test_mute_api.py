"""Silences, maintenance windows and inhibition rules over the API."""

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from accounts.models import Role
from alerts.muting.models import Silence
from core import clock
from tests.alerts.doorstep import Sender, from_alertmanager, prometheus_alert
from tests.factories import a_service, a_user, an_api
from tests.world import MovedEngine


@pytest.fixture
def api(transactional_db: None) -> APIClient:
    return an_api(a_user("ada", role=Role.MANAGER))


def test_a_silence_is_made_shown_changed_and_ended(prometheus: Sender, api: APIClient, engine: MovedEngine) -> None:
    body = {"matchers": ['alertname = "ReplicaLag"', "severity=~critical"], "comment": "deploying", "duration": "2h"}
    made = api.post("/api/v1/silences/", {**body, "service": "checkout"}, format="json")
    prometheus.post(from_alertmanager(prometheus_alert()))
    engine.run()

    assert made.status_code == 201, made.json()
    shown = made.json()
    assert (shown["state"], shown["created_by"], shown["service"]) == ("active", "ada", "checkout")
    assert shown["matchers"] == ['alertname="ReplicaLag"', 'severity=~"critical"']
    (incident,) = api.get("/api/v1/incidents/").json()["results"]
    assert (incident["status"], incident["muted"]["reason"], incident["muted"]["by"]) == ("held", "silenced", "ada")
    (alert,) = api.get(f"/api/v1/incidents/{incident['id']}/alerts/").json()["results"]
    assert (alert["muted"]["id"], alert["reasons"]["muted"]["id"]) == (shown["id"], shown["id"])
    assert api.get(f"/api/v1/alerts/{alert['id']}/").json() == alert
    entries = api.get(f"/api/v1/incidents/{incident['id']}/timeline/").json()["results"]
    assert [(each["reason"], each["details"]["owner"]) for each in entries if each["kind"] == "muted"] == [
        ("silenced", "ada")
    ]

    address = f"/api/v1/silences/{shown['id']}/"
    changed = api.patch(address, {"comment": "still deploying"}, format="json").json()
    assert (changed["comment"], changed["ends_at"]) == ("still deploying", shown["ends_at"])
    assert api.post(f"{address}expire/").json()["state"] == "expired"
    assert api.post(f"{address}expire/").json()["ended_by"] == "ada"
    assert api.patch(address, {"comment": "again"}, format="json").json()["error"]["code"] == "silence_is_over"
    engine.run()
    assert api.get(f"/api/v1/incidents/{incident['id']}/").json()["status"] == "triggered"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"matchers": []}, "matchers"),
        ({"matchers": ['a=~".*"']}, "matchers"),
        ({"matchers": ["a=~("]}, "matchers"),
        ({"matchers": ["nonsense"]}, "matchers"),
        ({"comment": ""}, "comment"),
        ({"duration": "never"}, "duration"),
        ({"ends_at": "2020-01-01T00:00:00Z", "duration": None}, "ends_at"),
        ({"ends_at": "2030-01-01T00:00:00Z"}, "ends_at"),
        ({"duration": None}, "ends_at"),
        ({"ends_at": "2090-01-01T00:00:00Z", "duration": None}, "ends_at"),
        ({"service": "nobody's"}, "service"),
    ],
)
def test_a_silence_that_means_nothing_is_refused_with_its_field(
    api: APIClient, changes: dict[str, object], field: str
) -> None:
    body = {"matchers": ['a="b"'], "comment": "why", "duration": "1h", **changes}

    answer = api.post(
        "/api/v1/silences/", {name: value for name, value in body.items() if value is not None}, format="json"
    )

    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [field]
    assert not Silence.objects.exists()


def test_silences_are_listed_by_state_owner_and_words(api: APIClient, engine: MovedEngine) -> None:
    later = (clock.now() + timedelta(hours=1)).isoformat()
    for name, more in {"now": {}, "later": {"starts_at": later}, "over": {}}.items():
        body = {"matchers": [f"a={name}"], "comment": f"why {name}", "duration": "2h", **more}
        made = api.post("/api/v1/silences/", body, format="json").json()
    api.post(f"/api/v1/silences/{made['id']}/expire/")

    def found(**asked: str) -> list[str]:
        return [each["comment"] for each in api.get("/api/v1/silences/", asked).json()["results"]]

    assert found() == ["why over", "why later", "why now"]
    assert (found(state="active"), found(state="pending"), found(state="expired")) == (
        ["why now"],
        ["why later"],
        ["why over"],
    )
    assert found(created_by="ben") == []
    assert found(q="later") == ["why later"]
    assert api.get("/api/v1/silences/", {"state": "gone"}).status_code == 400


def test_a_preview_tells_what_fires_and_what_fired_in_seven_days(
    prometheus: Sender, api: APIClient, engine: MovedEngine
) -> None:
    prometheus.post(from_alertmanager(prometheus_alert("Old")))
    prometheus.post(from_alertmanager(prometheus_alert("Old", "resolved")))
    engine.run()
    engine.leap(hours=24 * 8)
    prometheus.post(from_alertmanager(prometheus_alert(instance="db-1"), prometheus_alert(instance="web-1")))
    prometheus.post(from_alertmanager(prometheus_alert(instance="web-1", status="resolved")))
    engine.run()

    def preview(*matchers: str, **scope: str) -> tuple[int, int]:
        body = {"matchers": list(matchers), **scope}
        answer = api.post("/api/v1/silences/preview/", body, format="json").json()
        assert len(answer["firing"]) == answer["firing_count"]
        assert answer["is_all"] is True
        return answer["firing_count"], answer["recent_count"]

    assert preview('alertname="ReplicaLag"') == (1, 2)
    assert preview('instance=~"web-.*"') == (0, 1)
    assert preview('alertname="Old"') == (0, 0)
    assert preview(service="checkout") == (1, 2)
    a_service("other")
    assert preview('alertname="ReplicaLag"', service="other") == (0, 0)
    assert api.post("/api/v1/silences/preview/", {}, format="json").status_code == 400


def test_a_window_is_planned_shown_changed_ended_and_taken_away(
    prometheus: Sender, api: APIClient, engine: MovedEngine
) -> None:
    body = {
        "name": "nights",
        "starts": "2026-01-01T22:00",
        "duration": "8h",
        "time_zone": "Europe/Berlin",
        "recurrence": "FREQ=DAILY",
        "services": ["checkout"],
    }
    made = api.post("/api/v1/maintenance-windows/", body, format="json")
    assert made.status_code == 201, made.json()
    address = f"/api/v1/maintenance-windows/{made.json()['id']}/"
    assert {name: made.json()[name] for name in body} == body
    assert len(made.json()["upcoming"]) == 3

    now = {"name": "at once", "duration": "1h", "integrations": ["prometheus"], "comment": "update"}
    on = api.post("/api/v1/maintenance-windows/", now, format="json").json()
    assert (on["is_on"], on["created_by"], on["time_zone"]) == (True, "ada", "UTC")
    prometheus.post(from_alertmanager(prometheus_alert()))
    engine.run()
    (incident,) = api.get("/api/v1/incidents/").json()["results"]
    assert incident["muted"]["reason"] == "maintenance"

    ended = api.post(f"/api/v1/maintenance-windows/{on['id']}/end/").json()
    assert (ended["is_on"], ended["ended_by"], ended["upcoming"]) == (False, "ada", [])
    assert api.post(f"/api/v1/maintenance-windows/{on['id']}/end/").status_code == 409
    assert api.patch(address, {"active": False}, format="json").json()["upcoming"] == []
    listed = api.get("/api/v1/maintenance-windows/", {"service": "checkout"}).json()["results"]
    assert [each["name"] for each in listed] == ["nights"]
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"services": []}, "services"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"recurrence": "FREQ=HOURLY"}, "recurrence"),
        ({"duration": "0s"}, "duration"),
        ({"starts": "2026-01-01T22:00+01:00"}, "starts"),
        ({"starts": "1026-01-01T22:00"}, "starts"),
        ({"name": " "}, "name"),
        ({"matchers": ["a=~("]}, "matchers"),
    ],
)
def test_a_window_that_means_nothing_is_refused_with_its_field(
    api: APIClient, changes: dict[str, object], field: str
) -> None:
    a_service("checkout")
    body = {"name": "nights", "starts": "2026-01-01T22:00", "duration": "8h", "services": ["checkout"], **changes}

    answer = api.post("/api/v1/maintenance-windows/", body, format="json")

    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [field]


def test_an_inhibition_rule_is_made_changed_and_taken_away(api: APIClient) -> None:
    sides = {"source_matchers": ["alertname=DbDown"], "target_matchers": ['team="db"']}
    body = {"name": "db", **sides, "equal": ["cluster"]}
    made = api.post("/api/v1/inhibition-rules/", body, format="json")
    assert made.status_code == 201, made.json()
    address = f"/api/v1/inhibition-rules/{made.json()['id']}/"

    no_field = api.patch(address, {"is_active": False}, format="json")
    assert no_field.status_code == 400
    assert no_field.json()["error"]["fields"] == {
        "is_active": ['No field that can be changed has this name (did you mean "active"?).']
    }
    assert api.patch(address, {"active": False}, format="json").json()["active"] is False
    assert api.get("/api/v1/inhibition-rules/").json()["results"][0]["source_matchers"] == ['alertname="DbDown"']
    twice = api.post("/api/v1/inhibition-rules/", body, format="json").json()["error"]["fields"]
    wrong = api.patch(address, {"target_matchers": ['a=~".*"']}, format="json").json()["error"]["fields"]
    assert (list(twice), list(wrong)) == (["name"], ["target_matchers"])
    assert api.delete(address).status_code == 204
