"""What ought to ping and does not raises an alert, which ends when it is back."""

from datetime import timedelta

import pytest

from alerts.heartbeats import verbs as heartbeats
from alerts.heartbeats import watching
from alerts.heartbeats.models import Attendance, Heartbeat, HeartbeatState
from alerts.heartbeats.verbs import Wish
from alerts.models import Alert
from catalog.models import Service
from core import clock
from core.errors import Invalid
from incidents.models import Incident
from incidents.states import Status
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service
from tests.world import MovedEngine

MINUTE = timedelta(minutes=1)


@pytest.fixture
def service(transactional_db: None) -> Service:
    return a_service("backups")


def a_heartbeat(service: Service, name: str = "nightly backup", grace: timedelta = MINUTE) -> tuple[Heartbeat, str]:
    return heartbeats.create(Wish(name, service=service, period=5 * MINUTE, grace=grace))


def _incident() -> Incident:
    return Incident.objects.get()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_ping_by_its_own_key_makes_it_alive(
    doorstep: Doorstep, engine: MovedEngine, service: Service, method: str
) -> None:
    heartbeat, key = a_heartbeat(service)

    answered = doorstep.send(method, f"/heartbeat/{key}/")
    engine.run()

    heartbeat.refresh_from_db()
    assert answered.status == 200
    assert (heartbeat.state, heartbeat.reason) == (HeartbeatState.ALIVE, "pinged")
    assert heartbeat.last_ping_at is not None
    assert heartbeat.due_at == heartbeat.last_ping_at + 6 * MINUTE


def test_one_that_stays_away_pages_and_resolves_when_it_is_back(
    doorstep: Doorstep, engine: MovedEngine, service: Service
) -> None:
    heartbeat, key = a_heartbeat(service)
    doorstep.post(f"/heartbeat/{key}/", b"")

    engine.fast_forward(minutes=5)
    before = Incident.objects.count()
    engine.fast_forward(minutes=1.5)
    incident = _incident()
    doorstep.post(f"/heartbeat/{key}/", b"")
    engine.run()

    heartbeat.refresh_from_db()
    alert = Alert.objects.get()
    resolved = _incident()
    assert before == 0
    assert (incident.status, incident.service, incident.title) == (
        Status.TRIGGERED,
        service,
        "Heartbeat “nightly backup” was missed",
    )
    assert [entry.reason for entry in incident.timeline.filter(kind__in=["opened", "resolved"])] == [
        "heartbeat_missed",
        "heartbeat_back",
    ]
    assert "Expected every 5m and 1m of grace." in alert.description
    assert (resolved.status, heartbeat.state) == (Status.RESOLVED, HeartbeatState.ALIVE)


def test_pings_in_time_raise_nothing(doorstep: Doorstep, engine: MovedEngine, service: Service) -> None:
    _, key = a_heartbeat(service)

    for _ in range(5):
        doorstep.send("GET", f"/heartbeat/{key}/")
        engine.fast_forward(minutes=5.5)

    assert not Alert.objects.exists()


def test_one_that_was_never_pinged_raises_nothing(engine: MovedEngine, service: Service) -> None:
    heartbeat, _ = a_heartbeat(service)

    engine.fast_forward(hours=48)

    heartbeat.refresh_from_db()
    assert (heartbeat.state, Alert.objects.count()) == (HeartbeatState.WAITING, 0)


def test_a_ping_by_the_integrations_key_means_all_of_its_heartbeats_or_the_named_one(
    doorstep: Doorstep, engine: MovedEngine, prometheus: Sender
) -> None:
    first, second = (
        heartbeats.create(Wish(name, period=MINUTE, integration=prometheus.integration))[0]
        for name in ("watchdog", "rules")
    )

    named = doorstep.send("GET", f"/integrations/v1/alertmanager/{prometheus.key}/heartbeat/watchdog/")
    engine.run()
    after_named = list(Heartbeat.objects.order_by("id").values_list("state", flat=True))
    unnamed = doorstep.send("POST", f"/integrations/alertmanager/{prometheus.key}/heartbeat/")
    engine.run()
    after_unnamed = list(Heartbeat.objects.order_by("id").values_list("state", flat=True))

    assert (named.status, unnamed.status) == (200, 200)
    assert after_named == ["alive", "waiting"]
    assert after_unnamed == ["alive", "alive"]
    assert first.pk < second.pk


def test_the_routes_of_its_integration_are_asked_where_it_names_no_service(
    doorstep: Doorstep, engine: MovedEngine, transactional_db: None
) -> None:
    special = a_service("special")
    sender = a_sender(
        doorstep, service=a_service("checkout"), routes=[('labels.heartbeat == "watchdog"', special)], name="prom"
    )
    heartbeat, _ = heartbeats.create(Wish("watchdog", period=MINUTE, integration=sender.integration))
    heartbeats.ping(heartbeat.pk)

    engine.fast_forward(minutes=2)

    assert (_incident().service, _incident().origin) == (special, "prom")
    sender.integration.refresh_from_db()
    assert sender.integration.last_event_at is None


def test_an_address_nobody_knows_is_refused(doorstep: Doorstep, transactional_db: None) -> None:
    answered = [
        doorstep.send("GET", "/heartbeat/" + "x" * 32),
        doorstep.send("GET", "/integrations/generic/" + "x" * 32 + "/heartbeat/"),
        doorstep.send("GET", "/integrations/generic/" + "x" * 32 + "/heartbeat/with\x00nul"),
    ]

    assert [each.status for each in answered] == [403, 403, 403]
    assert answered[0].json["error"]["code"] == "unknown_heartbeat"


def test_our_own_outage_is_no_storm_of_misses(doorstep: Doorstep, engine: MovedEngine, service: Service) -> None:
    keys = [a_heartbeat(service, f"job {number}")[1] for number in range(3)]
    for key in keys:
        doorstep.send("GET", f"/heartbeat/{key}/")
    engine.run()

    engine.leap(hours=2)
    after_outage = set(Heartbeat.objects.values_list("state", "reason"))
    for key in keys[:2]:
        doorstep.send("GET", f"/heartbeat/{key}/")
    engine.fast_forward(minutes=2)

    assert after_outage == {("alive", "grace_after_absence")}
    assert list(Alert.objects.values_list("title", flat=True)) == ["Heartbeat “job 2” was missed"]
    assert "Tocsin itself was away" in Alert.objects.get().description


def test_what_falls_due_soon_after_our_own_absence_is_waited_for_too(engine: MovedEngine, service: Service) -> None:
    heartbeat, _ = a_heartbeat(service, grace=10 * MINUTE)
    heartbeats.ping(heartbeat.pk)
    engine.fast_forward(minutes=14)
    real = clock.now() - clock.moved()
    Attendance.objects.update_or_create(who=watching.ENGINE, defaults={"at": real - 3 * MINUTE})

    watching.sign_in()

    heartbeat.refresh_from_db()
    assert heartbeat.reason == "grace_after_absence"
    assert heartbeat.due_at is not None
    assert heartbeat.due_at > clock.now() + 9 * MINUTE


def test_nothing_counts_as_missed_while_no_door_is_open_to_pings(transactional_db: None) -> None:
    real = clock.now() - clock.moved()
    Attendance.objects.create(who=watching.DOOR, at=real - 2 * MINUTE)
    without_door = watching.sign_in()
    Attendance.objects.filter(who=watching.DOOR).update(at=real)
    with_door = watching.sign_in()
    Attendance.objects.filter(who=watching.DOOR).update(at=real - timedelta(hours=1))
    long_without = watching.sign_in()

    assert (without_door, with_door, long_without) == (False, True, True)


def test_an_open_door_shows_itself(doorstep: Doorstep, transactional_db: None) -> None:
    async def open_it() -> None:
        doorstep.door.open()

    doorstep.run(open_it())
    doorstep.send("GET", "/heartbeat/" + "x" * 32)

    assert Attendance.objects.filter(who=watching.DOOR).exists()


def test_pausing_ends_its_alert_and_resuming_gives_it_a_whole_period(engine: MovedEngine, service: Service) -> None:
    heartbeat, _ = a_heartbeat(service)
    heartbeats.ping(heartbeat.pk)
    engine.fast_forward(minutes=7)

    paused = [heartbeats.pause(heartbeat.pk), heartbeats.pause(heartbeat.pk)]
    engine.fast_forward(hours=5)
    resolved = _incident()
    resumed = [heartbeats.resume(heartbeat.pk), heartbeats.resume(heartbeat.pk)]
    engine.fast_forward(minutes=5)

    heartbeat.refresh_from_db()
    assert (paused, resumed) == ([True, False], [True, False])
    assert resolved.timeline.get(kind="resolved").reason == "heartbeat_paused"
    assert (heartbeat.state, Incident.objects.count()) == (HeartbeatState.ALIVE, 1)


def test_deleting_ends_its_alert(engine: MovedEngine, service: Service) -> None:
    heartbeat, _ = a_heartbeat(service)
    heartbeats.ping(heartbeat.pk)
    engine.fast_forward(minutes=7)

    heartbeats.delete(heartbeat.pk)
    engine.run()

    assert (Heartbeat.objects.count(), _incident().status) == (0, Status.RESOLVED)


def test_a_longer_period_counts_from_the_last_ping(engine: MovedEngine, service: Service) -> None:
    heartbeat, _ = a_heartbeat(service)
    heartbeats.ping(heartbeat.pk)
    engine.run()

    heartbeats.change(heartbeat.pk, period=timedelta(hours=1))
    engine.fast_forward(minutes=50)

    assert not Alert.objects.exists()


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"period": timedelta(seconds=1)}, "period"),
        ({"grace": timedelta(seconds=-1)}, "grace"),
        ({"service": None}, "service"),
    ],
)
def test_what_could_never_work_is_refused(service: Service, wish: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        heartbeats.create(Wish(**{"name": "x", "period": MINUTE, "service": service, **wish}))  # type: ignore[arg-type]  # a mix of types by name

    assert list(refused.value.fields) == [field]
