"""Messages that say nothing new of a muted alert: whatever they leave out, they wake nobody."""

from datetime import timedelta

import pytest

from alerts.muting import silences
from alerts.muting.models import Silence
from alerts.muting.silences import SilenceWish
from catalog.models import Service
from core import clock
from incidents import lifecycle
from incidents.models import Incident
from incidents.states import Status
from tests.alerts.doorstep import Doorstep, Sender, a_sender, pagerduty_payload
from tests.alerts.opsgenie_client import create
from tests.factories import by
from tests.fakes import Carriers
from tests.world import MovedEngine, World


@pytest.fixture
def checkout(world: World, carriers: Carriers) -> Service:
    return world.service("checkout").covered_by([world.person("ada")]).row


def a_silence(matcher: str) -> Silence:
    wish = SilenceWish([matcher], clock.now() + timedelta(hours=2), "deploying")
    return silences.create(wish, owner="ada")


def last_of(sender: Sender) -> Incident:
    return sender.incidents()[-1]


def test_a_silenced_alert_that_stops_flapping_pages_when_the_silence_ends(
    doorstep: Doorstep, checkout: Service, engine: MovedEngine, world: World
) -> None:
    sender = a_sender(doorstep, "generic", service=checkout)
    a_silence('title="Disk full"')
    for status in (*(["firing", "resolved"] * 3), "firing"):
        sender.post({"title": "Disk full", "status": status, "dedup_key": "db-1/disk"})
        engine.fast_forward(minutes=2)

    engine.fast_forward(minutes=30)

    incident = last_of(sender)
    assert incident.timeline.filter(kind="flapping_over").exists()
    assert (incident.status, world.paged(incident)) == (Status.HELD, [])

    engine.fast_forward(hours=2)

    incident = last_of(sender)
    assert (incident.status, world.paged(incident)) == (Status.TRIGGERED, ["ada"])
    assert incident.timeline.get(kind="triggered").reason == "silence_over"


def test_an_acknowledge_without_labels_leaves_what_else_fires_there_muted(
    doorstep: Doorstep, checkout: Service, engine: MovedEngine, world: World
) -> None:
    sender = a_sender(doorstep, "pagerduty", service=checkout, group_by=[])
    a_silence('source="db-1"')
    sender.enqueue("trigger", dedup_key="disk", payload=pagerduty_payload())
    sender.enqueue("trigger", dedup_key="load", payload=pagerduty_payload("Load is high"))
    engine.run()

    sender.enqueue("acknowledge", dedup_key="disk")
    engine.run()

    (incident,) = sender.incidents()
    assert incident.firing_count == 2
    assert (incident.status, world.paged(incident)) == (Status.HELD, [])


@pytest.fixture
def nagios(doorstep: Doorstep, checkout: Service) -> Sender:
    return a_sender(doorstep, "opsgenie", service=checkout, name="nagios", reopen_within=timedelta(hours=1))


def test_an_open_alias_that_is_created_with_less_stays_muted(nagios: Sender, engine: MovedEngine, world: World) -> None:
    a_silence('tags="storage"')
    create(nagios, message="Disk full", alias="db-1/disk", tags=["storage"])
    engine.run()

    create(nagios, message="Disk full", alias="db-1/disk")
    engine.run()

    (incident,), (alert,) = nagios.incidents(), nagios.alerts()
    assert (alert.count, alert.labels["tags"]) == (2, "storage")
    assert (incident.status, world.paged(incident)) == (Status.HELD, [])


def test_what_only_counts_and_reopens_an_incident_is_muted_then(
    nagios: Sender, engine: MovedEngine, world: World
) -> None:
    a_silence('tags="storage"')
    create(nagios, message="Disk full", alias="db-1/disk", tags=["storage"])
    engine.run()
    lifecycle.resolve(last_of(nagios).pk, by=by(world.person("ada").user))

    create(nagios, message="Disk full", alias="db-1/disk", tags=["storage"])
    engine.run()

    (incident,) = nagios.incidents()
    assert (incident.status, world.paged(incident)) == (Status.HELD, [])
