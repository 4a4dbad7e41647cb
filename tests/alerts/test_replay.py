"""The dry run of stored messages: what it foresees is what the pipeline did, and what a draft would have made of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from alerts.integrations.keys import RouteWish, set_routes
from alerts.mapping import versions
from alerts.mapping.rules import Flat
from alerts.models import Alert, AlertStatus, Event
from alerts.muting import silences
from alerts.muting.silences import SilenceWish
from alerts.trying.comparing import Difference, Kind
from alerts.trying.messages import Wanted
from alerts.trying.rehearsal import Rehearsal, rehearse
from core import clock
from escalation.models import Run
from incidents.actor import system
from incidents.models import Incident, Severity
from incidents.states import Status
from tests.alerts import opsgenie_client
from tests.alerts.doorstep import Doorstep, Sender, a_sender, from_alertmanager, prometheus_alert
from tests.factories import a_service
from tests.world import MovedEngine

BY = system("tests")
Step = Callable[[Sender, MovedEngine], None]


@pytest.fixture
def anything(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "generic", service=a_service("checkout"), name="home grown")


def _post(sender: Sender, title: str, **fields: Any) -> None:
    sender.post({"title": title, "dedup_key": title, "severity": "warning", **fields})


def _rehearsed(sender: Sender, draft: Flat, **wanted: Any) -> Rehearsal:
    sender.integration.refresh_from_db()
    return rehearse(sender.integration, draft, wanted=Wanted(**wanted))


def _difference(sender: Sender, draft: Flat) -> Difference:
    found = _rehearsed(sender, draft).difference
    assert found is not None
    return found


# ---------- what it foresees ----------


def _fires_and_ends(sender: Sender, engine: MovedEngine) -> None:
    for title in ("one", "two"):
        _post(sender, title)
        engine.run()
    _post(sender, "one")
    engine.fast_forward(minutes=5)
    _post(sender, "one", status="resolved")
    engine.fast_forward(minutes=1)
    _post(sender, "one")
    engine.run()
    _post(sender, "two", severity="critical")
    engine.fast_forward(minutes=3)
    _post(sender, "two", status="resolved")
    engine.run()


def _falls_silent(sender: Sender, engine: MovedEngine) -> None:
    _post(sender, "one")
    engine.fast_forward(hours=2)
    _post(sender, "one")
    engine.run()


def _flaps(sender: Sender, engine: MovedEngine) -> None:
    for _ in range(4):
        _post(sender, "one")
        engine.fast_forward(minutes=1)
        _post(sender, "one", status="resolved")
        engine.fast_forward(minutes=1)
    engine.fast_forward(hours=1)


def _is_brief(sender: Sender, engine: MovedEngine) -> None:
    _post(sender, "brief")
    engine.run()
    _post(sender, "long")
    engine.fast_forward(minutes=1)
    _post(sender, "brief", status="resolved")
    engine.fast_forward(minutes=5)


def _comes_again_and_again(sender: Sender, engine: MovedEngine) -> None:
    for _ in range(4):
        _post(sender, "often")
        engine.fast_forward(minutes=1)
    _post(sender, "rare")
    engine.fast_forward(minutes=1)


@pytest.mark.parametrize(
    ("settings", "happens"),
    [
        ({}, _fires_and_ends),
        ({"reopen_within": timedelta(minutes=10)}, _fires_and_ends),
        ({"group_by": []}, _fires_and_ends),
        ({"group_window": timedelta(minutes=2), "group_by": []}, _fires_and_ends),
        ({"resolve_after": timedelta(minutes=30)}, _falls_silent),
        ({"flap_changes": 4}, _flaps),
        ({"flap_changes": 0}, _flaps),
        ({"hold": timedelta(minutes=3)}, _is_brief),
        ({"routes": (2, timedelta(minutes=5))}, _comes_again_and_again),
    ],
)
def test_it_foresees_what_the_pipeline_did(
    anything: Sender, engine: MovedEngine, settings: dict[str, Any], happens: Step
) -> None:
    threshold = settings.pop("routes", None)
    if threshold is not None:
        service = anything.integration.routes.get().service
        set_routes(anything.integration, [RouteWish(service, more_than=threshold[0], within=threshold[1])])
    type(anything.integration).objects.filter(pk=anything.integration.pk).update(**settings)
    happens(anything, engine)

    found = _difference(anything, {})

    assert found.before == found.after
    assert found.is_none
    assert found.before.incidents == Incident.objects.count()
    assert found.before.pages == Run.objects.count()


def test_what_was_silenced_pages_when_the_silence_ends(anything: Sender, engine: MovedEngine) -> None:
    until = clock.now() + timedelta(minutes=10)
    silences.create(SilenceWish(['zone="eu"'], until, "work"), owner="ada")
    engine.run()
    _post(anything, "ends in time", labels={"zone": "eu"})
    _post(anything, "goes on", labels={"zone": "eu"})
    _post(anything, "elsewhere", labels={"zone": "us"})
    engine.fast_forward(minutes=5)
    _post(anything, "ends in time", status="resolved", labels={"zone": "eu"})
    engine.fast_forward(minutes=20)

    found = _difference(anything, {"labels.zone": '"us"'})

    assert (found.before.pages, found.after.pages) == (Run.objects.count(), 3)
    assert found.before.pages == 2


def test_a_silence_of_what_has_been_deleted_mutes_nothing_in_a_dry_run(anything: Sender, engine: MovedEngine) -> None:
    old = a_service("old")
    silences.create(SilenceWish(['zone="eu"'], clock.now() + timedelta(hours=1), "work", service=old), owner="ada")
    engine.run()
    old.delete()
    _post(anything, "one", labels={"zone": "eu"})
    engine.run()

    assert _difference(anything, {}).before.pages == Run.objects.count() == 1


def test_a_storm_is_one_incident_and_one_page(anything: Sender, engine: MovedEngine) -> None:
    for number in range(15):
        _post(anything, "Queue is long", host=f"q-{number}")
    engine.run()

    found = _difference(anything, {"identity": "payload.host"})

    assert (found.before.incidents, found.before.pages) == (1, 1)
    assert (found.after.incidents, found.after.pages, found.after.gathered) == (1, 1, 14)
    assert Incident.objects.count() == 1


# ---------- what a draft would make of it ----------


def test_an_identity_of_its_own_splits_an_incident(anything: Sender, engine: MovedEngine) -> None:
    for host in ("a", "b", "a"):
        _post(anything, "Disk full", host=host)
    engine.run()

    found = _difference(anything, {"identity": 'title + " " + payload.host'})

    (change,) = found.incidents
    assert (found.before.incidents, found.after.incidents) == (1, 2)
    assert (change.kind, change.before_count, change.after_count, change.message_count) == (Kind.SPLIT, 1, 2, 3)
    assert found.fields == {"identity": 3}
    assert found.alert_changes == 0


def test_a_common_identity_merges_incidents(anything: Sender, engine: MovedEngine) -> None:
    for host in ("a", "b"):
        _post(anything, f"Disk full on {host}")
    engine.run()

    found = _difference(anything, {"identity": '"disk"'})

    assert [each.kind for each in found.incidents] == [Kind.MERGED]
    assert (found.before.pages, found.after.pages) == (2, 1)


def test_what_a_draft_takes_for_resolved_opens_nothing(anything: Sender, engine: MovedEngine) -> None:
    _post(anything, "All is well", state="fine")
    engine.run()

    found = _difference(anything, {"status": 'payload.state != "fine"'})

    (change,) = found.incidents
    (alert,) = found.alerts
    assert (change.kind, change.after_count) == (Kind.GONE, 0)
    assert (alert.before.status, alert.after.status) == (AlertStatus.FIRING, AlertStatus.RESOLVED)
    assert alert.fields == ("status",)


def test_what_only_the_draft_takes_for_firing_is_new(anything: Sender, engine: MovedEngine) -> None:
    versions.save(anything.integration.pk, {"status": '"ok"'}, by=BY)
    _post(anything, "Disk full")
    engine.run()

    found = _difference(anything, {})

    assert [each.kind for each in found.incidents] == [Kind.NEW]


def test_an_incident_that_nothing_would_resolve_is_told(anything: Sender, engine: MovedEngine) -> None:
    _post(anything, "Disk full", n=1)
    engine.run()
    _post(anything, "Disk full", n=2, status="resolved")
    engine.run()

    found = _difference(anything, {"identity": "string(payload.n)"})

    (change,) = found.incidents
    assert (change.kind, change.fields) == (Kind.CHANGED, ("resolved",))
    assert change.before[0].resolved_at is not None
    assert change.after[0].resolved_at is None


def test_alerts_that_change_are_told_once_with_their_messages(doorstep: Doorstep, engine: MovedEngine) -> None:
    mail = a_service("mail")
    anything = a_sender(
        doorstep, "generic", service=a_service("checkout"), routes=[('labels.team == "mail"', mail)], name="home grown"
    )
    for _ in range(3):
        _post(anything, "Queue is long", owner="mail", prio="P1")
    engine.run()

    found = _difference(anything, {"severity": "payload.prio", "labels.team": "payload.owner"})

    (alert,) = found.alerts
    assert alert.fields == ("severity", "service")
    assert (alert.before.severity, alert.after.severity) == (Severity.WARNING, Severity.CRITICAL)
    assert (alert.before.service, alert.after.service) == ("checkout", "mail")
    assert (alert.count, list(alert.messages)) == (3, [each.pk for each in reversed(anything.events())])


def test_alerts_of_one_message_are_followed_one_by_one(prometheus: Sender, engine: MovedEngine) -> None:
    prometheus.post(from_alertmanager(prometheus_alert(instance="db-1"), prometheus_alert(instance="db-2")))
    engine.run()

    found = _difference(prometheus, {"severity": '{"db-1": "info"}.get(payload.labels.instance, "")'})

    assert found.fields == {"severity": 1}
    assert [each.after.severity for each in found.alerts] == [Severity.INFO]


def test_the_mapping_in_use_is_what_a_draft_is_compared_with(anything: Sender, engine: MovedEngine) -> None:
    _post(anything, "Disk full")
    engine.run()
    versions.save(anything.integration.pk, {"severity": '"info"'}, by=BY)

    found = _rehearsed(anything, {"severity": '"info"'})

    assert found.problems == {}
    assert found.difference is not None
    assert [(each.before.severity, each.after.severity) for each in found.difference.alerts] == []
    assert found.difference.is_none


# ---------- what it leaves out, and leaves alone ----------


def test_nothing_is_written(anything: Sender, engine: MovedEngine) -> None:
    _post(anything, "Disk full")
    engine.run()
    before = [list(model.objects.order_by("pk").values()) for model in (Alert, Incident, Event, Run)]

    _rehearsed(anything, {"identity": '"other"', "status": '"ok"'})

    assert [list(model.objects.order_by("pk").values()) for model in (Alert, Incident, Event, Run)] == before
    assert anything.integration.mapping_versions.count() == 0


def test_what_is_left_out_is_counted_by_reason(anything: Sender, engine: MovedEngine) -> None:
    _post(anything, "Disk full")
    anything.doorstep.post(anything.path, b"[1, 2]")
    engine.run()
    _post(anything, "Not read yet")

    found = _rehearsed(anything, {})

    assert (found.messages, found.left_out) == (1, {"quarantined": 1, "not_read_yet": 1})


def test_only_so_many_of_the_newest_are_gone_through(anything: Sender, engine: MovedEngine) -> None:
    for title in ("one", "two", "three"):
        _post(anything, title)
    engine.run()

    found = _rehearsed(anything, {}, most=2)

    assert found.messages == 2
    assert found.first_at == anything.events()[1].received_at


def test_only_messages_of_the_time_that_is_asked_for_are_gone_through(anything: Sender, engine: MovedEngine) -> None:
    _post(anything, "one")
    engine.fast_forward(hours=2)
    _post(anything, "two")
    engine.run()
    an_hour_ago = clock.now() - timedelta(hours=1)

    assert _rehearsed(anything, {}, since=an_hour_ago).messages == 1
    assert _rehearsed(anything, {}, until=an_hour_ago).first_at == anything.events()[0].received_at


def test_without_a_message_there_is_nothing_to_compare(anything: Sender) -> None:
    assert _rehearsed(anything, {"title": '"x"'}) == Rehearsal()


def test_what_fails_in_a_draft_is_told_with_how_often(anything: Sender, engine: MovedEngine) -> None:
    for title in ("one", "two"):
        _post(anything, title)
    engine.run()

    found = _rehearsed(anything, {"severity": '"purple"'})

    ((problem, count),) = found.problems.items()
    assert problem.startswith("severity: “purple” is no severity")
    assert count == 2


def test_an_incident_that_people_resolved_is_still_open_in_a_dry_run(anything: Sender, engine: MovedEngine) -> None:
    _post(anything, "Disk full")
    engine.run()
    Incident.objects.update(status=Status.RESOLVED, open_key=None, resolved_at=clock.now())
    _post(anything, "Disk full")
    engine.run()

    assert Incident.objects.count() == 2
    assert _difference(anything, {}).before.incidents == 1


def test_of_what_senders_ask_to_be_done_closing_is_repeated(doorstep: Doorstep, engine: MovedEngine) -> None:
    nagios = a_sender(doorstep, "opsgenie", service=a_service("checkout"), name="nagios")
    for alias in ("db-1", "db-2"):
        opsgenie_client.create(nagios, message=f"Disk full on {alias}", alias=alias)
    opsgenie_client.act(nagios, "db-1", "close")
    opsgenie_client.act(nagios, "db-2", "acknowledge")
    engine.run()

    found = _rehearsed(nagios, {"severity": '"info"'})

    assert found.difference is not None
    assert found.left_out == {"action": 1}
    over = [each.after[0].resolved_at is not None for each in found.difference.incidents]
    assert over == [True, False]
