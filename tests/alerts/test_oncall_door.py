"""Grafana OnCall's addresses: every type it has, answers as its senders know them, the reader decided by the key."""

from typing import Any

import pytest

from alerts.models import Event
from alerts.parsing.source import sources
from alerts.receiving.entrances.oncall import TYPES
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service
from tests.world import MovedEngine


@pytest.fixture
def sender(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "grafana_oncall_formatted_webhook", service=a_service())


FIRING = {"alert_uid": "1", "title": "Disk full", "state": "alerting"}


@pytest.mark.parametrize("ending", ["", "/"])
def test_an_alert_is_answered_as_oncall_does(sender: Sender, engine: MovedEngine, ending: str) -> None:
    answered = sender.doorstep.post(f"/integrations/v1/formatted_webhook/{sender.key}{ending}", FIRING)
    engine.run()

    assert (answered.status, answered.body) == (200, b"Ok.")
    assert [alert.dedup_key for alert in sender.alerts()] == ["1"]


@pytest.mark.parametrize("kind", ["webhook", "zabbix", "a-type-of-tomorrow"])
def test_the_key_decides_who_reads_it_whatever_the_type(sender: Sender, engine: MovedEngine, kind: str) -> None:
    sender.doorstep.post(f"/integrations/v1/{kind}/{sender.key}/", FIRING)
    sender.doorstep.post(f"/integrations/v1/{kind}/{sender.key}/", {**FIRING, "state": "ok"})
    engine.run()

    (incident,) = sender.incidents()
    assert incident.status == "resolved"


@pytest.mark.parametrize(("kind", "slug"), TYPES.items())
def test_every_type_has_a_source_that_reads_what_it_sends(kind: str, slug: str) -> None:
    assert sources.get(slug) is not None, kind


def test_a_form_is_read(sender: Sender, engine: MovedEngine) -> None:
    path = f"/integrations/v1/formatted_webhook/{sender.key}/"

    sender.doorstep.post(path, b"alert_uid=7&title=Disk", {"content-type": "application/x-www-form-urlencoded"})
    engine.run()

    assert [alert.title for alert in sender.alerts()] == ["Disk"]


def test_an_unknown_key_is_refused_as_oncall_does(doorstep: Doorstep) -> None:
    answered = doorstep.post(f"/integrations/v1/webhook/{'x' * 32}/", FIRING)

    assert answered.status == 403
    assert answered.body.startswith(b"Integration key was not found. Permission denied.")
    assert not Event.objects.exists()


def test_a_look_at_the_address_brings_nothing(sender: Sender) -> None:
    assert sender.doorstep.send("GET", f"/integrations/v1/webhook/{sender.key}/").status == 200
    assert not sender.events()


_SLACK = {"title_link": "https://grafana.example.com/alerting/list", "text": "p95 is 3 s"}
OF_GRAFANA = {
    "unified": [
        {"groupKey": "{}:{}", "status": status, "alerts": [{"status": status, "labels": {"alertname": name}}]}
        for name, status in (("Slow", "firing"), ("Full", "firing"), ("Slow", "resolved"))
    ],
    "legacy": [
        {"ruleId": number, "ruleName": name, "state": state, "title": f"[{state}] {name}", "evalMatches": []}
        for number, name, state in ((1, "Slow", "alerting"), (2, "Full", "no_data"), (1, "Slow", "ok"))
    ],
    "slack": [
        {"attachments": [{**_SLACK, "title": title, "color": colour}]}
        for title, colour in (("[Alerting] Slow", "#D63232"), ("[FIRING:1] Full", ""), ("[OK] Slow", "#36a64f"))
    ],
    "slack, a title of one's own": [
        {"attachments": [{**_SLACK, "title": title, "color": colour}]}
        for title, colour in (("Slow", "#D63232"), ("Full", "#D63232"), ("Slow", "#36a64f"))
    ],
}


@pytest.mark.parametrize("messages", OF_GRAFANA.values(), ids=OF_GRAFANA)
def test_grafanas_address_takes_each_of_its_shapes(
    doorstep: Doorstep, engine: MovedEngine, messages: list[dict[str, Any]]
) -> None:
    sender = a_sender(doorstep, TYPES["grafana"], service=a_service())

    for message in messages:
        doorstep.post(f"/integrations/v1/grafana/{sender.key}/", message)
    engine.run()

    assert [(event.status, event.problem) for event in sender.events()] == [("processed", "")] * 3
    assert [incident.status for incident in sender.incidents()] == ["resolved", "triggered"]
    assert [alert.title.partition(" (")[0] for alert in sender.alerts()] == ["Slow", "Full"]


def test_brackets_of_ones_own_are_no_state(doorstep: Doorstep, engine: MovedEngine) -> None:
    sender = a_sender(doorstep, TYPES["grafana"], service=a_service())

    for title, colour in (("[prod] Slow", "#D63232"), ("[dev] Slow", "#D63232"), ("[prod] Slow", "#36a64f")):
        message = {"attachments": [{**_SLACK, "title": title, "color": colour}]}
        doorstep.post(f"/integrations/v1/grafana/{sender.key}/", message)
    engine.run()

    told = [(alert.title, alert.status) for alert in sender.alerts()]
    assert told == [("[prod] Slow", "resolved"), ("[dev] Slow", "firing")]
