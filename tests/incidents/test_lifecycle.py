"""The verbs of an incident: what they change, record and announce."""

import threading
from datetime import timedelta

import pytest
from django.db import connections

from core import clock
from core.engine import run_until_idle
from core.errors import Invalid
from incidents import lifecycle
from incidents.actor import Via, source, system
from incidents.hooks import StatusChanged, status_changed
from incidents.models import Incident, Severity, TimelineEntry, Urgency
from incidents.opening import Opening, open_incident
from incidents.states import MoveNotAllowed, Status
from tests.factories import a_service, a_user, an_incident, by

pytestmark = pytest.mark.django_db


def kinds(incident: Incident) -> list[str]:
    return list(TimelineEntry.objects.filter(incident=incident).values_list("kind", flat=True))


def test_a_new_incident_is_triggered_and_says_who_opened_it() -> None:
    incident = an_incident("Replica lag", by=source("prometheus"))

    entry = incident.timeline.get(kind="opened")
    assert incident.status == Status.TRIGGERED
    assert incident.triggered_at == incident.created_at
    assert (entry.actor_kind, entry.actor_name, entry.via) == ("source", "prometheus", "webhook")
    assert entry.text == "Opened by prometheus."


def test_a_group_has_one_open_incident() -> None:
    first = an_incident(open_key="a")
    second, is_new = open_incident(
        Opening(service=first.service, title="Again", urgency=Urgency.HIGH, open_key="a"), by=source("x")
    )

    assert (second, is_new) == (first, False)
    assert Incident.objects.count() == 1


def test_a_group_that_was_resolved_opens_anew() -> None:
    first = an_incident(open_key="a")
    lifecycle.resolve(first.pk, by=source("prometheus"))

    second = an_incident(open_key="a")

    assert second != first
    assert second.status == Status.TRIGGERED


def test_incidents_without_a_key_are_never_taken_for_one() -> None:
    assert an_incident(open_key=None) != an_incident(open_key=None)


@pytest.mark.django_db(transaction=True)
def test_workers_that_open_the_same_group_at_once_open_one_incident() -> None:
    service = a_service()
    start = threading.Barrier(4)
    seen: list[tuple[int, bool]] = []

    def open_it() -> None:
        start.wait(timeout=10)
        incident, is_new = open_incident(
            Opening(service=service, title="Lag", urgency=Urgency.HIGH, open_key="one"), by=source("x")
        )
        seen.append((incident.pk, is_new))
        connections.close_all()

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    assert len({pk for pk, _ in seen}) == 1
    assert sorted(is_new for _, is_new in seen) == [False, False, False, True]


def test_acknowledging_says_who_and_by_which_way() -> None:
    incident, ada = an_incident(), a_user("ada")

    assert lifecycle.acknowledge(incident.pk, by=by(ada, Via.SMS))

    incident.refresh_from_db()
    assert (incident.status, incident.acknowledged_by, incident.acknowledged_via) == (Status.ACKNOWLEDGED, ada, "sms")
    assert incident.acknowledged_at is not None
    assert incident.timeline.get(kind="acknowledged").text == "Acknowledged by ada by SMS."


def test_acknowledging_twice_changes_nothing_and_says_so() -> None:
    incident, ada, ben = an_incident(), a_user("ada"), a_user("ben")
    lifecycle.acknowledge(incident.pk, by=by(ada))

    assert lifecycle.acknowledge(incident.pk, by=by(ben)) is False

    incident.refresh_from_db()
    assert incident.acknowledged_by == ada
    assert kinds(incident).count("acknowledged") == 1


def test_taking_back_an_acknowledgement_leaves_nobody_named() -> None:
    incident, ada = an_incident(), a_user("ada")
    lifecycle.acknowledge(incident.pk, by=by(ada))

    lifecycle.unacknowledge(incident.pk, by=by(ada))

    incident.refresh_from_db()
    assert (incident.status, incident.acknowledged_at, incident.acknowledged_by, incident.acknowledged_via) == (
        Status.TRIGGERED,
        None,
        None,
        "",
    )


def test_every_change_makes_the_version_grow() -> None:
    incident, ada = an_incident(), a_user("ada")
    versions = [incident.version]

    for verb in (lifecycle.acknowledge, lifecycle.unacknowledge, lifecycle.resolve, lifecycle.reopen):
        verb(incident.pk, by=by(ada))
        versions.append(Incident.objects.get(pk=incident.pk).version)
    lifecycle.note(incident.pk, text="Looks like the disk.", by=by(ada))
    versions.append(Incident.objects.get(pk=incident.pk).version)

    assert versions == sorted(set(versions))


def test_each_change_is_announced_with_both_statuses() -> None:
    heard: list[tuple[str | None, str]] = []

    def follower(news: StatusChanged) -> None:
        heard.append((news.old, news.new))

    status_changed.follow(follower)
    try:
        incident, ada = an_incident(), a_user("ada")
        lifecycle.acknowledge(incident.pk, by=by(ada))
        lifecycle.acknowledge(incident.pk, by=by(ada))
        lifecycle.resolve(incident.pk, by=by(ada))
    finally:
        status_changed._followers.remove(follower)

    assert heard == [(None, "triggered"), ("triggered", "acknowledged"), ("acknowledged", "resolved")]


def test_a_resolved_incident_cannot_be_acknowledged() -> None:
    incident, ada = an_incident(), a_user("ada")
    lifecycle.resolve(incident.pk, by=by(ada))

    with pytest.raises(MoveNotAllowed):
        lifecycle.acknowledge(incident.pk, by=by(ada))


def test_reopening_brings_it_back_unless_its_group_has_another_open_incident() -> None:
    first, ada = an_incident(open_key="a"), a_user("ada")
    lifecycle.resolve(first.pk, by=by(ada))
    second = an_incident(open_key="a")

    with pytest.raises(lifecycle.GroupIsOpen):
        lifecycle.reopen(first.pk, by=by(ada))
    lifecycle.resolve(second.pk, by=by(ada))
    assert lifecycle.reopen(first.pk, by=by(ada))

    first.refresh_from_db()
    assert (first.status, first.resolved_at, first.resolved_by) == (Status.TRIGGERED, None, None)


def test_what_is_held_triggers_when_the_hold_is_over() -> None:
    incident = an_incident(hold=timedelta(minutes=2))
    lifecycle.set_alert_counts(incident, alert_count=1, firing_count=1, severity=Severity.CRITICAL)

    clock.move(timedelta(minutes=1))
    run_until_idle()
    incident.refresh_from_db()
    before = incident.status
    clock.move(timedelta(minutes=1))
    run_until_idle()

    incident.refresh_from_db()
    assert (before, incident.status, incident.due_at) == (Status.HELD, Status.TRIGGERED, None)
    assert incident.timeline.get(kind="triggered").reason == "hold_over"


def test_what_stopped_firing_while_held_resolves_without_waking_anybody() -> None:
    incident = an_incident(hold=timedelta(minutes=2))
    lifecycle.set_alert_counts(incident, alert_count=1, firing_count=0, severity=Severity.CRITICAL)

    clock.move(timedelta(minutes=2))
    run_until_idle()

    incident.refresh_from_db()
    assert incident.status == Status.RESOLVED
    assert "triggered" not in kinds(incident)


def test_a_snooze_ends_by_itself() -> None:
    incident, ada = an_incident(), a_user("ada")

    lifecycle.snooze(incident.pk, until=clock.now() + timedelta(hours=1), by=by(ada))
    clock.move(timedelta(minutes=59))
    run_until_idle()
    incident.refresh_from_db()
    before = incident.status
    clock.move(timedelta(minutes=1))
    run_until_idle()

    incident.refresh_from_db()
    assert (before, incident.status) == (Status.SNOOZED, Status.TRIGGERED)
    assert incident.timeline.get(kind="woken").reason == "snooze_over"


def test_a_snooze_can_be_moved_and_needs_a_moment_ahead() -> None:
    incident, ada = an_incident(), a_user("ada")
    later = clock.now() + timedelta(hours=2)

    lifecycle.snooze(incident.pk, until=clock.now() + timedelta(hours=1), by=by(ada))
    assert lifecycle.snooze(incident.pk, until=later, by=by(ada))
    incident.refresh_from_db()
    assert incident.due_at == later

    for until in (clock.now() - timedelta(seconds=1), clock.now() + timedelta(days=31)):
        with pytest.raises(Invalid, match="at most 30 days"):
            lifecycle.snooze(incident.pk, until=until, by=by(ada))


def test_a_timer_that_raises_is_put_off_and_does_not_stop_the_others() -> None:
    broken, sound = an_incident(hold=timedelta(minutes=1)), an_incident(hold=timedelta(minutes=1))

    def follower(news: StatusChanged) -> None:
        if news.incident.pk == broken.pk:
            raise RuntimeError("follower is broken")

    status_changed.follow(follower)
    try:
        clock.move(timedelta(minutes=1))
        run_until_idle()
    finally:
        status_changed._followers.remove(follower)

    broken.refresh_from_db()
    sound.refresh_from_db()
    assert (broken.status, broken.failures) == (Status.HELD, 1)
    assert broken.due_at is not None
    assert broken.due_at > clock.now()
    assert sound.status == Status.TRIGGERED


def test_an_acknowledgement_whose_follower_fails_is_not_made() -> None:
    incident, ada = an_incident(), a_user("ada")

    def follower(news: StatusChanged) -> None:
        raise RuntimeError("follower is broken")

    status_changed.follow(follower)
    try:
        with pytest.raises(RuntimeError):
            lifecycle.acknowledge(incident.pk, by=by(ada))
    finally:
        status_changed._followers.remove(follower)

    incident.refresh_from_db()
    assert incident.status == Status.TRIGGERED
    assert kinds(incident).count("acknowledged") == 0


def test_a_note_needs_words() -> None:
    incident, ada = an_incident(), a_user("ada")

    with pytest.raises(Invalid):
        lifecycle.note(incident.pk, text="  ", by=by(ada))
    lifecycle.note(incident.pk, text=" The disk is full. ", by=by(ada))

    assert incident.timeline.get(kind="note").text == "The disk is full."


def test_a_raised_urgency_is_in_the_timeline() -> None:
    incident = an_incident(urgency=Urgency.LOW, severity=Severity.WARNING)

    changed = lifecycle.set_alert_counts(
        incident,
        alert_count=2,
        firing_count=2,
        severity=Severity.CRITICAL,
        urgency=Urgency.HIGH,
        by=system("alerts"),
    )

    incident.refresh_from_db()
    assert changed
    assert (incident.alert_count, incident.severity, incident.urgency) == (2, "critical", "high")
    assert incident.timeline.get(kind="urgency_changed").text == "Urgency is now high."
