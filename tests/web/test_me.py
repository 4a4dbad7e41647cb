"""Somebody's own page, and who is on call now."""

from django.test import Client

from accounts.models import User
from notifications.models import Kind
from tests import factories
from tests.fakes import Carriers
from tests.web.conftest import SignIn
from tests.world import MovedEngine, World


def test_times_follow_the_zone_she_chooses(browser: Client, ada: User) -> None:
    browser.post("/me/", {"time_zone": "Asia/Tokyo"})

    ada.refresh_from_db()
    assert ada.time_zone == "Asia/Tokyo"
    assert "your time zone, Asia/Tokyo" in browser.get("/on-call/").content.decode()


def test_a_zone_nobody_knows_is_refused_with_an_example(browser: Client, ada: User) -> None:
    answer = browser.post("/me/", {"time_zone": "Moon/Crater"})

    ada.refresh_from_db()
    assert answer.status_code == 422
    assert "Use a name like Europe/Berlin" in answer.content.decode()
    assert ada.time_zone == "Europe/Berlin"


def test_a_test_page_reaches_her_and_its_end_shows(
    world: World, engine: MovedEngine, carriers: Carriers, signed_in: SignIn
) -> None:
    ada = world.person("ada")
    browser = signed_in(ada.user)

    browser.post("/me/test-page/")
    engine.run()

    page = browser.get("/me/").content.decode()
    assert len(carriers.sms.to(ada).texts) == 1
    assert page.count("Accepted") == 2
    assert page.count("Delivered") == 1


def test_two_test_pages_need_a_minute_between_them(
    world: World, engine: MovedEngine, carriers: Carriers, signed_in: SignIn
) -> None:
    ada = world.person("ada")
    browser = signed_in(ada.user)

    browser.post("/me/test-page/")
    browser.post("/me/test-page/")

    assert ada.user.deliveries.filter(kind=Kind.TEST).count() == 3


def test_light_or_dark_is_a_cookie_and_only_one_of_three(browser: Client) -> None:
    browser.post("/me/theme/", {"theme": "dark"})
    assert 'data-theme="dark"' in browser.get("/").content.decode()

    browser.post("/me/theme/", {"theme": '"><script>'})
    assert 'data-theme=""' in browser.get("/").content.decode()


def test_who_is_on_call_until_when_and_who_is_next(browser: Client, ada: User) -> None:
    factories.a_schedule("nights", people=[ada, factories.a_user("ben")], time_zone="Europe/Berlin")

    page = browser.get("/on-call/").content.decode()

    assert "nights" in page
    assert "(you)" in page or "ben" in page
    assert "rotation weekly" in page
    assert "Next" in page


def test_a_schedule_without_anybody_says_what_happens_then(browser: Client) -> None:
    factories.a_schedule("nights")

    assert "Nobody is on call. A page to this schedule goes to its team's managers." in (
        browser.get("/on-call/").content.decode().replace("&#x27;", "'")
    )
