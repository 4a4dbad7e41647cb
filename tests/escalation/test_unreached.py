"""When nobody of a step can be reached after all, the next one does not wait."""

import pytest
from django.db import transaction

from accounts.models import Role
from escalation.models import Run, RunStatus
from incidents import lifecycle
from incidents.actor import Actor, Via, person
from incidents.models import Incident, Urgency
from notifications import hooks
from notifications.hooks import Page, Unreached
from notifications.models import Delivery
from tests.world import MovedEngine, Person, World, after

pytestmark = pytest.mark.usefixtures("carriers")


@transaction.atomic
def unreach(incident: Incident, person: Person, *, earlier: bool = False) -> None:
    """What notifications announce when the last of her methods failed; of the page before the last if `earlier`."""
    lifecycle.locked(incident.pk)
    pages = Delivery.objects.filter(incident=incident, user=person.user).order_by("-id")
    delivery = pages[1 if earlier else 0]
    page = Page(
        run_id=delivery.run_id or 0,
        run_version=delivery.run_version or 0,
        pass_number=delivery.pass_number or 0,
        step_number=delivery.step_number or 0,
    )
    hooks.unreached.announce(Unreached(incident.pk, person.user.pk, page))


def test_the_next_step_runs_now(world: World, engine: MovedEngine) -> None:
    ada = world.person("ada")
    world.service("db").covered_by([ada, after(minutes=30), world.person("ben")])
    incident = world.fire("db")
    engine.run()

    unreach(incident, ada)
    engine.run()

    assert world.paged(incident) == ["ada", "ben"]
    entry = incident.timeline.get(kind="step_unreached")
    assert (entry.reason, entry.details["step_number"]) == ("step_unreached", 1)


def test_only_when_all_of_the_step_are_unreached(world: World, engine: MovedEngine) -> None:
    ada, ben = world.person("ada"), world.person("ben")
    world.service("db").covered_by([[ada, ben], after(minutes=30), world.person("eve")])
    incident = world.fire("db")
    engine.run()

    unreach(incident, ada)
    engine.run()
    before = world.paged(incident)
    unreach(incident, ben)
    engine.run()

    assert before == ["ada", "ben"]
    assert world.paged(incident) == ["ada", "ben", "eve"]


def test_the_same_news_twice_changes_nothing(world: World, engine: MovedEngine) -> None:
    ada = world.person("ada")
    world.service("db").covered_by(
        [ada, after(minutes=30), world.person("ben"), after(minutes=30), world.person("eve")]
    )
    incident = world.fire("db")
    engine.run()

    unreach(incident, ada)
    engine.run()
    unreach(incident, ada)
    engine.run()

    assert world.paged(incident) == ["ada", "ben"]


def test_after_the_last_step_the_next_pass_begins(world: World, engine: MovedEngine) -> None:
    ada, ben = world.person("ada"), world.person("ben")
    world.service("db").covered_by([ada, after(minutes=5), ben, after(minutes=30)], repeat=1)
    incident = world.fire("db")
    engine.fast_forward(minutes=6)

    unreach(incident, ben)
    engine.run()

    assert world.paged(incident) == ["ada", "ben", "ada"]


def test_after_the_last_pass_the_fallback_is_asked_and_then_the_admins(world: World, engine: MovedEngine) -> None:
    ada, mia = world.person("ada"), world.person("mia", role=Role.MANAGER)
    root = world.person("root", role=Role.ADMIN)
    world.team("platform", [mia])
    world.service("db").covered_by([ada, after(minutes=30)])
    incident = world.fire("db")
    engine.run()

    for each in (ada, mia, root):
        unreach(incident, each)
        engine.run()

    assert world.paged(incident) == ["ada", "mia", "root"]
    assert incident.timeline.get(kind="fallback_team_managers").reason == "step_unreached"
    assert world.kinds(incident)[-1] == "nobody_to_page"
    assert Run.objects.get(incident=incident).status == RunStatus.EXHAUSTED


def test_low_urgency_goes_on_to_somebody_who_can_be_reached(world: World, engine: MovedEngine) -> None:
    ada = world.person("ada")
    world.service("db").covered_by([ada, after(minutes=30), world.person("ben")])
    incident = world.fire("db", urgency=Urgency.LOW)
    engine.run()

    unreach(incident, ada)
    engine.fast_forward(hours=2)

    assert world.paged(incident) == ["ada", "ben"]


def test_what_is_late_changes_nothing_once_the_run_has_gone_on(world: World, engine: MovedEngine) -> None:
    ada = world.person("ada")
    world.service("db").covered_by([ada, after(minutes=5), world.person("ben"), after(minutes=30), world.person("eve")])
    incident = world.fire("db")
    engine.fast_forward(minutes=6)

    unreach(incident, ada)
    engine.run()

    assert world.paged(incident) == ["ada", "ben"]


def test_an_acknowledged_incident_wakes_nobody_else(world: World, engine: MovedEngine) -> None:
    ada = world.person("ada")
    world.service("db").covered_by([ada, after(minutes=30), world.person("ben")])
    incident = world.fire("db")
    engine.run()

    world.acknowledge(incident, ada)
    unreach(incident, ada)
    engine.fast_forward(hours=2)

    assert world.paged(incident) == ["ada"]


def test_the_news_of_a_run_that_was_replaced_is_void(world: World, engine: MovedEngine) -> None:
    ada, ben = world.person("ada"), world.person("ben")
    world.service("db").covered_by([ada, after(minutes=30), ben])
    incident = world.fire("db")
    engine.run()
    world.acknowledge(incident, ben)
    lifecycle.unacknowledge(incident.pk, by=_web(ben))
    engine.run()

    unreach(incident, ada, earlier=True)
    engine.run()

    assert world.paged(incident) == ["ada", "ada"]


def _web(who: Person) -> Actor:
    return person(who.user, Via.WEB)
