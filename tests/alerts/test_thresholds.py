"""A route with a threshold pages when enough comes, and routes are asked within their hours."""

from datetime import timedelta

import pytest

from alerts.integrations.keys import RouteWish, create_integration, set_routes
from alerts.models import Threshold
from alerts.muting import silences
from alerts.muting.silences import SilenceWish
from catalog.models import Service
from core import clock
from core.errors import Invalid
from incidents.models import Incident
from incidents.states import Status
from tests.alerts.doorstep import Doorstep, Sender
from tests.factories import a_service
from tests.world import MovedEngine

TEN_MINUTES = timedelta(minutes=10)


def _sender(doorstep: Doorstep, service: Service, **further: object) -> Sender:
    wishes = [RouteWish(service, 'severity == "error"', more_than=3, within=TEN_MINUTES), RouteWish(service)]
    integration, key = create_integration(name="app", source="generic", routes=wishes, **further)  # type: ignore[arg-type]  # settings by name
    return Sender(doorstep, integration, key)


@pytest.fixture
def service(transactional_db: None) -> Service:
    return a_service("checkout")


@pytest.fixture
def app(doorstep: Doorstep, service: Service) -> Sender:
    return _sender(doorstep, service)


def _error(status: str = "firing") -> dict[str, str]:
    return {"title": "Timeout", "severity": "error", "status": status, "dedup_key": "timeout"}


def _incident() -> Incident:
    return Incident.objects.get()


def test_below_the_threshold_an_incident_is_held_and_it_pages_when_that_is_reached(
    app: Sender, engine: MovedEngine
) -> None:
    for _ in range(3):
        app.post(_error())
        engine.fast_forward(minutes=2)
    below = _incident()
    app.post(_error())
    engine.run()

    reached = _incident()
    held = below.timeline.get(kind="below_threshold")
    assert (below.status, below.due_at, below.triggered_at) == (Status.HELD, None, None)
    assert held.reason == "below_threshold"
    assert "more than 3 messages come within 10m; 1 so far" in held.text
    assert reached.status == Status.TRIGGERED
    assert reached.timeline.get(kind="triggered").reason == "threshold_reached"
    assert not Threshold.objects.exists()


def test_what_comes_seldom_never_pages(app: Sender, engine: MovedEngine) -> None:
    for _ in range(8):
        app.post(_error())
        engine.fast_forward(minutes=4)

    assert _incident().status == Status.HELD


def test_enough_at_once_pages_at_once(app: Sender, engine: MovedEngine) -> None:
    for _ in range(4):
        app.post(_error())

    engine.run()

    incident = _incident()
    assert (incident.status, incident.timeline.filter(kind="below_threshold").count()) == (Status.TRIGGERED, 0)


def test_what_is_over_below_the_threshold_pages_nobody(app: Sender, engine: MovedEngine) -> None:
    app.post(_error())
    app.post(_error("resolved"))
    engine.run()
    app.post(_error("resolved"))
    engine.run()

    incident = _incident()
    assert (incident.status, incident.triggered_at) == (Status.RESOLVED, None)


def test_another_route_pages_at_once(app: Sender, engine: MovedEngine) -> None:
    app.post({**_error(), "severity": "critical"})

    engine.run()

    assert _incident().status == Status.TRIGGERED


def test_what_comes_by_a_route_without_a_threshold_pages_with_all_that_is_held_back(
    doorstep: Doorstep, engine: MovedEngine, service: Service
) -> None:
    app = _sender(doorstep, service, group_by=["job"])
    app.post({**_error(), "labels": {"job": "api"}})
    engine.run()
    held = _incident().status

    app.post({"title": "Slow", "severity": "info", "dedup_key": "slow", "labels": {"job": "api"}})
    engine.run()

    assert (held, _incident().status) == (Status.HELD, Status.TRIGGERED)
    assert _incident().timeline.get(kind="triggered").reason == "route_without_threshold"


def test_but_not_if_that_is_muted(doorstep: Doorstep, engine: MovedEngine, service: Service) -> None:
    app = _sender(doorstep, service, group_by=["job"])
    ends_at = clock.now() + timedelta(hours=1)
    silences.create(SilenceWish(['severity="info"'], ends_at, "known"), owner="ada")
    app.post({**_error(), "labels": {"job": "api"}})
    engine.run()

    app.post({"title": "Slow", "severity": "info", "dedup_key": "slow", "labels": {"job": "api"}})
    engine.run()

    assert _incident().status == Status.HELD


def test_of_several_thresholds_in_one_incident_the_lowest_counts(
    doorstep: Doorstep, engine: MovedEngine, service: Service
) -> None:
    wishes = [
        RouteWish(service, 'severity == "info"', more_than=100, within=TEN_MINUTES),
        RouteWish(service, 'severity == "warning"', more_than=2, within=TEN_MINUTES),
        RouteWish(service),
    ]
    integration, key = create_integration(name="app", source="generic", routes=wishes, group_by=["job"])
    app = Sender(doorstep, integration, key)
    # The severity of the group is known from the start: it does not rise, which would page by itself.
    alerts = [{"title": each, "dedup_key": each, "severity": each, "labels": {"job": "api"}} for each in ("info",)]
    app.post(alerts[0])
    engine.run()
    Incident.objects.update(severity="critical")

    statuses = []
    for number in range(2):
        app.post({"title": "w", "dedup_key": f"w{number}", "severity": "warning", "labels": {"job": "api"}})
        engine.run()
        statuses.append(_incident().status)

    assert statuses == [Status.HELD, Status.TRIGGERED]


# Storms.


def _noise(app: Sender, *numbers: int) -> None:
    for number in numbers:
        app.post({"title": f"Noise {number}", "severity": "error", "dedup_key": f"n{number}"})


@pytest.fixture
def noisy(doorstep: Doorstep, service: Service) -> Sender:
    wishes = [RouteWish(service, 'severity == "error"', more_than=20, within=TEN_MINUTES), RouteWish(service)]
    integration, key = create_integration(name="app", source="generic", routes=wishes, storm_after=5)
    return Sender(doorstep, integration, key)


def _standing() -> list[Incident]:
    return list(Incident.objects.exclude(status=Status.RESOLVED).order_by("id"))


def test_what_is_held_back_takes_nothing_that_pages_into_a_storm(noisy: Sender, engine: MovedEngine) -> None:
    _noise(noisy, *range(12))
    engine.run()

    for number in range(3):
        noisy.post({"title": f"Down {number}", "severity": "critical", "dedup_key": f"d{number}"})
        _noise(noisy, 100 + number)
    engine.run()

    paging = [each.title for each in _standing() if each.status == Status.TRIGGERED]
    assert paging == ["Down 0", "Down 1", "Down 2"]


def test_what_is_held_back_is_gathered_by_itself_and_counts_together(noisy: Sender, engine: MovedEngine) -> None:
    _noise(noisy, *range(12))
    engine.run()
    (held,) = _standing()
    _noise(noisy, *range(12, 21))
    engine.run()

    (reached,) = _standing()
    assert (held.status, held.alert_count) == (Status.HELD, 12)
    assert (reached.pk, reached.status, reached.alert_count) == (held.pk, Status.TRIGGERED, 21)
    assert reached.timeline.get(kind="triggered").reason == "threshold_reached"


def test_what_was_gathered_later_counts_too(noisy: Sender, engine: MovedEngine) -> None:
    for number in range(5):
        _noise(noisy, *[number] * 3)
        engine.run()
    apart = len(_standing())
    _noise(noisy, 5, 6)
    engine.run()

    (together,) = _standing()
    row = Threshold.objects.get()
    assert (apart, together.status, together.alert_count) == (5, Status.HELD, 7)
    assert (row.incident_id, len(row.moments)) == (together.pk, 17)
    _noise(noisy, *range(4))
    engine.run()
    assert _standing()[0].status == Status.TRIGGERED


def test_a_silence_that_ends_below_the_threshold_pages_nobody(app: Sender, engine: MovedEngine) -> None:
    ends_at = clock.now() + timedelta(minutes=30)
    silences.create(SilenceWish(['severity="error"'], ends_at, "deploying"), owner="ada")
    app.post(_error())
    engine.run()
    silenced = _incident().muted

    engine.fast_forward(minutes=31)
    after = _incident()
    for _ in range(4):
        app.post(_error())
    engine.run()

    assert (silenced or {})["reason"] == "silenced"
    assert (after.status, after.muted, after.due_at) == (Status.HELD, None, None)
    assert _incident().status == Status.TRIGGERED


@pytest.mark.parametrize(
    ("wish", "problem"),
    [
        ({"more_than": 3}, "two parts"),
        ({"more_than": 3, "within": timedelta(seconds=1)}, "ten seconds to a day"),
        ({"hours": "always"}, "for example"),
    ],
)
def test_routes_that_say_nothing_are_refused(
    app: Sender, service: Service, wish: dict[str, object], problem: str
) -> None:
    with pytest.raises(Invalid) as refused:
        set_routes(app.integration, [RouteWish(service, "true", **wish), RouteWish(service)])  # type: ignore[arg-type]  # a mix of types by name

    assert problem in str(refused.value)


def test_the_incident_says_which_route_was_not_asked_outside_its_hours(
    doorstep: Doorstep, engine: MovedEngine, service: Service
) -> None:
    never = f"{clock.now() + timedelta(days=3):%a} 00:00-24:00 UTC"
    special = a_service("special")
    wishes = [RouteWish(special, "true", hours=never), RouteWish(service)]
    integration, key = create_integration(name="app", source="generic", routes=wishes)

    Sender(doorstep, integration, key).post(_error())
    engine.run()

    routed = _incident().timeline.get(kind="routed")
    assert _incident().service == service
    assert "Route 1 was not asked: outside its hours." in routed.text
