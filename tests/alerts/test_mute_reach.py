"""How far mutes reach: to every incident an alert fires in, and no longer than what causes them stands."""

from datetime import timedelta

import pytest

from alerts.muting import silences, windows
from alerts.muting.silences import SilenceWish
from alerts.muting.windows import WindowWish
from core import clock
from incidents.states import Status
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service
from tests.world import MovedEngine


@pytest.fixture
def sender(doorstep: Doorstep) -> Sender:
    """What is critical is for the database's people, all else for the office."""
    critical = ('severity == "critical"', a_service("database"))
    return a_sender(doorstep, "generic", service=a_service("office"), routes=[critical])


def fires(sender: Sender, title: str, severity: str = "warning") -> None:
    sender.post({"title": title, "dedup_key": title, "severity": severity})


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
