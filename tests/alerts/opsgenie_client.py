"""A client of Opsgenie's Alert API as tests need it: it creates, acts and reads with an integration's key."""

from typing import Any

from django.test import Client

from alerts.pipeline import turns
from catalog.models import UrgencyRule
from incidents import lifecycle
from incidents.actor import Via, person
from incidents.models import Incident
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service, a_user

Json = Any


def create(sender: Sender, **fields: Json) -> str:
    answered = sender.doorstep.post("/v2/alerts", fields, {"authorization": f"GenieKey {sender.key}"})
    assert answered.status == 202
    return str(answered.json["requestId"])


def act(sender: Sender, alias: str, word: str, **fields: Json) -> str:
    path = f"/v2/alerts/{alias}/{word}?identifierType=alias"
    answered = sender.doorstep.post(path, fields, {"authorization": f"GenieKey {sender.key}"})
    assert answered.status == 202
    return str(answered.json["requestId"])


def get(sender: Sender, path: str, status: int = 200, /, **query: Json) -> Json:
    answered = Client().get(path, query, headers={"authorization": f"GenieKey {sender.key}"})
    assert answered.status_code == status, answered.content
    assert {"took", "requestId"} <= set(answered.json())
    return answered.json()


def messages(sender: Sender, query: str, **more: Json) -> list[str]:
    return [alert["message"] for alert in get(sender, "/v2/alerts", query=query, **more)["data"]]


def three_alerts(doorstep: Doorstep) -> Sender:
    """The first with everything, the second closed, the third acknowledged."""
    service = a_service(urgency=UrgencyRule.BY_SEVERITY)
    sender = a_sender(doorstep, "opsgenie", service=service, name="nagios")
    create(
        sender,
        message="Disk full on db-1",
        alias="db-1/disk",
        description="97 % of /var",
        priority="P1",
        tags=["storage", "night shift"],
        details={"host": "db-1", "Impact": "external"},
        entity="db-1",
        source="checker",
        responders=[{"type": "team", "name": "NOC"}],
        actions=["Restart"],
    )
    create(sender, message="Load of db-2", alias="db-2/load", priority="P3", tags=["cpu"])
    create(sender, message="Queue is long", alias="queue", priority="P5")
    act(sender, "db-2/load", "close", user="trinity")
    act(sender, "queue", "notes", note="Looked at it", user="trinity")
    while turns.run():
        pass
    ada = a_user("ada")
    lifecycle.acknowledge(Incident.objects.get(title="Queue is long").pk, by=person(ada, Via.WEB))
    return sender
