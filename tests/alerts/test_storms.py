"""A storm is one incident that pages once: it begins, gathers, counts and ends by itself, and loses nothing."""

import pytest
from django.test import Client

from alerts.models import AlertStatus, Storm
from alerts.pipeline.cases import Case, Fold
from alerts.pipeline.storms import Standing, Weather
from incidents import lifecycle
from incidents.actor import Via, person
from incidents.models import Incident, TimelineEntry
from incidents.states import Status
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service, a_user
from tests.world import MovedEngine


@pytest.fixture
def script(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "generic", service=a_service("checkout"), name="scripts", storm_after=5)


def fire(script: Sender, *numbers: int, status: str = "firing", severity: str = "critical") -> None:
    for number in numbers:
        alert = {"title": f"Thing {number}", "dedup_key": f"k{number}", "status": status, "severity": severity}
        script.post(alert)


def standing(script: Sender) -> list[Incident]:
    return [each for each in script.incidents() if each.status != Status.RESOLVED]


def kinds(incident: Incident) -> list[str]:
    return list(TimelineEntry.objects.filter(incident=incident).order_by("id").values_list("kind", flat=True))


def figures(client: Client) -> dict[str, float]:
    lines = [line.rsplit(" ", 1) for line in client.get("/metrics").content.decode().splitlines()]
    return {name: float(value) for name, value in lines if name.startswith("tocsin_storm_groups")}


def test_what_comes_at_once_is_one_incident(script: Sender, engine: MovedEngine) -> None:
    fire(script, *range(40))
    engine.run()

    (incident,) = script.incidents()
    assert (incident.alert_count, incident.firing_count, len(script.alerts())) == (40, 40, 40)
    assert incident.title == "Thing 0"
    storm = Storm.objects.get()
    assert (storm.incident, storm.groups, storm.ended_at) == (incident, 39, None)
    assert script.alerts()[7].reasons["group"] == {"reason": "storm", "key": "k7"}
    assert "storm_began" in kinds(incident)


def test_as_many_as_are_allowed_stay_apart(script: Sender, engine: MovedEngine) -> None:
    fire(script, *range(5))
    engine.run()

    assert len(standing(script)) == 5
    assert not Storm.objects.exists()


def test_what_opened_before_it_was_known_for_a_storm_is_gathered(script: Sender, engine: MovedEngine) -> None:
    for number in range(5):
        fire(script, number)
        engine.run()
    assert len(standing(script)) == 5

    fire(script, 5, 6)
    engine.run()

    (incident,) = standing(script)
    assert (incident.pk, incident.alert_count, incident.firing_count) == (script.incidents()[0].pk, 7, 7)
    assert {each.merged_into_id for each in script.incidents()[1:]} == {incident.pk}
    assert Storm.objects.get().groups == 6


def test_what_somebody_has_answered_is_left_alone(script: Sender, engine: MovedEngine) -> None:
    for number in range(5):
        fire(script, number)
        engine.run()
    answered = script.incidents()[3]
    lifecycle.acknowledge(answered.pk, by=person(a_user("ada"), Via.WEB))

    fire(script, 5)
    engine.run()

    answered.refresh_from_db()
    assert (answered.status, answered.merged_into) == (Status.ACKNOWLEDGED, None)
    assert len(standing(script)) == 2


def test_a_trickle_does_not_vanish_in_a_storm_that_somebody_has(script: Sender, engine: MovedEngine) -> None:
    fire(script, *range(10))
    engine.run()
    lifecycle.acknowledge(script.incidents()[0].pk, by=person(a_user("ada"), Via.WEB))

    engine.fast_forward(minutes=1)
    fire(script, 77)
    engine.run()

    assert [(each.title, each.status) for each in standing(script)] == [
        ("Thing 0", Status.ACKNOWLEDGED),
        ("Thing 77", Status.TRIGGERED),
    ]


def test_a_storm_that_rages_on_stays_with_who_has_it(script: Sender, engine: MovedEngine) -> None:
    fire(script, *range(10))
    engine.run()
    lifecycle.acknowledge(script.incidents()[0].pk, by=person(a_user("ada"), Via.WEB))

    fire(script, *range(100, 120))
    engine.run()

    (incident,) = standing(script)
    assert (incident.status, incident.alert_count) == (Status.ACKNOWLEDGED, 30)


def test_what_has_been_answered_is_not_what_a_storm_is_gathered_in(script: Sender, engine: MovedEngine) -> None:
    fire(script, 0)
    engine.run()
    lifecycle.acknowledge(script.incidents()[0].pk, by=person(a_user("ada"), Via.WEB))

    fire(script, *range(1, 12))
    engine.run()

    answered, storm = standing(script)
    assert (answered.alert_count, storm.alert_count, storm.status) == (1, 11, Status.TRIGGERED)


def test_it_goes_on_while_something_new_comes_and_is_over_when_it_is_quiet(script: Sender, engine: MovedEngine) -> None:
    fire(script, *range(10))
    engine.run()
    engine.fast_forward(minutes=4)
    fire(script, 10)
    engine.run()
    engine.fast_forward(minutes=4)

    assert Storm.objects.get().ended_at is None
    engine.fast_forward(minutes=2)

    assert Storm.objects.get().ended_at is not None
    first = script.incidents()[0]
    assert kinds(first)[-1] == "storm_ended"
    fire(script, 11)
    engine.run()
    assert [each.title for each in standing(script)] == ["Thing 0", "Thing 11"]


def test_its_groups_are_told_while_it_is_on_and_those_of_all_storms_for_good(
    script: Sender, engine: MovedEngine, client: Client
) -> None:
    told = []
    for first in (0, 100):
        fire(script, *range(first, first + 10))
        engine.run()
        told.append(figures(client))
        engine.fast_forward(minutes=10)
        told.append(figures(client))

    labels = '{integration="scripts",service="checkout"}'
    on, ever = f"tocsin_storm_groups{labels}", f"tocsin_storm_groups_total{labels}"
    assert told == [{on: 9, ever: 9}, {ever: 9}, {on: 9, ever: 18}, {ever: 18}]


def test_it_resolves_when_everything_in_it_has(script: Sender, engine: MovedEngine) -> None:
    fire(script, *range(10))
    engine.run()

    fire(script, *range(10), status="resolved")
    engine.run()

    (incident,) = script.incidents()
    assert (incident.status, incident.firing_count) == (Status.RESOLVED, 0)
    assert Storm.objects.get().ended_at is not None
    assert {alert.status for alert in script.alerts()} == {AlertStatus.RESOLVED}


def test_after_its_incident_was_resolved_by_hand_what_fires_on_is_another_storm(
    script: Sender, engine: MovedEngine
) -> None:
    fire(script, *range(10))
    engine.run()
    lifecycle.resolve(script.incidents()[0].pk, by=person(a_user("ada"), Via.WEB))

    fire(script, *range(10))
    engine.run()

    (incident,) = standing(script)
    assert (incident.alert_count, Storm.objects.filter(ended_at=None).get().incident) == (10, incident)


def test_another_service_and_another_integration_are_not_gathered(doorstep: Doorstep, engine: MovedEngine) -> None:
    shop, mail = a_service("shop"), a_service("mail")
    loud = a_sender(
        doorstep, "generic", service=shop, routes=[('labels.of == "mail"', mail)], name="loud", storm_after=5
    )
    other = a_sender(doorstep, "generic", service=shop, name="other", storm_after=5)
    fire(loud, *range(20))
    loud.post({"title": "Mail waits", "labels": {"of": "mail"}})
    fire(other, 1)
    engine.run()

    titles = sorted((each.service.name, each.origin) for each in Incident.objects.all())
    assert titles == [("mail", "loud"), ("shop", "loud"), ("shop", "other")]


def test_none_is_known_where_the_integration_wants_none(doorstep: Doorstep, engine: MovedEngine) -> None:
    script = a_sender(doorstep, "generic", service=a_service(), storm_after=0)
    fire(script, *range(30))
    engine.run()

    assert len(standing(script)) == 30


def test_a_storm_that_gets_worse_pages_anew(script: Sender, engine: MovedEngine) -> None:
    fire(script, *range(10), severity="warning")
    engine.run()
    fire(script, 99, severity="critical")
    engine.run()

    (incident,) = script.incidents()
    assert incident.severity == "critical"
    assert kinds(incident).count("escalation_restarted") == 1


def test_the_oldest_of_the_last_minute_gathers_the_others() -> None:
    young = Case("key", 1, "group", incident_id=7)
    weather = Weather({(1, False): Standing(None, None, young=5, first_young_id=7)}, {(1, False): {"new"}})

    assert weather.folds({7: young}, storm_after=5) == {(1, False): weather.kinds[1, False].fold}
    assert isinstance(fold := weather.kinds[1, False].fold, Fold)
    assert fold.case is young
    assert weather.incident_ids() == {7}


def test_a_group_that_has_its_incident_is_nothing_new() -> None:
    young = Case("key", 1, "group", incident_id=7)
    weather = Weather({(1, False): Standing(None, None, young=5, first_young_id=7)}, {(1, False): {"key"}})

    assert weather.folds({7: young}, storm_after=5) == {}
