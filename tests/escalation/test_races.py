"""Workers, ticks and people at the same moment, in real threads on a real database."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connections, transaction

from accounts.models import Role
from core import clock
from escalation import engine as lane
from escalation.models import PagedPerson, Run, RunStatus
from incidents.hooks import StatusChanged, status_changed
from incidents.models import Incident, TimelineEntry
from notifications.models import Delivery
from tests.world import MovedEngine, World, after

pytestmark = pytest.mark.usefixtures("carriers")

PATIENCE = 30.0


def at_once(*acts: Callable[[], object]) -> None:
    """Do these in threads of their own, begun together; raises the first trouble of any."""
    start = threading.Barrier(len(acts))
    troubles: list[BaseException] = []

    def run(act: Callable[[], object]) -> None:
        try:
            start.wait(timeout=PATIENCE)
            act()
        except BaseException as trouble:  # noqa: BLE001  raised again in the test's own thread
            troubles.append(trouble)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(act,), daemon=True) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=PATIENCE)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    if troubles:
        raise troubles[0]


def until_nothing_is_due() -> None:
    while Run.objects.filter(status=RunStatus.RUNNING, due_at__lte=clock.now()).exists():
        lane.take_due_steps()


@contextmanager
def following(follower: Callable[[StatusChanged], None]) -> Iterator[None]:
    status_changed.follow(follower)
    try:
        yield
    finally:
        status_changed._followers.remove(follower)


def test_two_engines_never_take_a_step_twice(world: World) -> None:
    world.service("db").covered_by([world.person("ada"), after(minutes=5), world.person("ben")])
    incidents = [world.fire("db", title=f"Lag {number}") for number in range(60)]

    at_once(*[until_nothing_is_due] * 4)

    for incident in incidents:
        assert world.paged(incident) == ["ada"]
    assert Delivery.objects.filter(kind="page").count() == len(incidents)
    assert PagedPerson.objects.count() == len(incidents)


def test_acknowledging_while_steps_are_taken_never_waits_crosswise_and_ends_all_paging(world: World) -> None:
    ada = world.person("ada")
    world.service("db").covered_by([ada, after(seconds=0), world.person("ben"), after(seconds=0), world.person("eve")])
    incidents = [world.fire("db", title=f"Lag {number}") for number in range(40)]
    acknowledged_at: dict[int, int] = {}

    def acknowledge(some: list[Incident]) -> Callable[[], None]:
        def act() -> None:
            for incident in some:
                with transaction.atomic():
                    world.acknowledge(incident, ada)
                    acknowledged_at[incident.pk] = (
                        TimelineEntry.objects.filter(incident=incident, kind="acknowledged").latest("id").pk
                    )

        return act

    at_once(
        until_nothing_is_due,
        until_nothing_is_due,
        acknowledge(incidents[:20]),
        acknowledge(incidents[:19:-1]),
    )

    for incident in incidents:
        paged_after = TimelineEntry.objects.filter(
            incident=incident, kind="person_paged", id__gt=acknowledged_at[incident.pk]
        )
        assert not paged_after.exists()
    assert not Run.objects.filter(status=RunStatus.RUNNING).exists()
    assert not Delivery.objects.filter(kind="page", status="queued").exists()


def test_a_step_that_is_due_is_left_alone_while_somebody_acknowledges(world: World) -> None:
    ada = world.person("ada")
    world.service("db").covered_by([ada])
    incident = world.fire("db")
    in_the_middle, go_on = threading.Event(), threading.Event()

    def stop_in_the_middle(news: StatusChanged) -> None:
        in_the_middle.set()
        go_on.wait(timeout=PATIENCE)

    def tick() -> None:
        in_the_middle.wait(timeout=PATIENCE)
        handled.append(lane.take_due_steps())
        go_on.set()

    handled: list[int] = []
    with following(stop_in_the_middle):
        at_once(lambda: world.acknowledge(incident, ada), tick)

    assert handled == [0]
    assert lane.take_due_steps() == 0
    assert world.paged(incident) == []


def test_an_acknowledgement_waits_for_the_step_being_taken_and_then_takes_its_pages_back(world: World) -> None:
    ada = world.person("ada")
    world.service("db").covered_by([ada])
    incident = world.fire("db")
    taken, go_on = threading.Event(), threading.Event()

    def tick() -> None:
        with transaction.atomic():
            lane.take_due_steps()
            taken.set()
            go_on.wait(timeout=PATIENCE)

    def acknowledge() -> None:
        taken.wait(timeout=PATIENCE)
        threading.Timer(0.2, go_on.set).start()
        world.acknowledge(incident, ada)

    at_once(tick, acknowledge)

    assert world.paged(incident) == ["ada"]
    assert Delivery.objects.get(incident=incident).status == "cancelled"
    assert world.kinds(incident)[-1] == "acknowledged"


def break_run_of(incident: Incident) -> Run:
    """A place that no policy has: what a fault of ours would look like."""
    run = Run.objects.get(incident=incident)
    Run.objects.filter(pk=run.pk).update(next_step=0)
    return run


def test_a_run_that_raises_is_put_off_and_the_others_go_out(world: World) -> None:
    world.service("db").covered_by([world.person("ada")])
    broken, sound = world.fire("db", title="Broken"), world.fire("db", title="Sound")
    run = break_run_of(broken)

    lane.take_due_steps()

    run.refresh_from_db()
    assert world.paged(sound) == ["ada"]
    assert (run.status, run.failures) == (RunStatus.RUNNING, 1)
    assert run.due_at is not None
    assert run.due_at > clock.now()


def test_a_step_that_keeps_failing_for_a_fault_of_ours_goes_to_the_fallback(world: World, engine: MovedEngine) -> None:
    world.service("db").covered_by([world.person("ada")])
    world.person("root", role=Role.ADMIN)
    incident = world.fire("db")
    break_run_of(incident)

    engine.fast_forward(seconds=20)

    assert world.paged(incident) == ["root"]
    assert world.kinds(incident).count("step_failing") == 1
    assert incident.timeline.get(kind="fallback_admins").reason == "step_failing"


def test_a_step_taken_again_after_a_crash_pages_nobody_twice(world: World) -> None:
    world.service("db").covered_by([[world.person("ada"), world.person("ben")]])
    incident = world.fire("db")
    run = Run.objects.get(incident=incident)
    lane.take_due_steps()

    Run.objects.filter(pk=run.pk).update(pass_number=1, next_step=1, due_at=clock.now())
    lane.take_due_steps()

    assert world.paged(incident) == ["ada", "ben"]
    assert Delivery.objects.filter(incident=incident).count() == 2
