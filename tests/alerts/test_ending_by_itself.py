"""Auto-resolve and flapping: what ends by itself, and what stays open until it is quiet."""

from datetime import timedelta

import pytest

from alerts.models import Alert, AlertStatus, EventStatus
from alerts.pipeline import expiry, own_messages
from incidents import lifecycle
from incidents.actor import system
from incidents.models import Incident
from incidents.states import Status
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service
from tests.world import MovedEngine

BY = system("test")


def _said(status: str = "firing", key: str = "db-1/disk") -> dict[str, str]:
    return {"title": f"Disk full ({key})", "status": status, "dedup_key": key}


def _reasons(incident: Incident, kind: str) -> list[str]:
    return list(incident.timeline.filter(kind=kind).order_by("id").values_list("reason", flat=True))


@pytest.fixture
def silent(doorstep: Doorstep) -> Sender:
    """What it tells of is over after an hour without a word."""
    return a_sender(doorstep, "generic", service=a_service("checkout"), resolve_after=timedelta(hours=1))


def test_an_alert_nobody_tells_of_any_more_is_resolved_and_its_incident_with_it(
    silent: Sender, engine: MovedEngine
) -> None:
    silent.post(_said())
    engine.fast_forward(minutes=59)
    before = Alert.objects.get().status

    engine.fast_forward(minutes=2)

    (incident,), (alert,) = silent.incidents(), silent.alerts()
    resolved = incident.timeline.get(kind="resolved")
    assert before == AlertStatus.FIRING
    assert (alert.status, incident.status) == (AlertStatus.RESOLVED, Status.RESOLVED)
    assert (resolved.reason, resolved.actor_name) == ("auto_resolved", "auto-resolve")
    assert (alert.reasons["dedup"], alert.count) == ("auto_resolved", 1)


def test_each_time_it_is_told_of_the_time_begins_anew(silent: Sender, engine: MovedEngine) -> None:
    for _ in range(4):
        silent.post(_said())
        engine.fast_forward(minutes=50)

    assert [incident.status for incident in silent.incidents()] == [Status.TRIGGERED]


def test_what_was_told_of_again_while_nobody_looked_is_not_over(silent: Sender, engine: MovedEngine) -> None:
    silent.post(_said())
    engine.run()
    engine._move_to(Alert.objects.get().expires_at or pytest.fail("It has no end."))
    silent.post(_said())

    engine.run()

    (alert,) = silent.alerts()
    assert (alert.status, alert.count) == (AlertStatus.FIRING, 2)


def test_an_end_that_came_too_late_says_so_in_its_message(silent: Sender, engine: MovedEngine) -> None:
    silent.post(_said())
    engine.run()
    engine._move_to(Alert.objects.get().expires_at or pytest.fail("It has no end."))
    silent.post(_said())
    expiry.run()

    engine.run()

    (end,) = [event for event in silent.events() if event.source == own_messages.SOURCE]
    assert (end.status, end.reason, bool(end.problem)) == (EventStatus.PROCESSED, "told_of_again", True)
    assert [alert.status for alert in silent.alerts()] == [AlertStatus.FIRING]


def test_an_incident_stays_open_while_another_of_its_alerts_fires(silent: Sender, engine: MovedEngine) -> None:
    silent.integration.group_by = []
    silent.integration.save(update_fields=["group_by"])
    silent.post(_said(key="db-1"))
    engine.fast_forward(minutes=30)
    silent.post(_said(key="db-2"))

    engine.fast_forward(minutes=31)
    half_way = silent.incidents()[0].status
    engine.fast_forward(minutes=30)

    assert (half_way, silent.incidents()[0].status) == (Status.TRIGGERED, Status.RESOLVED)


def test_it_fires_again_after_that_as_after_any_resolve(silent: Sender, engine: MovedEngine) -> None:
    silent.post(_said())
    engine.fast_forward(minutes=61)

    silent.post(_said())
    engine.run()

    assert [incident.status for incident in silent.incidents()] == [Status.RESOLVED, Status.TRIGGERED]


def test_a_source_without_resolves_suggests_a_time_which_can_be_switched_off(
    doorstep: Doorstep, engine: MovedEngine
) -> None:
    service = a_service("checkout")
    usual = a_sender(doorstep, "falco", service=service)
    never = a_sender(doorstep, "falco", service=service, name="never", resolve_after=timedelta())
    for sender in (usual, never):
        path, body = sender.source.request_for(sender.source.examples[0], sender.key)
        doorstep.post(path, body)

    engine.fast_forward(hours=25)

    assert {alert.status for alert in usual.alerts()} == {AlertStatus.RESOLVED}
    assert {alert.status for alert in never.alerts()} == {AlertStatus.FIRING}


@pytest.fixture
def restless(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "generic", service=a_service("checkout"))


def _change(sender: Sender, engine: MovedEngine, *statuses: str, minutes: float = 2) -> None:
    for status in statuses:
        sender.post(_said(status))
        engine.fast_forward(minutes=minutes)


def test_an_alert_that_flaps_keeps_one_incident_open_until_it_is_quiet(restless: Sender, engine: MovedEngine) -> None:
    _change(restless, engine, *(["firing", "resolved"] * 5))
    while_it_flaps = restless.incidents()
    alert = restless.alerts()[-1]

    engine.fast_forward(minutes=16)

    last = restless.incidents()[-1]
    assert [each.status for each in while_it_flaps] == [Status.RESOLVED, Status.RESOLVED, Status.TRIGGERED]
    assert alert.status == AlertStatus.RESOLVED
    assert alert.reasons["flapping"] == {"changes": 9, "within": "30m"}
    assert (last.status, _reasons(last, "resolved")) == (Status.RESOLVED, ["flapping_over"])
    assert _reasons(last, "flapping") == ["flapping"]
    assert "Flapping, 4 changes within 30m" in last.timeline.get(kind="flapping").text
    assert "flapping" not in restless.alerts()[-1].reasons


def test_one_that_goes_on_firing_ends_to_flap_and_stays(restless: Sender, engine: MovedEngine) -> None:
    _change(restless, engine, *(["firing", "resolved"] * 3), "firing")

    engine.fast_forward(minutes=30)

    last = restless.incidents()[-1]
    assert (last.status, _reasons(last, "flapping_over")) == (Status.TRIGGERED, ["flapping_over"])
    restless.post(_said("resolved"))
    engine.run()
    assert restless.incidents()[-1].status == Status.RESOLVED


def test_slow_changes_are_no_flapping(restless: Sender, engine: MovedEngine) -> None:
    _change(restless, engine, *(["firing", "resolved"] * 5), minutes=11)

    assert {incident.status for incident in restless.incidents()} == {Status.RESOLVED}
    assert len(restless.incidents()) == 5


def test_flapping_can_be_switched_off(restless: Sender, engine: MovedEngine) -> None:
    restless.integration.flap_changes = 0
    restless.integration.save(update_fields=["flap_changes"])

    _change(restless, engine, *(["firing", "resolved"] * 5))

    assert len(restless.incidents()) == 5


def test_resolved_by_hand_it_opens_anew_when_it_fires_again_and_stays_then(
    restless: Sender, engine: MovedEngine
) -> None:
    _change(restless, engine, *(["firing", "resolved"] * 3))
    lifecycle.resolve(restless.incidents()[-1].pk, by=BY)

    _change(restless, engine, "firing", "resolved")

    assert [each.status for each in restless.incidents()][2:] == [Status.RESOLVED, Status.TRIGGERED]
    engine.fast_forward(minutes=20)
    assert restless.incidents()[-1].status == Status.RESOLVED
    assert not Alert.objects.filter(flapping_until__isnull=False).exists()


def test_another_alert_of_the_incident_does_not_wait_with_it(restless: Sender, engine: MovedEngine) -> None:
    restless.integration.group_by = []
    restless.integration.save(update_fields=["group_by"])
    restless.post(_said(key="other"))
    _change(restless, engine, *(["firing", "resolved"] * 3))

    restless.post(_said("resolved", key="other"))
    engine.run()
    with_flapping = restless.incidents()[-1].status
    engine.fast_forward(minutes=20)

    assert (with_flapping, restless.incidents()[-1].status) == (Status.TRIGGERED, Status.RESOLVED)
