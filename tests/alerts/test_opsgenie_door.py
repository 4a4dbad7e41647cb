"""Opsgenie's Alert API v2: what its clients send is answered as the vendor does, and worked on in order."""

import json
from datetime import timedelta
from typing import Any

import pytest

from alerts.models import AlertStatus, Event, EventStatus
from alerts.parsing import opsgenie
from catalog.models import UrgencyRule
from escalation import policies
from escalation.policies import StepDraft
from incidents import lifecycle
from incidents.actor import system
from incidents.models import Incident, Severity
from incidents.states import Status
from tests.alerts.doorstep import Answered, Doorstep, Sender, a_sender
from tests.factories import a_service, a_user
from tests.world import MovedEngine

Json = Any


class Client:
    """A client of the Alert API, which acts on alerts by their alias."""

    def __init__(self, sender: Sender, engine: MovedEngine) -> None:
        self.sender = sender
        self.engine = engine
        self.headers = {"authorization": f"GenieKey {sender.key}"}

    def send(self, method: str, path: str, body: Json = None) -> Answered:
        data = b"" if body is None else json.dumps(body).encode()
        return self.sender.doorstep.send(method, path, data, self.headers)

    def create(self, **fields: Json) -> Answered:
        answered = self.send("POST", "/v2/alerts", {"message": "Disk full", "alias": "db-1/disk", **fields})
        assert answered.status == 202, answered
        self.engine.run()
        return answered

    def act(
        self, word: str, body: Json = None, *, method: str = "POST", alias: str = "db-1/disk", more: str = ""
    ) -> Event:
        path = f"/v2/alerts/{alias}/{word}?identifierType=alias{more}"
        answered = self.send(method, path, {} if body is None and method != "DELETE" else body)
        assert answered.status == 202, answered
        self.engine.run()
        return self.sender.events()[-1]

    @property
    def incident(self) -> Incident:
        return self.sender.incidents()[-1]


@pytest.fixture
def client(doorstep: Doorstep, engine: MovedEngine) -> Client:
    return Client(
        a_sender(doorstep, "opsgenie", service=a_service(urgency=UrgencyRule.BY_SEVERITY), name="nagios"), engine
    )


def test_a_create_is_answered_as_the_vendor_does(client: Client) -> None:
    answered = client.create(priority="P1")

    assert answered.json["result"] == "Request will be processed"
    assert answered.json["requestId"] == opsgenie.request_id(client.sender.events()[0].pk)
    assert answered.json["took"] > 0
    assert answered.headers["x-request-id"] == answered.json["requestId"]


def test_a_create_becomes_an_alert_with_all_it_says(client: Client) -> None:
    client.create(
        description="97 % of /var",
        priority="P2",
        tags=["storage", "db, old"],
        details={"host": "db-1", "source": "cron"},
        entity="db-1",
        source="checker",
        responders=[{"type": "team", "name": "NOC"}, {"type": "user", "username": "ada@example.com"}],
    )

    (alert,) = client.sender.alerts()
    assert (alert.dedup_key, alert.title, alert.severity) == ("db-1/disk", "Disk full", Severity.ERROR)
    assert alert.labels == {
        "host": "db-1",
        "details.source": "cron",
        "source": "checker",
        "entity": "db-1",
        "priority": "P2",
        "tags": "storage, db old",
        "responders": "team:NOC, user:ada@example.com",
    }


def test_without_a_priority_nobody_has_said_that_it_can_wait(client: Client) -> None:
    client.create()

    assert client.sender.alerts()[0].severity is None
    assert client.incident.urgency == "high"


def test_an_open_alias_is_counted_and_keeps_what_it_says(client: Client) -> None:
    client.create(priority="P3", tags=["first"])
    client.act("tags", {"tags": ["looked at"]})
    client.create(priority="P3", message="Disk fuller", tags=["second"])

    (alert,) = client.sender.alerts()
    assert (alert.count, alert.title, alert.labels["tags"]) == (2, "Disk full", "first, looked at")


def test_an_open_alias_that_comes_back_worse_is_news(client: Client) -> None:
    client.create(priority="P3")
    client.create(priority="P1", message="Disk is full")

    (alert,) = client.sender.alerts()
    assert (alert.title, alert.severity) == ("Disk is full", Severity.CRITICAL)
    assert client.incident.urgency == "high"


def test_a_closed_alias_opens_anew(client: Client) -> None:
    client.create()
    client.act("close")
    client.create()

    assert [alert.status for alert in client.sender.alerts()] == [AlertStatus.RESOLVED, AlertStatus.FIRING]
    assert [incident.status for incident in client.sender.incidents()] == [Status.RESOLVED, Status.TRIGGERED]


def test_acknowledging_is_done_in_the_name_of_the_integration_and_its_user(client: Client) -> None:
    client.create()

    event = client.act("acknowledge", {"user": "trinity", "note": "On it"})

    assert client.incident.status == Status.ACKNOWLEDGED
    assert client.incident.timeline.get(kind="acknowledged").actor_name == "nagios (trinity)"
    assert client.incident.timeline.get(kind="note").text == "On it"
    assert event.status == EventStatus.PROCESSED
    assert event.understood[0]["dedup_key"] == "db-1/disk"


def test_unacknowledging_pages_again(client: Client) -> None:
    client.create()
    client.act("acknowledge")

    client.act("unacknowledge", {"source": "script"})

    assert client.incident.status == Status.TRIGGERED
    assert client.incident.timeline.get(kind="unacknowledged").actor_name == "nagios (script)"


@pytest.mark.parametrize("body", [{}, {"source": "http://alertmanager"}, {"user": "trinity", "note": "Swept up"}])
def test_closing_resolves_the_alert_and_its_incident(client: Client, body: Json) -> None:
    client.create()

    client.act("close", body)

    assert client.sender.alerts()[0].status == AlertStatus.RESOLVED
    assert client.incident.status == Status.RESOLVED
    resolved = client.incident.timeline.get(kind="resolved")
    assert resolved.actor_name == ("nagios (trinity)" if "user" in body else "nagios")
    assert client.incident.timeline.filter(kind="note", text="Swept up").exists() == ("note" in body)


def test_closing_one_of_a_group_leaves_the_incident_to_the_others(doorstep: Doorstep, engine: MovedEngine) -> None:
    client = Client(a_sender(doorstep, "opsgenie", service=a_service(), name="grouped", group_by=["entity"]), engine)
    client.create(entity="db-1")
    client.create(entity="db-1", alias="db-1/load", message="Load")

    client.act("close", {"user": "trinity"})
    still = client.incident.status
    client.act("close", {"user": "trinity"}, alias="db-1/load")

    assert still == Status.TRIGGERED
    assert client.incident.status == Status.RESOLVED
    entry = client.incident.timeline.get(kind="alert_closed")
    assert entry.text == "Disk full was closed by grouped (trinity); 1 of its alerts still fires."


def test_snoozing_lasts_until_its_end(client: Client) -> None:
    client.create()

    client.act("snooze", {"endTime": "2126-01-01T10:00:00Z"})
    too_long = client.sender.events()[-1]
    end = (client.incident.created_at).isoformat()
    client.act("snooze", {"endTime": end})

    assert (too_long.status, too_long.reason) == (EventStatus.IGNORED, "invalid")
    assert client.incident.status == Status.TRIGGERED


def test_snoozing_leaves_people_alone(client: Client) -> None:
    client.create()
    end = client.incident.created_at + timedelta(hours=2)

    client.act("snooze", {"endTime": end.isoformat()})

    assert client.incident.status == Status.SNOOZED
    assert client.incident.due_at == end


def test_notes_tags_details_and_texts_change_the_alert(client: Client) -> None:
    client.create(tags=["a"], details={"x": "1"})

    client.act("notes", {"note": "Looked at it", "user": "trinity"})
    client.act("tags", {"tags": ["b", "c"]})
    client.act("tags", method="DELETE", more="&tags=a,b")
    client.act("details", {"details": {"y": "2"}})
    client.act("details", method="DELETE", more="&keys=x")
    client.act("message", {"message": "Disk of db-1 is full"}, method="PUT")
    client.act("description", {"description": "Longer"}, method="PUT")

    (alert,) = client.sender.alerts()
    assert alert.labels == {"tags": "c", "y": "2"}
    assert (alert.title, alert.description, alert.count) == ("Disk of db-1 is full", "Longer", 1)
    assert client.incident.title == "Disk of db-1 is full"
    assert client.incident.timeline.get(kind="renamed").text.endswith("It was called “Disk full”.")
    assert client.incident.timeline.get(kind="note").actor_name == "nagios (trinity)"


def test_a_higher_priority_escalates_anew_and_is_no_further_occurrence(client: Client) -> None:
    client.create(priority="P4")

    client.act("priority", {"priority": "P1"}, method="PUT")

    (alert,) = client.sender.alerts()
    assert (alert.severity, alert.labels["priority"], alert.count) == (Severity.CRITICAL, "P1", 1)
    assert (client.incident.severity, client.incident.urgency) == (Severity.CRITICAL, "high")


def test_assigning_and_escalating_go_to_people_and_policies(client: Client) -> None:
    ada = a_user("ada")
    policies.save_policy(name="night", team=None, repeat=0, steps=[StepDraft([ada], timedelta(minutes=5))])
    client.create()

    client.act("assign", {"owner": {"username": "Ada@example.com"}})
    client.act("escalate", {"escalation": {"name": "night"}})
    nobody = client.act("assign", {"owner": {"username": "nobody@example.com"}})

    texts = [entry.text for entry in client.incident.timeline.filter(kind="reassigned").order_by("id")]
    assert texts == ["Reassigned to ada by nagios.", "Reassigned to the policy night by nagios."]
    assert nobody.problem == "User [nobody@example.com] does not exist"


def test_an_action_sent_at_once_after_the_create_finds_the_alert(client: Client) -> None:
    client.send("POST", "/v2/alerts", {"message": "Disk full", "alias": "db-1/disk"})
    client.send("POST", "/v2/alerts/db-1/disk/notes?identifierType=alias", {"note": "First"})
    client.send("POST", "/v2/alerts/db-1/disk/acknowledge?identifierType=alias", {"user": "trinity"})
    client.send("POST", "/v2/alerts", {"message": "Other"})
    client.engine.run()

    first, _ = client.sender.incidents()
    assert first.status == Status.ACKNOWLEDGED
    assert first.timeline.get(kind="note").text == "First"
    assert {event.status for event in client.sender.events()} == {EventStatus.PROCESSED}


@pytest.mark.parametrize("kind", ["id", "tiny"])
def test_an_alert_is_found_by_its_id_and_its_short_number(client: Client, kind: str) -> None:
    client.create()
    pk = client.sender.alerts()[0].pk
    name = opsgenie.alert_id(pk) if kind == "id" else str(pk)

    client.send("POST", f"/v2/alerts/{name}/acknowledge?identifierType={kind}", {})
    client.engine.run()

    assert client.incident.status == Status.ACKNOWLEDGED


@pytest.mark.parametrize(
    ("alias", "problem"), [("unknown", "Alert does not exist"), ("db-1/disk", "Alert does not exist")]
)
def test_what_is_not_open_cannot_be_acted_on_by_its_alias(client: Client, alias: str, problem: str) -> None:
    client.create()
    client.act("close")

    event = client.act("acknowledge", alias=alias)

    assert (event.status, event.reason, event.problem) == (EventStatus.IGNORED, "alert_unknown", problem)
    assert client.incident.status == Status.RESOLVED


def test_what_is_closed_cannot_be_acknowledged_by_its_id(client: Client) -> None:
    client.create()
    client.act("close")
    number = opsgenie.alert_id(client.sender.alerts()[0].pk)

    client.send("POST", f"/v2/alerts/{number}/acknowledge", {})
    client.engine.run()

    assert client.sender.events()[-1].problem == "Alert is already closed"


def test_what_somebody_resolved_here_is_closed_for_the_client_and_opens_anew(client: Client) -> None:
    client.create()
    lifecycle.resolve(client.incident.pk, by=system("test"))

    gone = client.act("acknowledge")
    client.create()

    assert gone.problem == "Alert does not exist"
    assert [incident.status for incident in client.sender.incidents()] == [Status.RESOLVED, Status.TRIGGERED]


def test_deleting_closes_and_keeps(client: Client) -> None:
    client.create()

    client.send("DELETE", "/v2/alerts/db-1/disk?identifierType=alias&source=script")
    client.engine.run()

    assert client.sender.alerts()[0].status == AlertStatus.RESOLVED


@pytest.mark.parametrize("alias", ["a b", "a/b", "ä=&", "50%"])
def test_aliases_of_any_kind_are_found(client: Client, alias: str) -> None:
    client.create(alias=alias)

    client.act("close", alias=alias)

    assert client.incident.status == Status.RESOLVED


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("POST", "/v2/alerts", {}, 422, "[message] can not be empty."),
        ("POST", "/v2/alerts", {"message": " "}, 422, "[message] can not be empty."),
        ("POST", "/v2/alerts/x/notes", {"user": "a"}, 422, "[note] can not be empty."),
        ("POST", "/v2/alerts/x/snooze", {}, 422, "[endTime] can not be empty."),
        ("POST", "/v2/alerts/x/tags", {"tags": []}, 422, "[tags] can not be empty."),
        ("DELETE", "/v2/alerts/x/tags", None, 422, "[tags] can not be empty."),
        ("POST", "/v2/alerts/x/details", {"details": []}, 422, "[details] can not be empty."),
        ("POST", "/v2/alerts/x/assign", {"owner": {}}, 422, "[owner] must name somebody."),
        ("PUT", "/v2/alerts/x/priority", {"priority": "P9"}, 422, "[priority] must be one of"),
        ("POST", "/v2/alerts/x/acknowledge?identifierType=name", {}, 422, "[identifierType] must be one of"),
        ("POST", "/v2/alerts/x/responders", {"responder": {"type": "team"}}, 422, "does not take this call"),
        ("POST", "/v2/alerts/x/attachments", {}, 422, "does not take this call"),
        ("DELETE", "/v2/alerts/x/attachments/7", None, 422, "does not take this call"),
        ("POST", "/v2/alerts/saved-searches", {}, 422, "does not take this call"),
        ("POST", "/v2/alerts/x/dance", {}, 404, "knows no such call"),
        ("PATCH", "/v2/alerts/x", {}, 404, "knows no such call"),
        ("PUT", "/v2/alerts", {}, 405, "created with POST"),
    ],
)
def test_what_cannot_be_done_is_refused_in_the_vendors_shape(
    client: Client, method: str, path: str, body: Json, status: int, says: str
) -> None:
    answered = client.send(method, path, body)

    assert answered.status == status
    assert set(answered.json) == {"message", "took", "requestId"}
    assert says in answered.json["message"]
    assert not client.sender.events()


@pytest.mark.parametrize(
    ("authorization", "status"),
    [("", 401), ("Bearer abc", 401), ("GenieKey ", 401), ("GenieKey nobody-has-this-key", 401)],
)
def test_without_a_known_key_nothing_is_taken(client: Client, authorization: str, status: int) -> None:
    answered = client.sender.doorstep.post("/v2/alerts", {"message": "x"}, {"authorization": authorization})

    assert answered.status == status
    assert answered.json["message"]
    assert not Event.objects.exists()


def test_a_create_that_cannot_be_read_is_kept_and_somebody_hears_of_it(client: Client) -> None:
    answered = client.sender.doorstep.post("/v2/alerts", b'{"message": "Disk', client.headers)
    client.engine.run()

    assert answered.status == 202
    assert client.sender.events()[0].status == EventStatus.QUARANTINED
    assert client.incident.title == "nagios sent something that could not be read"


def test_the_key_is_not_kept(client: Client) -> None:
    client.create()

    assert client.sender.key not in str(client.sender.events()[0].headers)


def test_opsgenies_own_webhook_can_forward_while_people_move(client: Client) -> None:
    for action in ("Create", "AddNote", "Close"):
        client.sender.post({"action": action, "alert": {"alertId": "7", "alias": "db-1/disk", "message": "Disk full"}})
    client.engine.run()

    assert [event.status for event in client.sender.events()] == ["processed", "ignored", "processed"]
    assert client.incident.status == Status.RESOLVED
