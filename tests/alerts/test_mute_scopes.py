"""What was muted for one service or integration never becomes muted for all, because that one was deleted."""

from datetime import timedelta

import pytest

from accounts.models import Role
from alerts.integrations.keys import RouteWish, create_integration
from alerts.models import Integration
from alerts.muting import scope, silences, windows
from alerts.muting.models import MaintenanceWindow, Silence
from alerts.muting.silences import SilenceWish
from alerts.muting.windows import WindowWish
from catalog.models import Service
from core import clock
from incidents.states import Status
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service, a_user, an_api
from tests.world import MovedEngine


@pytest.fixture
def checkout(doorstep: Doorstep) -> Sender:
    """What must go on paging."""
    return a_sender(doorstep, "generic", service=a_service("checkout"), name="checkout")


@pytest.fixture
def old_service(checkout: Sender) -> Service:
    """Somebody deletes it."""
    return a_service("old")


@pytest.fixture
def old_integration(checkout: Sender, old_service: Service) -> Integration:
    """Somebody deletes it."""
    return create_integration(name="old", source="generic", routes=[RouteWish(old_service)])[0]


def a_window(name: str = "work", **scope_of: object) -> MaintenanceWindow:
    starts = windows.local_now("UTC") - timedelta(minutes=5)
    wish = WindowWish(name, starts, timedelta(hours=4), **scope_of)  # type: ignore[arg-type]  # parts by name
    return windows.create(wish, owner="ada")


def a_silence(**scope_of: object) -> Silence:
    ends_at = clock.now() + timedelta(hours=4)
    return silences.create(SilenceWish(['severity=~".+"'], ends_at, "work", **scope_of), owner="ada")  # type: ignore[arg-type]  # parts by name


def pages(sender: Sender, engine: MovedEngine) -> bool:
    """Whether what fires now pages."""
    sender.post({"title": "Timeout", "severity": "critical"})
    engine.run()
    return [each.status for each in sender.incidents()] == [Status.TRIGGERED]


def test_a_window_whose_last_service_is_deleted_mutes_nothing(
    checkout: Sender, old_service: Service, engine: MovedEngine
) -> None:
    a_window(services=[old_service])
    engine.run()

    old_service.delete()

    assert pages(checkout, engine)


def test_nor_does_one_with_matchers(checkout: Sender, old_service: Service, engine: MovedEngine) -> None:
    a_window(services=[old_service], matchers=['severity="critical"'])
    engine.run()

    old_service.delete()

    assert pages(checkout, engine)


def test_a_window_whose_last_integration_is_deleted_mutes_nothing(
    checkout: Sender, old_integration: Integration, engine: MovedEngine
) -> None:
    a_window(integrations=[old_integration], matchers=['severity="critical"'])
    engine.run()

    old_integration.delete()

    assert pages(checkout, engine)


def test_a_window_that_has_others_left_goes_on_for_those(
    checkout: Sender, old_service: Service, engine: MovedEngine
) -> None:
    window = a_window(services=[old_service, Service.objects.get(name="checkout")])
    engine.run()

    old_service.delete()

    assert not pages(checkout, engine)
    assert scope.end_lost(clock.now()) == 0
    window.refresh_from_db()
    assert window.is_active


def test_a_silence_whose_service_or_integration_is_deleted_mutes_nothing(
    checkout: Sender, old_service: Service, old_integration: Integration, engine: MovedEngine
) -> None:
    a_silence(service=old_service)
    a_silence(integration=old_integration)
    engine.run()

    old_integration.delete()
    old_service.delete()

    assert pages(checkout, engine)


def test_what_is_for_nothing_any_more_is_ended_and_says_why(
    checkout: Sender, old_service: Service, engine: MovedEngine
) -> None:
    window, silence = a_window(services=[old_service]), a_silence(service=old_service)
    engine.run()
    old_service.delete()

    ended = scope.end_lost(clock.now())
    engine.run()

    window.refresh_from_db()
    silence.refresh_from_db()
    assert (ended, scope.end_lost(clock.now())) == (2, 0)
    assert (window.is_active, window.is_on, window.ended_by) == (False, False, scope.BY_DELETION)
    assert (silence.state, silence.ended_by) == ("expired", scope.BY_DELETION)


def test_a_change_of_something_else_does_not_make_it_wider(
    checkout: Sender, old_service: Service, engine: MovedEngine
) -> None:
    api = an_api(a_user("root", role=Role.ADMIN))
    window = a_window(services=[old_service], matchers=['severity="critical"'])
    silence = a_silence(service=old_service)
    old_service.delete()

    renamed = api.patch(f"/api/v1/maintenance-windows/{window.pk}/", {"comment": "longer"})
    prolonged = api.patch(f"/api/v1/silences/{silence.pk}/", {"comment": "longer"})

    assert (renamed.status_code, prolonged.status_code) == (400, 409)
    assert "have been deleted" in renamed.json()["error"]["message"]
    assert "has been deleted" in prolonged.json()["error"]["message"]
    assert pages(checkout, engine)


def test_nor_do_several_changes_one_after_the_other(
    checkout: Sender, old_service: Service, engine: MovedEngine
) -> None:
    api = an_api(a_user("root", role=Role.ADMIN))
    window = a_window(services=[old_service], matchers=['severity="critical"'])
    old_service.delete()
    scope.end_lost(clock.now())
    url = f"/api/v1/maintenance-windows/{window.pk}/"

    annotated = api.patch(url, {"comment": "what was this for?"})
    switched_on = api.patch(url, {"active": True})

    assert (annotated.status_code, switched_on.status_code) == (200, 400)
    assert pages(checkout, engine)


def test_one_for_a_service_of_an_integration_does_not_become_one_for_the_whole_service(
    checkout: Sender, old_integration: Integration, engine: MovedEngine
) -> None:
    api = an_api(a_user("root", role=Role.ADMIN))
    window = a_window(services=[Service.objects.get(name="checkout")], integrations=[old_integration])
    old_integration.delete()

    annotated = api.patch(f"/api/v1/maintenance-windows/{window.pk}/", {"comment": "longer"})

    assert (annotated.status_code, list(annotated.json()["error"]["fields"])) == (400, ["integrations"])
    assert pages(checkout, engine)


def test_what_it_was_for_is_named_anew(checkout: Sender, old_service: Service, engine: MovedEngine) -> None:
    api = an_api(a_user("root", role=Role.ADMIN))
    window = a_window(services=[old_service])
    old_service.delete()
    scope.end_lost(clock.now())

    changed = api.patch(
        f"/api/v1/maintenance-windows/{window.pk}/", {"services": ["checkout"], "active": True, "duration": "5h"}
    )

    assert changed.status_code == 200
    assert not pages(checkout, engine)


def test_a_window_for_matchers_alone_is_for_all(checkout: Sender, engine: MovedEngine) -> None:
    a_window(matchers=['severity="critical"'])
    engine.run()

    assert not pages(checkout, engine)
    assert scope.end_lost(clock.now()) == 0
