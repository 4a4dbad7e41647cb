"""Alerts, events and integrations over the API."""

import pytest
from rest_framework.test import APIClient

from accounts import api_keys
from accounts.models import Role, Scope
from alerts.models import Integration
from tests.alerts.doorstep import Doorstep, Sender, a_sender, from_alertmanager, prometheus_alert
from tests.factories import a_service, a_user
from tests.world import MovedEngine


def _client(role: Role, scope: Scope = Scope.WRITE) -> APIClient:
    user = a_user(role=role)
    _, key = api_keys.create(name=user.username, user=user, scope=scope)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return client


@pytest.fixture
def prometheus(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "alertmanager", service=a_service("checkout"), name="prometheus")


def test_events_tell_what_each_message_was_understood_to_say(prometheus: Sender, engine: MovedEngine) -> None:
    prometheus.post(from_alertmanager(prometheus_alert()))
    prometheus.post(b"nonsense")
    engine.run()
    client = _client(Role.VIEWER, Scope.READ)

    bad, good = client.get("/api/v1/events/", {"integration": "prometheus"}).json()["results"]

    assert (good["status"], good["integration"], good["reason"]) == ("processed", "prometheus", "")
    assert [(each["status"], each["severity"], each["title"]) for each in good["alerts"]] == [
        ("firing", "critical", "ReplicaLag")
    ]
    assert (bad["status"], bad["reason"], bad["alerts"]) == ("quarantined", "not_json", [])
    assert client.get("/api/v1/events/", {"status": "quarantined"}).json()["results"][0]["id"] == bad["id"]
    assert client.get("/api/v1/events/", {"integration": "other"}).json()["results"] == []
    assert client.get(f"/api/v1/events/{bad['id']}/").json()["body"] == "nonsense"
    assert client.get("/api/v1/events/", {"status": "lost"}).status_code == 400


def test_alerts_are_listed_and_filtered_with_their_reasons(prometheus: Sender, engine: MovedEngine) -> None:
    prometheus.post(from_alertmanager(prometheus_alert(instance="a"), prometheus_alert("Other", severity="info")))
    prometheus.post(from_alertmanager(prometheus_alert(instance="a", status="resolved")))
    engine.run()
    client = _client(Role.VIEWER, Scope.READ)

    (firing,) = client.get("/api/v1/alerts/", {"status": "firing"}).json()["results"]
    (resolved,) = client.get("/api/v1/alerts/", {"q": "replica"}).json()["results"]

    assert (firing["title"], firing["service"], firing["integration"]) == ("Other", "checkout", "prometheus")
    assert (resolved["status"], resolved["count"], resolved["labels"]["instance"]) == ("resolved", 2, "a")
    assert resolved["reasons"]["dedup"] == "resolved"
    assert client.get(f"/api/v1/incidents/{firing['incident']}/alerts/").json()["results"] == [firing, resolved]
    assert client.get(f"/api/v1/alerts/{firing['id']}/").json() == firing


def test_an_incident_shows_alerts_that_moved_on_when_they_got_worse(doorstep: Doorstep, engine: MovedEngine) -> None:
    routes = [('severity == "critical"', a_service("database"))]
    sender = a_sender(doorstep, "generic", service=a_service("office"), routes=routes)
    for severity in ("warning", "critical"):
        sender.post({"title": "Disk", "severity": severity})
        engine.run()
    first, second = sender.incidents()
    client = _client(Role.VIEWER, Scope.READ)

    shown = [client.get(f"/api/v1/incidents/{each.pk}/alerts/").json()["results"] for each in (first, second)]

    assert shown[0] == shown[1]
    assert len(shown[0]) == 1


def test_lists_ask_the_same_few_queries_however_long_they_are(
    prometheus: Sender, engine: MovedEngine, django_assert_max_num_queries: pytest.FixtureRequest
) -> None:
    prometheus.post(from_alertmanager(*(prometheus_alert(instance=str(each)) for each in range(30))))
    for _ in range(10):
        prometheus.post(from_alertmanager(prometheus_alert(instance="1")))
    engine.run()
    client = _client(Role.VIEWER, Scope.READ)
    client.get("/api/v1/alerts/")

    for path in ("/api/v1/alerts/", "/api/v1/events/", "/api/v1/integrations/"):
        with django_assert_max_num_queries(5):  # type: ignore[operator]
            assert client.get(path).status_code == 200


def test_quarantined_messages_are_read_again_on_demand(prometheus: Sender, engine: MovedEngine) -> None:
    prometheus.post({"hello": "world"})
    engine.run()
    (event,) = prometheus.events()
    client = _client(Role.MANAGER)
    prometheus.integration.source = "generic"
    prometheus.integration.save(update_fields=["source"])

    answered = client.post(f"/api/v1/events/{event.pk}/replay/")
    engine.run()

    assert (answered.status_code, answered.json()["status"]) == (202, "received")
    assert prometheus.events()[0].status == "processed"
    assert client.post(f"/api/v1/events/{event.pk}/replay/").status_code == 409


def test_an_integration_is_made_with_a_key_that_is_shown_once(doorstep: Doorstep) -> None:
    a_service("checkout")
    client = _client(Role.ADMIN)
    wish = {
        "name": "grafana",
        "source": "grafana_alerting",
        "group_by": ["alertname"],
        "hold": "30s",
        "routes": [{"if": 'labels.a == "b"', "service": "checkout"}, {"service": "checkout"}],
    }

    made = client.post("/api/v1/integrations/", wish, format="json")

    assert made.status_code == 201, made.json()
    assert made.json()["url"].endswith(f"/integrations/grafana_alerting/{made.json()['key']}/")
    assert doorstep.post(made.json()["url"].removeprefix("http://127.0.0.1:8000"), {"alerts": []}).status == 202
    (shown,) = client.get("/api/v1/integrations/").json()["results"]
    assert "key" not in shown
    assert (shown["hold"], shown["active"]) == ("30s", True)
    assert [(each["if"], each["service"]) for each in shown["routes"]] == [
        ('labels.a == "b"', "checkout"),
        ("", "checkout"),
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"source": "nagios2000"}, "source"),
        ({"key": "short"}, "key"),
        ({"routes": []}, "routes"),
        ({"routes": [{"if": "labels.a ==", "service": "checkout"}, {"service": "checkout"}]}, "routes"),
        ({"routes": [{"if": "true", "service": "checkout"}]}, "routes"),
        ({"routes": [{"service": "checkout", "hours": "often"}, {"service": "checkout"}]}, "routes"),
        ({"routes": [{"service": "checkout", "hours": "daily 09:00-17:00 UTC"}]}, "routes"),
        ({"routes": [{"service": "checkout"}, {"service": "checkout"}]}, "routes"),
        ({"routes": [{"service": "nope"}]}, "routes"),
        ({"hold": "soon"}, "hold"),
        ({"hold": "9999999d"}, "hold"),
        ({"name": "taken"}, "name"),
    ],
)
def test_what_cannot_be_is_refused_with_the_field(doorstep: Doorstep, change: dict[str, object], field: str) -> None:
    a_sender(doorstep, "generic", service=a_service("checkout"), name="taken")
    wish = {"name": "new", "source": "generic", "routes": [{"service": "checkout"}], **change}

    refused = _client(Role.ADMIN).post("/api/v1/integrations/", wish, format="json")

    assert refused.status_code == 400, refused.json()
    assert any(name.startswith(field) for name in refused.json()["error"]["fields"])
    assert Integration.objects.count() == 1


def test_an_integration_is_changed_switched_off_and_given_a_new_key(prometheus: Sender) -> None:
    a_service("shop")
    client = _client(Role.ADMIN)
    path = f"/api/v1/integrations/{prometheus.integration.pk}/"

    changed = client.patch(path, {"routes": [{"service": "shop"}], "reopen_within": "1m"}, format="json")
    renewed = client.post(f"{path}new-key/")

    assert changed.status_code == 200, changed.json()
    assert (changed.json()["routes"][0]["service"], changed.json()["reopen_within"]) == ("shop", "1m")
    assert prometheus.doorstep.post(prometheus.path, {}).status == 403
    new_path = f"/integrations/alertmanager/{renewed.json()['key']}/"
    assert prometheus.doorstep.post(new_path, {}).status == 202
    client.patch(path, {"active": False}, format="json")
    assert prometheus.doorstep.post(new_path, {}).status == 403


def test_only_admins_change_integrations(prometheus: Sender) -> None:
    path = f"/api/v1/integrations/{prometheus.integration.pk}/"

    assert _client(Role.MANAGER).patch(path, {"active": False}, format="json").status_code == 403
    assert _client(Role.ADMIN, Scope.READ).patch(path, {"active": False}, format="json").status_code == 403
    assert _client(Role.MANAGER).post("/api/v1/integrations/", {}, format="json").status_code == 403
    assert _client(Role.MANAGER).post(f"{path}new-key/").status_code == 403
