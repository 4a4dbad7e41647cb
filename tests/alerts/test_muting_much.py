"""Silences where so much fires in one incident that nobody asks beforehand whether it may be concerned."""

from datetime import timedelta

import pytest

from alerts.muting import silences
from alerts.muting.models import MuteWatch
from alerts.muting.silences import SilenceWish
from core import clock
from incidents.states import Status
from tests.alerts.doorstep import Doorstep, Sender, a_sender, from_alertmanager, prometheus_alert
from tests.fakes import Carriers
from tests.world import MovedEngine, World

ALERTS = 101


@pytest.fixture
def shop(doorstep: Doorstep, world: World, carriers: Carriers, engine: MovedEngine) -> Sender:
    """One incident in which very much fires, and nobody has it yet."""
    service = world.service("checkout").covered_by([world.person("ada")])
    shop = a_sender(doorstep, "alertmanager", service=service.row, name="prometheus")
    shop.post(from_alertmanager(*(prometheus_alert(instance=f"host{number}") for number in range(ALERTS))))
    engine.run()
    return shop


@pytest.mark.parametrize(
    ("matcher", "is_muted"),
    [
        ('instance=~"host.+"', True),
        ('alertname="ReplicaLag"', True),
        ('instance=~"host([0-689]|..+)"', False),
        (f'instance="host{ALERTS - 1}"', False),
        ('instance="elsewhere"', False),
    ],
)
def test_a_silence_mutes_it_where_it_matches_every_alert(
    shop: Sender, engine: MovedEngine, world: World, matcher: str, is_muted: bool
) -> None:
    silence = silences.create(SilenceWish((matcher,), clock.now() + timedelta(minutes=30), "deploying"), owner="ada")
    engine.run()

    (incident,) = shop.incidents()
    assert incident.firing_count == ALERTS
    assert incident.status == (Status.HELD if is_muted else Status.TRIGGERED)
    assert (incident.muted or {}).get("id") == (silence.pk if is_muted else None)
    assert MuteWatch.objects.exists() is is_muted


def test_two_silences_mute_it_together(shop: Sender, engine: MovedEngine, world: World) -> None:
    for matcher in ('instance=~"host([0-689]|..+)"', 'instance="host7"'):
        silences.create(SilenceWish((matcher,), clock.now() + timedelta(minutes=30), "deploying"), owner="ada")
        engine.run()

    (incident,) = shop.incidents()
    assert incident.status == Status.HELD

    engine.fast_forward(minutes=31)
    (incident,) = shop.incidents()
    assert incident.status == Status.TRIGGERED
