"""GoAlert's integration keys: fields in a query, a form or JSON, and a key that is not kept with them."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from alerts.models import Event
from incidents.states import Status
from tests.alerts.doorstep import Answered, Doorstep, Sender, a_sender, from_alertmanager, prometheus_alert
from tests.factories import a_service
from tests.world import MovedEngine

FORM = {"content-type": "application/x-www-form-urlencoded"}
PATH = "/api/v2/generic/incoming"
DISK = {"summary": "Disk full", "details": "97 %", "dedup": "db-1/disk"}


@pytest.fixture
def sender(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "goalert", service=a_service())


def send(sender: Sender, how: str, fields: dict[str, Any]) -> Answered:
    given = {"token": sender.key, **fields}
    if how == "query":
        return sender.doorstep.post(f"{PATH}?{urlencode(given)}", b"", FORM)
    if how == "form":
        return sender.doorstep.post(PATH, urlencode(given).encode(), FORM)
    if how == "json":
        return sender.doorstep.post(PATH, given)
    if how == "bearer":
        return sender.doorstep.post(PATH, fields, {"authorization": f"Bearer {sender.key}"})
    return sender.doorstep.post(f"{PATH}?token={sender.key}", urlencode(fields).encode(), FORM)


@pytest.mark.parametrize("how", ["query", "form", "json", "bearer", "token in the query"])
def test_an_alert_opens_and_closes_however_it_is_sent(sender: Sender, engine: MovedEngine, how: str) -> None:
    answers = [send(sender, how, DISK), send(sender, how, {**DISK, "action": "close"})]
    engine.run()

    assert [answer.status for answer in answers] == [204, 204]
    assert answers[0].body == b""
    (incident,) = sender.incidents()
    assert (incident.title, incident.status) == ("Disk full", Status.RESOLVED)
    assert sender.alerts()[0].dedup_key == "db-1/disk"
    assert sender.alerts()[0].description == "97 %"


@pytest.mark.parametrize("how", ["query", "form", "json", "bearer", "token in the query"])
def test_the_key_is_not_kept(sender: Sender, how: str) -> None:
    send(sender, how, DISK)

    (kept,) = sender.events()
    assert sender.key not in f"{kept.query} {bytes(kept.body)!r} {kept.headers}"


def test_without_dedup_the_same_words_are_the_same_alert(sender: Sender, engine: MovedEngine) -> None:
    for details in ("a", "a", "b"):
        send(sender, "form", {"summary": "Disk full", "details": details})
    engine.run()

    assert [alert.count for alert in sender.alerts()] == [2, 1]


def test_who_asks_for_json_gets_it(sender: Sender) -> None:
    headers = {"accept": "application/json"}
    body = json.dumps({"token": sender.key, **DISK}).encode()

    answered = sender.doorstep.post(PATH, body, headers)

    assert answered.status == 200
    assert answered.json == {"AlertID": sender.events()[0].pk, "ServiceID": "", "IsNew": True}


@pytest.mark.parametrize("query", ["", "?token=", "?token=nobodys"])
def test_without_a_known_key_nothing_is_taken(doorstep: Doorstep, query: str) -> None:
    assert doorstep.post(f"{PATH}{query}", DISK).status == 401
    assert not Event.objects.exists()


@pytest.mark.parametrize("body", [b"{nope", b"[]", b""])
def test_what_cannot_be_read_is_kept(sender: Sender, engine: MovedEngine, body: bytes) -> None:
    answered = sender.doorstep.post(f"{PATH}?token={sender.key}", body)
    engine.run()

    assert answered.status == 204
    assert sender.events()[0].status == "quarantined"


def test_other_kinds_are_read_by_their_integrations_own_source(doorstep: Doorstep, engine: MovedEngine) -> None:
    sender = a_sender(doorstep, "alertmanager", service=a_service())

    answered = doorstep.post(
        f"/api/v2/prometheusalertmanager/incoming?token={sender.key}", from_alertmanager(prometheus_alert())
    )
    engine.run()

    assert answered.status == 204
    assert [alert.labels["alertname"] for alert in sender.alerts()] == ["ReplicaLag"]
