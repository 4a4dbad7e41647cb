"""The vendors' own clients, unchanged but for their host, send to Tocsin over a real socket, and read from it."""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import fakes
from tests.fakes import Carriers
from tests.fakes.waiting import wait_for
from tests.flows.behind_tls import Secure, behind_tls
from tests.flows.conftest import ADA_AND_BEN
from tests.flows.test_alertmanager import post, running
from tests.stack import Stack, eventually, free_port, new_database

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what the vendor's client does at import is the vendor's
    import opsgenie_sdk as sdk
    import pagerduty
    import pdpyras

ClientOf = Callable[[Stack, Secure, str], Any]

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

SENDERS = {"nagios": "opsgenie", "pd": "pagerduty", "vo": "victorops"}
CONFIGURATION = ADA_AND_BEN.replace(
    "integrations:\n",
    "integrations:\n"
    + "".join(
        f"  - {{name: {name}, source: {source}, routes: [{{service: checkout}}]}}\n" for name, source in SENDERS.items()
    ),
)


@pytest.fixture(scope="module")
def carriers() -> Iterator[Carriers]:
    with fakes.start() as carriers:
        yield carriers


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, carriers: Carriers) -> Iterator[Stack]:
    """One for all: each client has an integration of its own, or looks at what it made itself."""
    with Stack(
        tmp_path_factory.mktemp("stack"),
        database_url=new_database(os.environ["TOCSIN_TEST_DATABASE_URL"]),
        redis_url=os.environ["REDIS_URL"],
        environment=carriers.environment,
    ) as stack:
        carriers.point_at(stack.url)
        stack.start("web", "worker")
        yield stack


@pytest.fixture(scope="module")
def applied(stack: Stack) -> dict[str, Any]:
    return stack.apply(CONFIGURATION)


@pytest.fixture
def opsgenie(stack: Stack, applied: dict[str, Any]) -> Iterator[Any]:
    configuration = sdk.Configuration()
    configuration.host = stack.url
    configuration.api_key["Authorization"] = applied["integrations"]["nagios"]["key"]
    client = sdk.ApiClient(configuration=configuration)
    yield client
    client.rest_client.pool_manager.clear()


@pytest.fixture
def alerts(opsgenie: Any) -> Any:
    return sdk.AlertApi(api_client=opsgenie)


def incident_of(api: httpx.Client, title: str) -> Any:
    """The incident that is called so."""
    return eventually(api, f"incidents/?q={title}", lambda page: page["results"], what=title)["results"][0]


def done(answer: Any) -> Any:
    """The outcome of a request, as the client itself waits for it. It succeeded."""
    outcome = answer.retrieve_result()
    assert outcome.data.is_success, outcome
    return outcome.data


def test_an_alert_lives_its_whole_life_through_opsgenies_client(
    stack: Stack, carriers: Carriers, applied: dict[str, Any], alerts: Any
) -> None:
    api = stack.api(applied["api_keys"]["ci"])
    created = alerts.create_alert(
        create_alert_payload=sdk.CreateAlertPayload(
            message="Disk full on db-1",
            alias="db-1/disk?",
            description="97 %",
            priority="P1",
            tags=["storage"],
            details={"host": "db-1"},
            responders=[{"type": "team", "name": "NOC"}],
        )
    )
    # At once, without looking whether there is an alert already.
    noted = alerts.add_note(
        identifier="db-1/disk?",
        identifier_type="alias",
        add_note_to_alert_payload=sdk.AddNoteToAlertPayload(note="Seen by the night shift", user="trinity"),
    )
    assert created.result == "Request will be processed"
    number = done(created).alert_id
    done(noted)
    carriers.slack.to("U0ADA").wait_for_text("Disk full on db-1")

    alert = alerts.get_alert(identifier=number).data
    assert (alert.alias, alert.priority, alert.tags) == ("db-1/disk?", "P1", ["storage"])
    assert (alert.details, alert.description) == ({"host": "db-1"}, "97 %")
    assert alert.status == "open"
    assert not alert.acknowledged
    assert alerts.list_notes(identifier=number).data[0].note == "Seen by the night shift"
    assert [each.id for each in alerts.list_alerts(query="status:open AND tag:storage", limit=5).data] == [number]
    assert alerts.count_alerts(query="priority:P1").data.count == 1

    done(alerts.add_tags(identifier=number, add_tags_to_alert_payload=sdk.AddTagsToAlertPayload(tags=["seen"])))
    done(alerts.remove_tags(identifier=number, tags=["storage"]))
    done(
        alerts.add_details(
            identifier=number, add_details_to_alert_payload=sdk.AddDetailsToAlertPayload(details={"rack": "7"})
        )
    )
    done(alerts.remove_details(identifier=number, keys=["host"]))
    done(
        alerts.update_alert_message(
            identifier=number,
            update_alert_message_payload=sdk.UpdateAlertMessagePayload(message="Disk of db-1 is full"),
        )
    )
    done(
        alerts.update_alert_description(
            identifier=number, update_alert_description_payload=sdk.UpdateAlertDescriptionPayload(description="99 %")
        )
    )
    done(
        alerts.update_alert_priority(
            identifier=number, update_alert_priority_payload=sdk.UpdateAlertPriorityPayload(priority="P2")
        )
    )
    alert = alerts.get_alert(identifier=number).data
    assert (alert.tags, alert.details, alert.priority) == (["seen"], {"rack": "7"}, "P2")
    assert (alert.message, alert.description) == ("Disk of db-1 is full", "99 %")

    done(
        alerts.acknowledge_alert(
            identifier=number, acknowledge_alert_payload=sdk.AcknowledgeAlertPayload(user="trinity", note="On it")
        )
    )
    assert alerts.get_alert(identifier=number).data.acknowledged
    done(alerts.un_acknowledge_alert(identifier=number))
    until = datetime.now(UTC) + timedelta(hours=1)
    done(alerts.snooze_alert(identifier=number, snooze_alert_payload=sdk.SnoozeAlertPayload(end_time=until)))
    assert alerts.get_alert(identifier=number).data.snoozed
    done(
        alerts.assign_alert(
            identifier=number, assign_alert_payload=sdk.AssignAlertPayload(owner={"username": "ben@example.com"})
        )
    )
    carriers.sms.to("+12025550102").wait_for_text("Disk of db-1 is full")
    done(
        alerts.escalate_alert(
            identifier=number, escalate_alert_to_next_payload=sdk.EscalateAlertToNextPayload(escalation={"name": "x"})
        )
    )
    done(alerts.close_alert(identifier=number, close_alert_payload=sdk.CloseAlertPayload(source="cron")))

    closed = alerts.get_alert(identifier=number).data
    assert (closed.status, closed.report.closed_by) == ("closed", "nagios")
    incident = incident_of(api, "Disk of db-1 is full")
    assert incident["status"] == "resolved"
    texts = [
        entry["text"] for entry in api.get(f"incidents/{incident['id']}/timeline/?page_size=200").json()["results"]
    ]
    assert any(text.startswith("Acknowledged by nagios (trinity)") for text in texts)
    assert "On it" in texts


def test_what_goes_wrong_is_told_as_the_client_expects(stack: Stack, alerts: Any) -> None:
    unknown = alerts.close_alert(identifier="nowhere", identifier_type="alias")
    outcome = wait_for(lambda: status_of(alerts, unknown.request_id), 20, "the outcome of the request")
    with pytest.raises(sdk.exceptions.ConfigurationException) as refused:
        alerts.create_alert(create_alert_payload={"user": "trinity"})
    with pytest.raises(sdk.exceptions.ApiException) as missing:
        alerts.get_alert(identifier="nowhere")
    alerts.api_client.configuration.api_key["Authorization"] = "nobodys"
    with pytest.raises(sdk.exceptions.AuthenticationException) as stranger:
        alerts.list_alerts()

    assert (outcome.is_success, outcome.status) == (False, "Alert does not exist")
    assert (refused.value.status, missing.value.status, stranger.value.status) == (422, 404, 401)


def status_of(alerts: Any, number: str) -> Any:
    """What became of a request; None while nothing has."""
    try:
        return alerts.get_request_status(request_id=number).data
    except sdk.exceptions.ApiException:
        return None


def test_heartbeats_are_made_pinged_and_switched_through_opsgenies_client(opsgenie: Any) -> None:
    heartbeats = sdk.HeartbeatApi(api_client=opsgenie)
    wish = sdk.CreateHeartbeatPayload(name="backup", interval=5, interval_unit="minutes", enabled=True)

    made = heartbeats.create_heartbeat(create_heartbeat_payload=wish).data
    pong = heartbeats.ping("backup")
    update = sdk.UpdateHeartbeatPayload(interval=2, interval_unit="hours")
    heartbeats.update_heartbeat("backup", update_heartbeat_payload=update)
    switched = [getattr(heartbeats, verb)("backup").data.enabled for verb in ("disable_heartbeat", "enable_heartbeat")]
    shown = heartbeats.get_heartbeat("backup").data
    listed = heartbeats.list_heart_beats().data.heartbeats

    assert (made.name, made.enabled, made.expired) == ("backup", True, False)
    assert pong.result == "PONG - Heartbeat received"
    assert switched == [False, True]
    assert (shown.interval, shown.interval_unit) == (2, "hours")
    assert shown.last_ping_time is not None
    assert [each.name for each in listed] == ["backup"]


@pytest.fixture(scope="module")
def secure(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    """The stack by HTTPS, which PagerDuty's client insists on."""
    with behind_tls(stack.port, tmp_path_factory.mktemp("tls")) as secure:
        yield secure


def pagerduty_client(stack: Stack, secure: Secure, key: str) -> Any:
    """PagerDuty's client of today."""
    return pagerduty.EventsApiV2Client(key, base_url=secure.url, verify=secure.trust)


def pdpyras_session(stack: Stack, secure: Secure, key: str) -> Any:
    """Its predecessor, which many scripts still have."""
    session = pdpyras.EventsAPISession(key)
    session.url = stack.url
    return session


def pdpyras_change_session(stack: Stack, secure: Secure, key: str) -> Any:
    """The same for changes."""
    session = pdpyras.ChangeEventsAPISession(key)
    session.url = stack.url
    return session


@pytest.mark.parametrize("client_of", [pagerduty_client, pdpyras_session], ids=["pagerduty", "pdpyras"])
def test_pagerdutys_clients_trigger_acknowledge_and_resolve(
    stack: Stack, secure: Secure, carriers: Carriers, applied: dict[str, Any], client_of: ClientOf
) -> None:
    api = stack.api(applied["api_keys"]["ci"])
    title = f"Replica lag of {client_of.__name__}"
    with closing(client_of(stack, secure, applied["integrations"]["pd"]["key"])) as client:
        key = client.trigger(title, "db-1.example.com", severity="critical", custom_details={"lag": "90 s"})
        incident = incident_of(api, title)
        carriers.slack.to("U0ADA").wait_for_text(title)

        assert client.acknowledge(key) == key
        eventually(api, f"incidents/{incident['id']}/", lambda body: body["status"] == "acknowledged")
        assert client.resolve(key) == key
        eventually(api, f"incidents/{incident['id']}/", lambda body: body["status"] == "resolved")

    alerts = api.get(f"incidents/{incident['id']}/alerts/").json()["results"]
    assert [(each["dedup_key"], each["severity"]) for each in alerts] == [(key, "critical")]
    assert alerts[0]["annotations"] == {"lag": "90 s"}


@pytest.mark.parametrize("client_of", [pagerduty_client, pdpyras_change_session], ids=["pagerduty", "pdpyras"])
def test_pagerdutys_clients_tell_of_changes(
    stack: Stack, secure: Secure, applied: dict[str, Any], client_of: ClientOf
) -> None:
    api = stack.api(applied["api_keys"]["ci"])
    summary = f"Deployed by {client_of.__name__}"
    with closing(client_of(stack, secure, applied["integrations"]["pd"]["key"])) as client:
        client.submit(
            summary,
            source="argo",
            custom_details={"build": "7"},
            links=[{"href": "https://ci.example.com/7", "text": "Build"}],
            timestamp="2026-03-01T10:00:00Z",
        )

    def told(page: Any) -> bool:
        return any(each["summary"] == summary for each in page["results"])

    page = eventually(api, "changes/?service=checkout", told, what=summary)
    change = next(each for each in page["results"] if each["summary"] == summary)
    assert (change["by"], change["at"], change["details"]) == ("argo", "2026-03-01T10:00:00Z", {"build": "7"})
    assert change["links"] == [{"text": "Build", "href": "https://ci.example.com/7"}]
    assert not api.get(f"incidents/?q={summary}").json()["results"]


def test_pagerdutys_clients_are_told_of_a_wrong_key(stack: Stack, secure: Secure) -> None:
    with closing(pagerduty_client(stack, secure, "x" * 32)) as client, pytest.raises(pagerduty.HttpError, match="400"):
        client.trigger("Nobody's", "db-1")


def test_an_event_of_pagerdutys_first_version_opens_and_resolves(stack: Stack, applied: dict[str, Any]) -> None:
    api = stack.api(applied["api_keys"]["ci"])
    event = {"service_key": applied["integrations"]["pd"]["key"], "incident_key": "v1/backup"}
    address = f"{stack.url}/generic/2010-04-15/create_event.json"

    fired = httpx.post(address, json={**event, "event_type": "trigger", "description": "No backup"}, trust_env=False)
    incident = incident_of(api, "No backup")
    httpx.post(address, json={**event, "event_type": "resolve"}, trust_env=False)

    assert (fired.status_code, fired.json()["incident_key"]) == (200, "v1/backup")
    eventually(api, f"incidents/{incident['id']}/", lambda body: body["status"] == "resolved")


EVERY_RECEIVER = """
global: {{resolve_timeout: 5m}}
route:
  receiver: everyone
  group_by: [alertname]
  group_wait: 1s
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: everyone
    webhook_configs:
      - {{url: "{url}/integrations/alertmanager/{prometheus}/", send_resolved: true}}
    pagerduty_configs:
      - {{routing_key: {pd}, url: "{url}/v2/enqueue", severity: critical, send_resolved: true}}
    opsgenie_configs:
      - api_key: {nagios}
        api_url: "{url}/"
        priority: P1
        update_alerts: true
        message: "{{{{ .GroupLabels.alertname }}}} on {{{{ len .Alerts.Firing }}}} machines"
    victorops_configs:
      - {{api_key: {vo}, api_url: "{url}/integrations/generic/20131114/alert/", routing_key: database}}
"""
NAMES = ("prometheus", "pd", "nagios", "vo")


def test_an_alertmanager_sends_by_four_receivers_at_once(stack: Stack, applied: dict[str, Any], tmp_path: Path) -> None:
    api = stack.api(applied["api_keys"]["ci"])
    keys = {name: applied["integrations"][name]["key"] for name in NAMES}
    configuration = tmp_path / "alertmanager.yml"
    configuration.write_text(EVERY_RECEIVER.format(url=stack.url, **keys))
    port = free_port()

    def opened(page: Any) -> bool:
        return {each["integration"] for each in page["results"]} == set(NAMES)

    with running(
        tmp_path,
        "prometheus-alertmanager",
        f"--config.file={configuration}",
        f"--storage.path={tmp_path / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        ready=f"http://127.0.0.1:{port}/-/ready",
    ):
        labels = {"alertname": "DiskFullEverywhere", "severity": "critical", "instance": "db1"}
        alert: dict[str, object] = {"labels": labels, "annotations": {"summary": "DiskFullEverywhere on db1"}}
        post(port, alert)
        firing = eventually(api, "alerts/?q=DiskFullEverywhere&status=firing", opened, timeout=40)
        second: dict[str, object] = {**alert, "labels": {**labels, "instance": "db2"}}
        post(port, second)
        incident_of(api, "DiskFullEverywhere on 2 machines")
        ended = datetime.now(UTC).isoformat()  # no sooner than the second began
        post(port, {**alert, "endsAt": ended}, {**second, "endsAt": ended})
        incidents = {
            each["integration"]: eventually(
                api, f"incidents/{each['incident']}/", lambda body: body["status"] == "resolved", timeout=40
            )
            for each in firing["results"]
        }

    assert {name: each["severity"] for name, each in incidents.items()} == dict.fromkeys(NAMES, "critical")
    assert len({each["id"] for each in incidents.values()}) == len(NAMES)
    routed = next(each for each in firing["results"] if each["integration"] == "vo")
    assert routed["labels"]["routing_key"] == "database"
