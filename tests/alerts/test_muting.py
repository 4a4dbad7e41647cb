"""Silences, windows and inhibition on the way from the webhook to the page: they mute pages, never state."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.models import Integration
from alerts.muting import inhibition, silences, windows
from alerts.muting.inhibition import RuleWish
from alerts.muting.models import InhibitionRule, InhibitionSource, MaintenanceWindow, MuteWatch, Silence
from alerts.muting.silences import SilenceWish
from alerts.muting.windows import WindowWish
from catalog.models import Service
from core import clock
from incidents import lifecycle, merging
from incidents.models import Incident
from incidents.states import Status
from tests.alerts.doorstep import Doorstep, Sender, a_sender, from_alertmanager, prometheus_alert
from tests.factories import a_service, by
from tests.fakes import Carriers
from tests.world import MovedEngine, World


@pytest.fixture
def shop(doorstep: Doorstep, world: World, carriers: Carriers) -> Sender:
    """An integration whose service ada and then ben cover."""
    service = world.service("checkout").covered_by([world.person("ada"), world.person("ben")])
    return a_sender(doorstep, "alertmanager", service=service.row, name="prometheus")


def a_silence(
    *matchers: str,
    minutes: float = 60,
    after: float = 0,
    service: Service | None = None,
    integration: Integration | None = None,
) -> Silence:
    now = clock.now()
    starts_at = now + timedelta(minutes=after) if after else None
    ends_at = now + timedelta(minutes=after + minutes)
    wish = SilenceWish(matchers, ends_at, "deploying", starts_at, service, integration)
    return silences.create(wish, owner="ada")


def a_window(minutes: float = 60, **more: object) -> MaintenanceWindow:
    starts = clock.now().replace(tzinfo=None, second=0, microsecond=0)
    wish = WindowWish(name="update", starts=starts, duration=timedelta(minutes=minutes), **more)  # type: ignore[arg-type]  # the test's own business
    return windows.create(wish, owner="ben")


def a_rule(source: str, target: str, *equal: str) -> None:
    inhibition.create(RuleWish("db down", [source], [target], equal))


def fires(sender: Sender, name: str = "ReplicaLag", *, group: str = "", **labels: str) -> None:
    sender.post(from_alertmanager(prometheus_alert(name, **labels), group=group or name))


def ends(sender: Sender, name: str = "ReplicaLag", *, group: str = "", **labels: str) -> None:
    sender.post(from_alertmanager(prometheus_alert(name, "resolved", **labels), group=group or name))


def reasons(incident: Incident, kind: str) -> list[str]:
    return list(incident.timeline.filter(kind=kind).order_by("id").values_list("reason", flat=True))


def test_a_silenced_alert_is_kept_and_pages_when_the_silence_ends_while_it_fires(
    shop: Sender, engine: MovedEngine, world: World
) -> None:
    silence = a_silence('alertname="ReplicaLag"', minutes=30)
    fires(shop)
    engine.run()

    (incident,) = shop.incidents()
    (alert,) = shop.alerts()
    assert (incident.status, incident.due_at, world.paged(incident)) == (Status.HELD, None, [])
    assert incident.muted == {
        "reason": "silenced",
        "what": f"silence {silence.pk}",
        "id": silence.pk,
        "by": "ada",
        "until": silence.ends_at.isoformat(),
        "comment": "deploying",
        "text": f"Silenced by ada until {silence.ends_at:%Y-%m-%d %H:%M} UTC (silence {silence.pk}): deploying",
    }
    assert alert.reasons["muted"]["reason"] == "silenced"
    assert reasons(incident, "muted") == ["silenced"]

    engine.fast_forward(minutes=29)
    assert world.paged(incident) == []
    engine.fast_forward(minutes=2)

    (incident,) = shop.incidents()
    assert (incident.status, incident.muted, world.paged(incident)) == (Status.TRIGGERED, None, ["ada"])
    assert reasons(incident, "triggered") == ["silence_over"]
    assert not MuteWatch.objects.exists()


def test_what_ends_while_it_is_silenced_resolves_and_pages_nobody(
    shop: Sender, engine: MovedEngine, world: World
) -> None:
    a_silence('alertname="ReplicaLag"')
    fires(shop)
    engine.run()
    ends(shop)

    engine.fast_forward(hours=2)

    (incident,) = shop.incidents()
    assert (incident.status, incident.muted, world.paged(incident)) == (Status.RESOLVED, None, [])


def test_an_alert_that_is_not_silenced_wakes_people_at_once(shop: Sender, engine: MovedEngine, world: World) -> None:
    a_silence('instance="a"')
    fires(shop, instance="a")
    engine.run()
    fires(shop, instance="b")
    engine.run()

    (incident,) = shop.incidents()
    assert (incident.status, incident.muted, world.paged(incident)) == (Status.TRIGGERED, None, ["ada"])
    assert reasons(incident, "triggered") == ["not_muted_alert"]

    ends(shop, instance="b")
    engine.run()

    (incident,) = shop.incidents()
    assert (incident.status, incident.firing_count) == (Status.HELD, 1)
    assert reasons(incident, "muted") == ["silenced", "silenced"]


def test_a_silence_that_begins_over_an_unanswered_incident_stops_its_escalation(
    shop: Sender, engine: MovedEngine, world: World
) -> None:
    fires(shop)
    engine.run()
    a_silence('alertname="ReplicaLag"', after=2)

    engine.fast_forward(minutes=20)

    (incident,) = shop.incidents()
    assert (incident.status, world.paged(incident)) == (Status.HELD, ["ada"])
    assert reasons(incident, "muted") == ["silenced"]


def test_what_somebody_has_acknowledged_is_left_alone(shop: Sender, engine: MovedEngine, world: World) -> None:
    ada = world.person("ada")
    fires(shop)
    engine.run()
    world.acknowledge(shop.incidents()[0], ada)
    a_silence('alertname="ReplicaLag"', minutes=5)

    engine.fast_forward(minutes=10)

    (incident,) = shop.incidents()
    assert (incident.status, reasons(incident, "muted"), world.paged(incident)) == (Status.ACKNOWLEDGED, [], ["ada"])


def test_a_silence_ended_by_hand_pages_then(shop: Sender, engine: MovedEngine, world: World) -> None:
    silence = a_silence('alertname=~"Replica.*"')
    fires(shop)
    engine.run()

    assert silences.expire(silence.pk, by="ben")
    engine.run()

    (incident,) = shop.incidents()
    assert (incident.status, world.paged(incident)) == (Status.TRIGGERED, ["ada"])
    assert silences.expire(silence.pk, by="ben") is False


def test_a_silence_that_is_changed_counts_as_it_is_now(shop: Sender, engine: MovedEngine) -> None:
    silence = a_silence('alertname="ReplicaLag"')
    fires(shop)
    fires(shop, "DiskFull")
    engine.run()

    silences.change(silence.pk, SilenceWish(['alertname="DiskFull"'], silence.ends_at, "another"))
    engine.run()

    assert {each.title: each.status for each in shop.incidents()} == {
        "ReplicaLag": Status.TRIGGERED,
        "DiskFull": Status.HELD,
    }


@pytest.mark.parametrize("first_ends", [True, False])
def test_two_silences_over_the_same_alert_end_one_after_the_other(
    shop: Sender, engine: MovedEngine, first_ends: bool
) -> None:
    a_silence('alertname="ReplicaLag"', minutes=10 if first_ends else 40)
    a_silence('severity="critical"', minutes=40 if first_ends else 10)
    fires(shop)
    engine.run()

    engine.fast_forward(minutes=30)
    assert shop.incidents()[0].status == Status.HELD
    engine.fast_forward(minutes=11)
    assert shop.incidents()[0].status == Status.TRIGGERED


def test_a_silence_counts_only_for_its_service_and_integration(
    shop: Sender, doorstep: Doorstep, engine: MovedEngine
) -> None:
    other = a_sender(doorstep, "alertmanager", service=a_service("other"), name="other")
    a_silence('alertname="ReplicaLag"', service=Service.objects.get(name="checkout"))
    a_silence('alertname="DiskFull"', integration=other.integration)
    for sender in (shop, other):
        fires(sender)
        fires(sender, "DiskFull")

    engine.run()

    assert {(each.origin, each.title) for each in Incident.objects.filter(status=Status.HELD)} == {
        ("prometheus", "ReplicaLag"),
        ("other", "DiskFull"),
    }


def test_what_is_silenced_wakes_nobody_by_getting_worse(shop: Sender, engine: MovedEngine, world: World) -> None:
    a_silence('alertname="ReplicaLag"')
    fires(shop, severity="warning")
    engine.run()
    fires(shop, instance="b", severity="critical")
    engine.run()

    (incident,) = shop.incidents()
    assert (incident.status, incident.severity, world.paged(incident)) == (Status.HELD, "critical", [])


def test_a_hold_time_and_a_silence_both_have_to_be_over(doorstep: Doorstep, engine: MovedEngine, world: World) -> None:
    service = world.service("checkout").covered_by([world.person("ada")]).row
    sender = a_sender(doorstep, "alertmanager", service=service, hold=timedelta(minutes=20))
    a_silence('alertname="ReplicaLag"', minutes=10)
    a_silence('alertname="DiskFull"', minutes=30, after=5)
    fires(sender)
    fires(sender, "DiskFull")
    engine.fast_forward(minutes=12)
    lag, disk = sender.incidents()
    assert (lag.status, lag.muted, reasons(lag, "unmuted")) == (Status.HELD, None, ["silence_over"])
    assert (disk.status, disk.due_at) == (Status.HELD, None)

    engine.fast_forward(minutes=10)
    lag, disk = sender.incidents()
    assert (lag.status, reasons(lag, "triggered"), disk.status) == (Status.TRIGGERED, ["hold_over"], Status.HELD)

    engine.fast_forward(minutes=15)
    assert [each.status for each in sender.incidents()] == [Status.TRIGGERED, Status.TRIGGERED]


def test_a_snooze_that_ends_under_a_silence_wakes_nobody(shop: Sender, engine: MovedEngine, world: World) -> None:
    ada = world.person("ada")
    fires(shop)
    engine.run()
    (incident,) = shop.incidents()
    lifecycle.snooze(incident.pk, until=clock.now() + timedelta(minutes=10), by=by(ada.user))
    a_silence('alertname="ReplicaLag"', minutes=30)

    engine.fast_forward(minutes=15)

    (incident,) = shop.incidents()
    assert (incident.status, world.paged(incident)) == (Status.HELD, ["ada"])

    engine.fast_forward(minutes=20)
    assert shop.incidents()[0].status == Status.TRIGGERED


def test_who_escalates_by_hand_pages_whatever_is_muted(shop: Sender, engine: MovedEngine, world: World) -> None:
    a_silence('alertname="ReplicaLag"')
    fires(shop)
    engine.run()
    (incident,) = shop.incidents()
    lifecycle.trigger(incident.pk, by=by(world.person("ben").user), reason="escalated")

    engine.fast_forward(minutes=30)

    (incident,) = shop.incidents()
    assert (incident.status, world.paged(incident)) == (Status.TRIGGERED, ["ada", "ben"])


def test_an_incident_that_takes_in_another_is_looked_at_again(shop: Sender, engine: MovedEngine, world: World) -> None:
    a_silence('alertname="ReplicaLag"')
    fires(shop)
    fires(shop, "DiskFull")
    engine.run()
    silenced, loud = shop.incidents()
    assert (silenced.status, loud.status) == (Status.HELD, Status.TRIGGERED)

    merging.merge(loud.pk, into=silenced.pk, by=by(world.person("ada").user))
    engine.run()

    assert [each.status for each in shop.incidents()] == [Status.TRIGGERED, Status.RESOLVED]


def test_a_window_mutes_its_services_and_pages_when_it_ends(shop: Sender, engine: MovedEngine, world: World) -> None:
    fires(shop, "Before")
    engine.run()
    a_window(30, services=[Service.objects.get(name="checkout")])
    engine.run()
    fires(shop)
    engine.run()

    assert [each.status for each in shop.incidents()] == [Status.HELD, Status.HELD]
    assert {each.muted["reason"] for each in shop.incidents() if each.muted} == {"maintenance"}

    engine.fast_forward(minutes=31)

    assert [each.status for each in shop.incidents()] == [Status.TRIGGERED, Status.TRIGGERED]
    assert reasons(shop.incidents()[1], "triggered") == ["maintenance_over"]
    assert world.paged(shop.incidents()[1]) == ["ada"]


def test_a_window_that_is_ended_early_pages_then_and_comes_again(shop: Sender, engine: MovedEngine) -> None:
    window = a_window(60, integrations=[shop.integration], recurrence="FREQ=DAILY")
    fires(shop)
    engine.run()
    windows.end(window.pk, by="ada")
    engine.run()
    assert shop.incidents()[0].status == Status.TRIGGERED

    engine.fast_forward(hours=24)

    window.refresh_from_db()
    assert window.is_on
    assert shop.incidents()[0].status == Status.HELD


def test_a_window_that_is_taken_away_mutes_no_more(shop: Sender, engine: MovedEngine) -> None:
    window = a_window(60, matchers=['alertname="ReplicaLag"'])
    fires(shop)
    engine.run()

    windows.delete(window.pk)
    engine.run()

    assert shop.incidents()[0].status == Status.TRIGGERED


def test_a_firing_alert_inhibits_others_until_it_resolves(
    shop: Sender, doorstep: Doorstep, engine: MovedEngine, world: World
) -> None:
    probes = a_sender(doorstep, "alertmanager", service=a_service("network"), name="probes")
    a_rule('alertname="DatabaseDown"', 'severity="warning"', "cluster")
    engine.run()
    fires(probes, "DatabaseDown", cluster="a")
    engine.run()
    fires(shop, cluster="a", severity="warning")
    fires(shop, "SlowQueries", cluster="b", severity="warning")
    engine.run()

    inhibited, other = shop.incidents()
    assert (inhibited.status, other.status) == (Status.HELD, Status.TRIGGERED)
    assert inhibited.muted is not None
    assert inhibited.muted["text"] == "Inhibited (rule “db down”, while “DatabaseDown” fires)"
    engine.fast_forward(minutes=30)
    assert world.paged(inhibited) == []

    ends(probes, "DatabaseDown", cluster="a")
    engine.run()

    inhibited = shop.incidents()[0]
    assert (inhibited.status, world.paged(inhibited)) == (Status.TRIGGERED, ["ada"])
    assert reasons(inhibited, "triggered") == ["inhibition_over"]
    assert not InhibitionSource.objects.exists()


def test_an_inhibiting_alert_that_comes_later_stops_the_escalation(shop: Sender, engine: MovedEngine) -> None:
    a_rule('alertname="DatabaseDown"', 'severity="warning"', "cluster")
    fires(shop, cluster="a", severity="warning")
    engine.run()
    fires(shop, "DatabaseDown", cluster="a")
    engine.run()

    assert [each.status for each in shop.incidents()] == [Status.HELD, Status.TRIGGERED]


def test_source_and_target_in_one_message(shop: Sender, engine: MovedEngine) -> None:
    a_rule('alertname="DatabaseDown"', 'severity="warning"', "cluster")
    shop.post(from_alertmanager(prometheus_alert(severity="warning", cluster="a"), group="one"))
    shop.post(from_alertmanager(prometheus_alert("DatabaseDown", cluster="a"), group="two"))
    engine.run()

    assert [each.status for each in shop.incidents()] == [Status.HELD, Status.TRIGGERED]


def test_alerts_that_lack_all_equal_labels_do_not_inhibit_one_another(shop: Sender, engine: MovedEngine) -> None:
    a_rule('alertname="DatabaseDown"', 'severity="warning"', "cluster")
    fires(shop, "DatabaseDown")
    fires(shop, severity="warning")
    engine.run()

    assert {each.status for each in shop.incidents()} == {Status.TRIGGERED}


def test_an_alert_that_matches_both_sides_is_not_inhibited_by_such_ones(shop: Sender, engine: MovedEngine) -> None:
    a_rule('cluster="a"', 'severity="critical"', "cluster")
    fires(shop, "One", cluster="a")
    fires(shop, "Two", cluster="a")
    engine.run()
    assert {each.status for each in shop.incidents()} == {Status.TRIGGERED}

    fires(shop, "Source", cluster="a", severity="warning")
    engine.run()

    assert [each.status for each in shop.incidents()] == [Status.HELD, Status.HELD, Status.TRIGGERED]


def test_a_rule_that_is_made_while_things_fire_finds_them(shop: Sender, engine: MovedEngine) -> None:
    fires(shop, "DatabaseDown", cluster="a")
    fires(shop, cluster="a", severity="warning")
    engine.run()

    a_rule('alertname="DatabaseDown"', 'severity="warning"', "cluster")
    engine.run()
    assert [each.status for each in shop.incidents()] == [Status.TRIGGERED, Status.HELD]

    inhibition.delete(InhibitionRule.objects.get().pk)
    engine.run()
    assert [each.status for each in shop.incidents()] == [Status.TRIGGERED, Status.TRIGGERED]


def test_what_fires_again_after_its_end_and_is_silenced_is_held(
    doorstep: Doorstep, engine: MovedEngine, world: World, carriers: Carriers
) -> None:
    service = world.service("checkout").covered_by([world.person("ada")]).row
    sender = a_sender(doorstep, "alertmanager", service=service, reopen_within=timedelta(hours=1))
    fires(sender)
    engine.run()
    ends(sender)
    engine.run()
    a_silence('alertname="ReplicaLag"')
    sender.post(from_alertmanager(prometheus_alert(starts="2026-03-01T12:00:00Z"), group="ReplicaLag"))

    engine.run()

    (incident,) = sender.incidents()
    assert (incident.status, world.paged(incident)) == (Status.HELD, ["ada"])


def test_a_recurring_window_ends_by_the_wall_clock_on_the_night_it_is_changed(
    shop: Sender, engine: MovedEngine, world: World
) -> None:
    noon = datetime(2027, 3, 27, 12, tzinfo=UTC)
    engine.leap(seconds=(noon - clock.now()).total_seconds())
    nights = WindowWish(
        name="nights",
        starts=datetime.fromisoformat("2027-03-01T22:00"),
        duration=timedelta(hours=8),
        time_zone="Europe/Berlin",
        recurrence="FREQ=DAILY",
        integrations=[shop.integration],
    )
    windows.create(nights, owner="ada")
    engine.fast_forward(hours=10)
    fires(shop)
    engine.run()

    engine.fast_forward(hours=5, minutes=55)  # 03:55 UTC: 05:55 in Berlin by its new time
    assert (shop.incidents()[0].status, world.paged(shop.incidents()[0])) == (Status.HELD, [])

    engine.fast_forward(minutes=6)
    assert (shop.incidents()[0].status, world.paged(shop.incidents()[0])) == (Status.TRIGGERED, ["ada"])
