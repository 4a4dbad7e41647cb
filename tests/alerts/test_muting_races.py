"""What mutes is taken away while a batch still goes by it, in real threads on a real database."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction

from alerts.muting import inhibition, turning, windows
from alerts.muting.inhibition import RuleWish
from alerts.muting.models import InhibitionSource
from alerts.muting.windows import WindowWish
from alerts.pipeline import turns
from core import clock
from incidents import lifecycle
from incidents.actor import system
from incidents.states import Status
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service
from tests.fakes.waiting import wait_for
from tests.world import MovedEngine


@pytest.fixture
def sender(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "generic", service=a_service("checkout"))


def fires(sender: Sender, title: str) -> None:
    sender.post({"title": title, "dedup_key": title})


def a_window() -> Callable[[], object]:
    """One over all that is slow. How it is taken away."""
    wish = WindowWish("update", windows.local_now("UTC"), timedelta(hours=2), matchers=['title="Slow queries"'])
    window = windows.create(wish, owner="ada")
    return lambda: windows.delete(window.pk)


def a_rule() -> Callable[[], object]:
    """The same while the database is down."""
    rule = inhibition.create(RuleWish("database down", ['title="Database down"'], ['title="Slow queries"']))
    return lambda: inhibition.delete(rule.pk)


@pytest.mark.parametrize("one_that_mutes", [a_window, a_rule])
def test_what_is_taken_away_meanwhile_leaves_nothing_muted(
    sender: Sender, engine: MovedEngine, one_that_mutes: Callable[[], Callable[[], object]]
) -> None:
    take_away = one_that_mutes()
    fires(sender, "Database down")
    engine.run()
    fires(sender, "Slow queries")

    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            turns.run()
            taken_away = pool.submit(_in_a_thread, take_away)
            _wait_until_it_is_done_or_waits(taken_away)
        taken_away.result(timeout=30)
    muted = sender.incidents()[-1]
    engine.run()

    assert (muted.title, muted.status) == ("Slow queries", Status.HELD)
    assert sender.incidents()[-1].status == Status.TRIGGERED


def test_a_source_that_is_told_of_again_meanwhile_has_not_ended(sender: Sender, engine: MovedEngine) -> None:
    a_rule()
    fires(sender, "Database down")
    engine.run()
    lifecycle.resolve(sender.incidents()[0].pk, by=system("test"))
    fires(sender, "Database down")

    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            turns.run()
            looked_at = pool.submit(_in_a_thread, lambda: turning.sources_that_ended(clock.now()))
            _wait_until_it_is_done_or_waits(looked_at)
        looked_at.result(timeout=30)

    assert InhibitionSource.objects.get().ended_at is None


def _in_a_thread(act: Callable[[], object]) -> None:
    try:
        act()
    finally:
        connection.close()


def _wait_until_it_is_done_or_waits(act: "Future[None]") -> None:
    def waits() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "select exists(select 1 from pg_stat_activity"
                " where wait_event_type = 'Lock' and datname = current_database())"
            )
            return act.done() or bool(cursor.fetchone() == (True,))

    wait_for(waits)
