"""Who is paged when, told from what people see: the timeline and the outbox."""

import re
from datetime import timedelta

import pytest

from accounts.models import Role
from core import clock
from escalation.models import Run, RunStatus
from incidents import lifecycle
from incidents.actor import Via, person
from incidents.models import Incident, TimelineEntry, Urgency
from notifications.models import Delivery
from tests.world import MovedEngine, World, after

pytestmark = pytest.mark.usefixtures("carriers")


def entry(incident: Incident, kind: str) -> TimelineEntry:
    found = incident.timeline.filter(kind=kind).last()
    assert found is not None, f"no {kind} in the timeline"
    return found


def run_of(incident: Incident) -> Run:
    return Run.objects.filter(incident=incident).latest("id")


def test_the_first_step_pages_at_once(world: World, engine: MovedEngine) -> None:
    world.service("db").covered_by([world.person("ada"), after(minutes=5), world.person("ben")])

    incident = world.fire("db")
    engine.run()

    assert world.paged(incident) == ["ada"]
    assert entry(incident, "person_paged").text == "Paged ada (named in the step) by step 1 of db."
    assert Delivery.objects.get(incident=incident, user__username="ada").step_number == 1


def test_the_second_step_pages_only_if_nobody_took_it(world: World, engine: MovedEngine) -> None:
    ada = world.person("ada")
    world.service("db").covered_by([ada, after(minutes=5), world.person("ben")])
    taken, left = world.fire("db", title="One"), world.fire("db", title="Other")

    engine.fast_forward(minutes=4)
    world.acknowledge(taken, ada)
    engine.fast_forward(hours=1)

    assert world.paged(taken) == ["ada"]
    assert world.paged(left) == ["ada", "ben"]


def test_the_second_step_comes_exactly_when_the_wait_is_over(world: World, engine: MovedEngine) -> None:
    world.service("db").covered_by([world.person("ada"), after(minutes=5), world.person("ben")])
    incident = world.fire("db")

    engine.fast_forward(minutes=4, seconds=50)
    before = world.paged(incident)
    engine.fast_forward(seconds=11)

    assert before == ["ada"]
    assert world.paged(incident) == ["ada", "ben"]


def test_a_schedule_pages_who_is_on_call_then_and_says_until_when(world: World, engine: MovedEngine) -> None:
    schedule = world.schedule("platform primary", [world.person("ada")], time_zone="Europe/Berlin")
    world.service("db").covered_by([schedule])

    incident = world.fire("db")
    engine.run()

    paged = entry(incident, "person_paged")
    assert paged.text.startswith("Paged ada (on call in platform primary until Mon 09:00 CE")
    assert paged.text.endswith("by step 1 of db.")
    assert (paged.reason, paged.details["schedule"]) == ("on_call", "platform primary")


def test_a_step_pages_each_of_its_people_once(world: World, engine: MovedEngine) -> None:
    ada, ben = world.person("ada"), world.person("ben")
    team = world.team("data", [ada, ben, world.person("gone", is_active=False)])
    world.service("db").covered_by([[ada, team, world.schedule("s", [ben])]])

    incident = world.fire("db")
    engine.run()

    assert sorted(world.paged(incident)) == ["ada", "ben"]


def test_a_policy_repeats_as_often_as_drawn_and_then_says_that_it_is_exhausted(
    world: World, engine: MovedEngine
) -> None:
    world.service("db").covered_by(
        [world.person("ada"), after(minutes=1), world.person("ben"), after(minutes=2)], repeat=2
    )
    incident = world.fire("db")

    engine.fast_forward(minutes=8, seconds=50)
    before = world.kinds(incident)
    engine.fast_forward(hours=5)

    assert world.paged(incident) == ["ada", "ben"] * 3
    assert "escalation_exhausted" not in before
    assert world.kinds(incident).count("escalation_exhausted") == 1
    assert (run_of(incident).status, run_of(incident).reason) == (RunStatus.EXHAUSTED, "exhausted")
    assert "by step 1 of db, pass 3." in incident.timeline.filter(kind="person_paged")[4].text


def test_each_pass_pages_anew(world: World, engine: MovedEngine) -> None:
    world.service("db").covered_by([world.person("ada"), after(minutes=1)], repeat=2)

    incident = world.fire("db")
    engine.fast_forward(minutes=10)

    assert Delivery.objects.filter(incident=incident, kind="page").count() == 3


def test_acknowledging_voids_the_run_and_takes_back_what_is_queued(world: World, engine: MovedEngine) -> None:
    ada = world.person("ada", high=[("slack", 0), ("sms", 60)])
    world.service("db").covered_by([ada])
    incident = world.fire("db")
    engine.run()
    version = run_of(incident).version

    world.acknowledge(incident, ada)

    run = run_of(incident)
    assert (run.status, run.reason, run.due_at) == (RunStatus.STOPPED, "acknowledged", None)
    assert run.version == version + 1


@pytest.mark.parametrize("verb", ["resolve", "snooze"])
def test_resolving_and_snoozing_stop_it_too(world: World, engine: MovedEngine, verb: str) -> None:
    ada = world.person("ada")
    world.service("db").covered_by([ada, after(minutes=5), world.person("ben")])
    incident = world.fire("db")
    engine.run()

    if verb == "resolve":
        world.resolve(incident, ada)
    else:
        lifecycle.snooze(incident.pk, until=clock.now() + timedelta(hours=2), by=person(ada.user, Via.WEB))
    engine.fast_forward(hours=1)

    assert world.paged(incident) == ["ada"]
    assert run_of(incident).status == RunStatus.STOPPED


@pytest.mark.parametrize("way", ["unacknowledge", "reopen", "wake"])
def test_what_comes_back_is_escalated_from_the_first_step_in_a_new_run(
    world: World, engine: MovedEngine, way: str
) -> None:
    ada = world.person("ada")
    by = person(ada.user, Via.WEB)
    world.service("db").covered_by([ada, after(minutes=5), world.person("ben")])
    incident = world.fire("db")
    engine.fast_forward(minutes=6)

    if way == "unacknowledge":
        lifecycle.acknowledge(incident.pk, by=by)
        lifecycle.unacknowledge(incident.pk, by=by)
    elif way == "reopen":
        lifecycle.resolve(incident.pk, by=by)
        lifecycle.reopen(incident.pk, by=by)
    else:
        lifecycle.snooze(incident.pk, until=clock.now() + timedelta(minutes=1), by=by)
    engine.fast_forward(minutes=2)

    assert world.paged(incident) == ["ada", "ben", "ada"]
    assert Run.objects.filter(incident=incident).count() == 2


def test_low_urgency_notifies_the_first_step_once_and_does_not_escalate(world: World, engine: MovedEngine) -> None:
    ada = world.person("ada", high=[("sms", 0)], low=[("email", 0)])
    world.service("db").covered_by([ada, after(minutes=5), world.person("ben")], repeat=3)

    incident = world.fire("db", urgency=Urgency.LOW)
    engine.fast_forward(hours=3)

    assert world.paged(incident) == ["ada"]
    assert [each.channel for each in Delivery.objects.filter(incident=incident, kind="page")] == ["email"]
    assert entry(incident, "low_urgency").text == "Low urgency: db notifies once and does not escalate."
    assert run_of(incident).status == RunStatus.FINISHED


def test_what_is_held_pages_nobody_until_the_hold_is_over(world: World, engine: MovedEngine) -> None:
    world.service("db").covered_by([world.person("ada")])

    incident = world.fire("db", hold=timedelta(minutes=2))
    engine.fast_forward(minutes=1)
    before = world.paged(incident)
    engine.fast_forward(minutes=2)

    assert before == []
    assert world.paged(incident) == ["ada"]


def test_a_step_that_finds_nobody_is_followed_at_once(world: World, engine: MovedEngine) -> None:
    world.service("db").covered_by([world.schedule("empty"), after(minutes=30), world.person("ben")])

    incident = world.fire("db")
    engine.run()

    assert world.paged(incident) == ["ben"]
    assert entry(incident, "nobody_on_call").text == "Nobody is on call for step 1 of db."


def test_where_no_step_finds_anyone_the_teams_managers_are_paged_at_once(world: World, engine: MovedEngine) -> None:
    world.team("platform", [world.person("mia", role=Role.MANAGER), world.person("ada")])
    world.person("root", role=Role.ADMIN)
    world.service("db").covered_by([world.schedule("empty"), world.schedule("also empty")], repeat=3)

    incident = world.fire("db")
    engine.run()

    assert world.paged(incident) == ["mia"]
    assert entry(incident, "person_paged").reason == "fallback_team_managers"
    assert entry(incident, "fallback_team_managers").reason == "nobody_on_call"
    assert run_of(incident).reason == "fallback_team_managers"


def test_a_team_without_managers_falls_back_to_all_admins(world: World, engine: MovedEngine) -> None:
    for name in ("rob", "root"):
        world.person(name, role=Role.ADMIN)
    world.person("mia", role=Role.MANAGER)
    world.service("db").covered_by([world.schedule("empty")])

    incident = world.fire("db")
    engine.run()

    assert world.paged(incident) == ["rob", "root"]
    assert entry(incident, "person_paged").reason == "fallback_admins"


def test_a_service_that_nobody_covers_goes_the_same_way_and_says_why(world: World, engine: MovedEngine) -> None:
    world.team("platform", [world.person("mia", role=Role.MANAGER)])
    world.service("db")

    incident = world.fire("db")
    engine.run()

    assert world.paged(incident) == ["mia"]
    assert entry(incident, "no_policy").reason == "no_policy"
    assert entry(incident, "fallback_team_managers").reason == "no_policy"


def test_that_nobody_at_all_can_be_paged_is_visible(world: World, engine: MovedEngine) -> None:
    world.service("db").covered_by([world.schedule("empty")])

    incident = world.fire("db")
    engine.run()

    assert world.kinds(incident)[-1] == "nobody_to_page"
    assert run_of(incident).reason == "nobody_to_page"


def test_somebody_without_any_way_to_be_reached_does_not_cost_the_wait(world: World, engine: MovedEngine) -> None:
    mute = world.person("mute")
    mute.user.email = ""
    mute.user.save(update_fields=["email"])
    world.service("db").covered_by([mute, after(minutes=30), world.person("ben")])

    incident = world.fire("db")
    engine.run()

    assert world.paged(incident) == ["ben"]
    assert entry(incident, "person_unreachable").details["user"] == "mute"
    assert "step_unreached" in world.kinds(incident)
    assert Delivery.objects.get(incident=incident, user=mute.user).reason == "no_contact_method"


def test_after_an_outage_missed_steps_are_not_made_up_in_one_burst(world: World, engine: MovedEngine) -> None:
    world.service("db").covered_by(
        [world.person("ada"), after(minutes=5), world.person("ben"), after(minutes=5), world.person("eve")]
    )
    incident = world.fire("db")
    engine.run()

    engine.leap(hours=2)
    at_once = world.paged(incident)
    engine.fast_forward(minutes=6)

    assert at_once == ["ada", "ben"]
    assert world.paged(incident) == ["ada", "ben", "eve"]
    # A busy machine adds a second or two of its own.
    assert re.search(r"69\d\d s late", incident.timeline.filter(kind="person_paged")[1].text)


def test_a_change_of_the_policy_does_not_touch_what_runs(world: World, engine: MovedEngine) -> None:
    service = world.service("db").covered_by([world.person("ada"), after(minutes=5), world.person("ben")])
    incident = world.fire("db")
    engine.run()

    service.covered_by([world.person("eve"), after(minutes=5), world.person("eve")])
    engine.fast_forward(minutes=6)

    assert world.paged(incident) == ["ada", "ben"]


def test_the_person_on_call_is_chosen_when_the_step_is_taken(world: World, engine: MovedEngine) -> None:
    schedule = world.schedule("s", [world.person("ada")])
    world.service("db").covered_by([world.person("eve"), after(minutes=5), schedule])
    incident = world.fire("db")
    engine.run()

    schedule.overrides.create(
        person=world.person("ben").user, start_at=clock.now(), end_at=clock.now() + timedelta(hours=1)
    )
    engine.fast_forward(minutes=6)

    assert world.paged(incident) == ["eve", "ben"]
    assert "by override until" in entry(incident, "person_paged").text
