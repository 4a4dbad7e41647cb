"""A second browser sees a change within a second; with live updates stopped it polls, and says so."""

import time
from contextlib import suppress

import httpx
import pytest
from playwright.sync_api import APIResponse, Error, Page, Route, expect

from tests.fakes.waiting import wait_for
from tests.ui.conftest import Desks, Installation


def is_live(page: Page) -> None:
    """Wait until the page hears beats."""
    expect(page.locator("[data-pulse]")).to_have_text("Live", timeout=45_000)


def acknowledge(page: Page, number: int) -> None:
    """Press the button of this incident in the list."""
    page.locator(f"#incident-{number}").get_by_role("button", name="Acknowledge").click()


def test_a_second_browser_sees_a_change_within_a_second(installation: Installation, desks: Desks) -> None:
    numbers = [installation.fire(f"Seen by two, {each}") for each in range(3)]
    mine, other = desks().open(), desks().open()
    is_live(mine)
    is_live(other)

    took = []
    for number in numbers:
        status = other.locator(f"#incident-{number} .status")
        expect(status).to_have_text("Triggered")
        acknowledge(mine, number)
        expect(mine.locator(f"#incident-{number} .status")).to_have_text("Acknowledged")
        began = time.monotonic()
        expect(status).to_have_text("Acknowledged")
        took.append(time.monotonic() - began)

    # The best of three: what a busy test machine adds is not ours.
    assert min(took) < 1.0, took


def test_a_note_shows_in_a_second_browser_within_a_second(installation: Installation, desks: Desks) -> None:
    number = installation.fire("Noted on by two")
    mine, other = (desks().open(f"/incidents/{number}/") for _ in range(2))
    is_live(mine)
    is_live(other)

    took = []
    for each in range(3):
        mine.get_by_label("Note").fill(f"Number {each}")
        mine.get_by_role("button", name="Add", exact=True).click()
        expect(mine.locator("#incident-timeline")).to_contain_text(f"Number {each}")
        began = time.monotonic()
        expect(other.locator("#incident-timeline")).to_contain_text(f"Number {each}")
        took.append(time.monotonic() - began)

    assert min(took) < 1.0, took


def test_a_look_taken_before_the_button_was_pressed_undoes_nothing(installation: Installation, desks: Desks) -> None:
    number = installation.fire("Answers cross")
    page = desks().open()
    is_live(page)
    held: dict[str, tuple[Route, APIResponse]] = {}

    def hold(route: Route) -> None:
        if route.request.headers.get("hx-request") and route.request.method not in held:
            held[route.request.method] = (route, route.fetch())
        else:
            route.continue_()

    def let_go(method: str) -> None:
        route, answer = held[method]
        with suppress(Error):  # it may be waited for no longer
            route.fulfill(response=answer)

    def is_held(method: str) -> bool:
        page.wait_for_timeout(20)  # in which the routes above are asked
        return method in held

    page.route("**/*", hold)
    page.evaluate("htmx.trigger('#incident-list', 'refresh')")
    wait_for(lambda: is_held("GET"), 10, "the look")
    acknowledge(page, number)
    wait_for(lambda: is_held("POST"), 10, "the button's answer")
    let_go("GET")
    let_go("POST")

    expect(page.locator(f"#incident-{number} .status")).to_have_text("Acknowledged")


def test_a_new_alert_shows_by_itself_within_two_seconds(installation: Installation, desks: Desks) -> None:
    page = desks().open()
    is_live(page)

    installation.fire("Shows by itself")

    expect(page.get_by_role("link", name="Shows by itself")).to_be_visible(timeout=2000)


def test_what_the_worker_changes_is_seen_too(installation: Installation, desks: Desks) -> None:
    installation.stack.sql("update alerts_integration set hold = '3 seconds'")
    try:
        number = installation.fire("Held back for three seconds")
    finally:
        installation.stack.sql("update alerts_integration set hold = '0'")
    page = desks().open(f"/incidents/{number}/")
    standing = page.locator("#incident-head .status")

    expect(standing).to_have_text("Triggered", timeout=8000)


def test_a_note_that_is_being_written_outlives_what_happens_meanwhile(installation: Installation, desks: Desks) -> None:
    number = installation.fire("Somebody writes a note")
    mine, other = desks().open(f"/incidents/{number}/"), desks().open()
    is_live(mine)
    mine.get_by_label("Note").fill("It is the")

    acknowledge(other, number)

    expect(mine.locator("#incident-head .status")).to_have_text("Acknowledged")
    assert mine.get_by_label("Note").input_value() == "It is the"


def test_what_the_reader_unfolded_stays_unfolded(installation: Installation, desks: Desks) -> None:
    number = installation.fire("Unfolded")
    mine, other = desks().open(f"/incidents/{number}/"), desks().open()
    is_live(mine)
    mine.get_by_text("Why it is in this incident").click()

    acknowledge(other, number)

    expect(mine.locator("#incident-head .status")).to_have_text("Acknowledged")
    expect(mine.locator(".why-here .facts")).to_be_visible()


def test_without_redis_pages_poll_people_sign_in_and_acknowledge(installation: Installation, desks: Desks) -> None:
    number = installation.fire("Redis is gone")
    watching = desks().open()
    is_live(watching)

    installation.valkey.kill()
    try:
        helper = desks(fresh=True).open()
        acknowledge(helper, number)
        began = time.monotonic()
        expect(watching.locator(f"#incident-{number} .status")).to_have_text("Acknowledged", timeout=10_000)
        took = time.monotonic() - began
        expect(watching.locator("#paused")).to_contain_text("Live updates are paused")
    finally:
        installation.valkey.start()

    is_live(watching)
    expect(watching.locator("#paused")).to_be_hidden()
    assert took < 10


def test_when_tocsin_cannot_be_reached_the_page_says_so(installation: Installation, desks: Desks) -> None:
    desk = desks()
    page = desk.open()
    is_live(page)

    desk.context.set_offline(True)
    expect(page.locator("#paused")).to_contain_text("Tocsin cannot be reached", timeout=25_000)
    desk.context.set_offline(False)

    expect(page.locator("#paused")).to_be_hidden(timeout=25_000)


@pytest.mark.parametrize("origin", ["https://evil.example", None])
def test_a_page_of_another_site_gets_no_live_updates(installation: Installation, origin: str | None) -> None:
    handshake = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    headers = {**handshake, "Origin": origin} if origin else handshake

    assert httpx.get(installation.url + "/ws/", headers=headers, timeout=5, trust_env=False).status_code == 403


def test_strangers_get_no_live_updates(installation: Installation) -> None:
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Origin": installation.url,
    }

    assert httpx.get(installation.url + "/ws/", headers=headers, timeout=5, trust_env=False).status_code == 403


def test_a_running_worker_is_seen_without_asking_redis(installation: Installation) -> None:
    def engine() -> dict[str, str] | None:
        checks = httpx.get(installation.url + "/readyz", timeout=10, trust_env=False).json()["checks"]
        found: dict[str, str] = next(each for each in checks if each["name"] == "engine")
        return found if found["status"] == "ok" else None

    assert wait_for(engine, 20, "the engine to be seen")["says"] == "The engine runs."
