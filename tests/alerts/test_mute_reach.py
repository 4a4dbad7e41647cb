"""How far mutes reach: to every incident an alert fires in, and no longer than what causes them stands."""

from datetime import timedelta

import pytest

from alerts.muting import inhibition, silences, turning, windows
from alerts.muting.inhibition import RuleWish
from alerts.muting.models import InhibitionSource
from alerts.muting.silences import SilenceWish
from alerts.muting.windows import WindowWish
from core import clock
from incidents import lifecycle
from incidents.actor import system
from incidents.models import Incident
from incidents.states import Status
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service
from tests.world import MovedEngine

BY = system("test")


@pytest.fixture
def sender(doorstep: Doorstep) -> Sender:
    """What is critical is for the database's people, all else for the office."""
    critical = ('severity == "critical"', a_service("database"))
    return a_sender(doorstep, "generic", service=a_service("office"), routes=[critical])


def fires(sender: Sender, title: str, severity: str = "warning") -> None:
    sender.post({"title": title, "dedup_key": title, "severity": severity})


def standing(sender: Sender) -> dict[tuple[str, str], str]:
    """The newest incident of each title and service: how it stands."""
    rows = Incident.objects.filter(origin=sender.integration.name).order_by("id")
    return {(each.title, each.service.name): each.status for each in rows.select_related("service")}


def got_worse(sender: Sender, engine: MovedEngine) -> None:
    """An alert that fires in the incidents of two services."""
    for severity in ("warning", "critical"):
        fires(sender, "Disk full", severity)
        engine.run()
    assert [each.status for each in sender.incidents()] == [Status.TRIGGERED] * 2


def test_a_silence_mutes_both_incidents_of_an_alert_that_moved_on(sender: Sender, engine: MovedEngine) -> None:
    got_worse(sender, engine)

    ends_at = clock.now() + timedelta(hours=1)
    silences.create(SilenceWish(['title="Disk full"'], ends_at, "deploying"), owner="ada")
    engine.run()

    assert [each.status for each in sender.incidents()] == [Status.HELD] * 2


def test_so_does_a_window_for_the_service_it_moved_to(sender: Sender, engine: MovedEngine) -> None:
    got_worse(sender, engine)

    second = sender.incidents()[1].service
    wish = WindowWish("update", windows.local_now("UTC"), timedelta(hours=1), services=[second])
    windows.create(wish, owner="ada")
    engine.run()

    assert [each.status for each in sender.incidents()] == [Status.HELD] * 2


def a_rule() -> None:
    inhibition.create(RuleWish("database down", ['title="Database down"'], ['title="Slow queries"']))


def test_what_was_resolved_by_hand_inhibits_nothing_until_it_is_told_of_again(
    sender: Sender, engine: MovedEngine
) -> None:
    a_rule()
    fires(sender, "Database down")
    fires(sender, "Slow queries")
    engine.run()
    source, target = sender.incidents()
    assert (source.status, target.status) == (Status.TRIGGERED, Status.HELD)
    lifecycle.resolve(source.pk, by=BY)

    assert turning.sources_that_ended(clock.now()) == 1
    engine.run()

    assert standing(sender)["Slow queries", "office"] == Status.TRIGGERED

    fires(sender, "Database down")
    engine.run()

    assert standing(sender) == {
        ("Database down", "office"): Status.TRIGGERED,
        ("Slow queries", "office"): Status.HELD,
    }
    assert turning.sources_that_ended(clock.now()) == 0


def test_a_rule_that_is_made_afterwards_does_not_find_it_either(sender: Sender, engine: MovedEngine) -> None:
    fires(sender, "Database down")
    fires(sender, "Slow queries")
    engine.run()
    lifecycle.resolve(sender.incidents()[0].pk, by=BY)

    a_rule()
    engine.run()

    assert not InhibitionSource.objects.exists()
    assert standing(sender)["Slow queries", "office"] == Status.TRIGGERED
