"""What people do to an escalation by hand, and what a rising severity does."""

from datetime import timedelta

import pytest

from accounts.models import Role
from core import clock
from core.errors import Invalid
from escalation import manual
from escalation.models import Policy, Run, RunKind, RunStatus
from incidents import lifecycle
from incidents.actor import Actor, Via, person, source
from incidents.models import Urgency
from incidents.states import Status
from notifications.models import Delivery
from notifications.states import Status as DeliveryStatus
from tests.world import MovedEngine, Person, World, after

pytestmark = pytest.mark.usefixtures("carriers")


def by(who: Person) -> Actor:
    return person(who.user, Via.WEB)


def test_escalating_takes_the_next_step_now(world: World, engine: MovedEngine) -> None:
    ada = world.person("ada")
    world.service("db").covered_by(
        [ada, after(minutes=30), world.person("ben"), after(minutes=30), world.person("eve")]
    )
    incident = world.fire("db")
    engine.run()

    manual.escalate(incident.pk, by=by(ada))
    engine.fast_forward(minutes=29)

    assert world.paged(incident) == ["ada", "ben"]
    assert incident.timeline.get(kind="escalated").text == "Escalated by ada on the web."


def test_whoever_acknowledged_can_call_the_next_in(world: World, engine: MovedEngine) -> None:
    ada = world.person("ada")
    world.service("db").covered_by([ada, after(minutes=30), world.person("ben")])
    incident = world.fire("db")
    engine.run()
    world.acknowledge(incident, ada)

    manual.escalate(incident.pk, by=by(ada))
    engine.run()

    incident.refresh_from_db()
    assert world.paged(incident) == ["ada", "ben"]
    assert incident.status == Status.TRIGGERED


def test_past_the_last_step_the_teams_managers_are_paged(world: World, engine: MovedEngine) -> None:
    ada = world.person("ada")
    world.team("platform", [world.person("mia", role=Role.MANAGER)])
    world.service("db").covered_by([ada, after(minutes=30)])
    incident = world.fire("db")
    engine.run()

    manual.escalate(incident.pk, by=by(ada))
    engine.run()

    assert world.paged(incident) == ["ada", "mia"]


def test_what_is_exhausted_can_still_be_escalated(world: World, engine: MovedEngine) -> None:
    ada = world.person("ada")
    world.person("root", role=Role.ADMIN)
    world.service("db").covered_by([ada, after(minutes=1)])
    incident = world.fire("db")
    engine.fast_forward(minutes=5)

    manual.escalate(incident.pk, by=by(ada))
    engine.run()

    assert world.paged(incident) == ["ada", "root"]


def test_a_low_urgency_incident_escalates_when_told_to(world: World, engine: MovedEngine) -> None:
    ada = world.person("ada")
    world.service("db").covered_by([ada, after(minutes=5), world.person("ben"), after(minutes=5), world.person("eve")])
    incident = world.fire("db", urgency=Urgency.LOW)
    engine.run()

    manual.escalate(incident.pk, by=by(ada))
    engine.fast_forward(minutes=6)

    assert world.paged(incident) == ["ada", "ben", "eve"]


def test_a_resolved_incident_is_not_escalated(world: World, engine: MovedEngine) -> None:
    ada = world.person("ada")
    incident = world.fire("db")
    world.resolve(incident, ada)

    with pytest.raises(manual.IsResolved, match="Reopen it first"):
        manual.escalate(incident.pk, by=by(ada))
    with pytest.raises(manual.IsResolved, match="Reopen it first"):
        manual.reassign(incident.pk, users=[ada.user], by=by(ada))
    assert manual.restart(incident.pk, by=source("prometheus"), reason="severity_rose") is False


def test_assigning_by_hand_pages_these_people_and_nobody_after_them(world: World, engine: MovedEngine) -> None:
    ada, ben = world.person("ada"), world.person("ben")
    world.service("db").covered_by([ada, after(minutes=5), world.person("eve")])
    incident = world.fire("db")
    engine.run()

    manual.reassign(incident.pk, users=[ben.user], by=by(ada))
    engine.fast_forward(hours=2)

    assert world.paged(incident) == ["ada", "ben"]
    assert incident.timeline.get(kind="reassigned").text == "Reassigned to ben by ada on the web."
    assert incident.timeline.filter(kind="person_paged").last().text == "Paged ben (assigned) by hand."  # type: ignore[union-attr]  # there is one
    first, second = Run.objects.filter(incident=incident).order_by("id")
    assert (first.status, first.reason) == (RunStatus.STOPPED, "reassigned")
    assert (second.kind, second.status) == (RunKind.DIRECT, RunStatus.FINISHED)


def test_reassigning_takes_back_what_is_still_queued_for_the_others(world: World, engine: MovedEngine) -> None:
    ada, ben = world.person("ada", high=[("email", 0), ("sms", 600)]), world.person("ben")
    world.service("db").covered_by([ada])
    incident = world.fire("db")
    engine.run()

    manual.reassign(incident.pk, users=[ben.user], by=by(ben))

    sms = Delivery.objects.get(incident=incident, user=ada.user, channel="sms")
    assert (sms.status, sms.reason) == (DeliveryStatus.CANCELLED, "reassigned")


def test_reassigning_takes_back_pages_of_an_assignment_that_has_ended(world: World, engine: MovedEngine) -> None:
    ada, ben = world.person("ada", high=[("slack", 0), ("sms", 60)]), world.person("ben")
    world.service("db").covered_by([ben])
    incident = world.fire("db")
    manual.reassign(incident.pk, users=[ada.user], by=by(ben))
    engine.fast_forward(seconds=20)

    manual.reassign(incident.pk, users=[ben.user], by=by(ada))
    engine.fast_forward(minutes=10)

    sms = Delivery.objects.get(incident=incident, user=ada.user, channel="sms")
    assert (sms.status, sms.reason) == (DeliveryStatus.CANCELLED, "reassigned")
    assert Delivery.objects.filter(incident=incident, user=ben.user, status=DeliveryStatus.SENT).exists()


def test_escalating_past_the_end_keeps_what_is_still_queued(world: World, engine: MovedEngine) -> None:
    ada = world.person("ada", high=[("slack", 0), ("sms", 600)])
    world.person("root", role=Role.ADMIN)
    world.service("db").covered_by([ada, after(minutes=1)])
    incident = world.fire("db")
    engine.fast_forward(minutes=2)

    manual.escalate(incident.pk, by=by(ada))
    engine.run()

    assert Delivery.objects.get(incident=incident, channel="sms").status == DeliveryStatus.QUEUED


def test_an_acknowledged_incident_that_is_reassigned_has_to_be_answered_again(
    world: World, engine: MovedEngine
) -> None:
    ada, ben = world.person("ada"), world.person("ben")
    world.service("db").covered_by([ada])
    incident = world.fire("db")
    engine.run()
    world.acknowledge(incident, ada)

    manual.reassign(incident.pk, users=[ben.user], by=by(ada))
    engine.run()

    incident.refresh_from_db()
    assert (incident.status, world.paged(incident)) == (Status.TRIGGERED, ["ada", "ben"])


def test_reassigning_to_a_policy_follows_it_from_its_first_step(world: World, engine: MovedEngine) -> None:
    ada = world.person("ada")
    world.service("web").covered_by([world.person("wim"), after(minutes=5), world.person("wes")])
    world.service("db").covered_by([ada])
    incident = world.fire("db")
    engine.run()

    manual.reassign(incident.pk, policy=Policy.objects.get(name="web"), by=by(ada))
    engine.fast_forward(minutes=6)

    assert world.paged(incident) == ["ada", "wim", "wes"]


def test_reassigning_to_nobody_or_to_somebody_who_left_is_refused(world: World, engine: MovedEngine) -> None:
    ada, gone = world.person("ada"), world.person("gone", is_active=False)
    incident = world.fire("db")

    with pytest.raises(Invalid, match="either users or a policy"):
        manual.reassign(incident.pk, by=by(ada))
    with pytest.raises(Invalid, match="No longer active: gone"):
        manual.reassign(incident.pk, users=[gone.user], by=by(ada))


@pytest.mark.parametrize("status", [Status.TRIGGERED, Status.ACKNOWLEDGED, Status.SNOOZED, Status.HELD])
def test_a_severity_that_rose_escalates_anew_from_the_first_step(
    world: World, engine: MovedEngine, status: Status
) -> None:
    ada = world.person("ada")
    world.service("db").covered_by([ada, after(minutes=5), world.person("ben")])
    incident = world.fire("db", hold=timedelta(hours=1) if status is Status.HELD else timedelta())
    engine.run()
    if status is Status.ACKNOWLEDGED:
        world.acknowledge(incident, ada)
    elif status is Status.SNOOZED:
        lifecycle.snooze(incident.pk, until=clock.now() + timedelta(hours=1), by=by(ada))
    before = world.paged(incident)

    assert manual.restart(incident.pk, by=source("prometheus"), reason="severity_rose")
    engine.run()

    incident.refresh_from_db()
    assert incident.status == Status.TRIGGERED
    assert world.paged(incident) == [*before, "ada"]
    assert Run.objects.filter(incident=incident, status=RunStatus.RUNNING).get().start_reason
