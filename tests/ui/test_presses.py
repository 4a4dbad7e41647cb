"""A button that somebody is pressing stays where it is, whatever is told meanwhile."""

from playwright.sync_api import Locator, Page, Route, expect

from tests.ui.conftest import Desks, Installation
from tests.ui.test_live import acknowledge, is_live


def _two_live(desks: Desks) -> tuple[Page, Page]:
    mine, other = desks().open(), desks().open()
    is_live(mine)
    is_live(other)
    return mine, other


def _button(page: Page, number: int) -> Locator:
    return page.locator(f"#incident-{number}").get_by_role("button", name="Acknowledge")


def _status(page: Page, number: int) -> Locator:
    return page.locator(f"#incident-{number} .status")


def test_what_changes_while_a_finger_is_down_takes_no_button_away(installation: Installation, desks: Desks) -> None:
    number = installation.fire("Under the thumb")
    mine, other = _two_live(desks)

    _button(mine, number).hover()
    mine.mouse.down()
    news = installation.fire("Meanwhile")
    expect(_status(other, news)).to_be_visible()
    mine.wait_for_timeout(600)  # a browser asks again within 0.4 s
    mine.mouse.up()

    expect(_status(mine, number)).to_have_text("Acknowledged")
    expect(_status(mine, news)).to_have_text("Triggered")


def test_what_changed_meanwhile_shows_as_soon_as_the_finger_is_up(installation: Installation, desks: Desks) -> None:
    mine, other = _two_live(desks)

    mine.get_by_role("heading", level=1).hover()
    mine.mouse.down()
    news = installation.fire("Behind the finger")
    expect(_status(other, news)).to_be_visible()
    mine.wait_for_timeout(600)
    expect(_status(mine, news)).to_be_hidden()
    mine.mouse.up()

    expect(_status(mine, news)).to_be_visible(timeout=3000)


def test_a_release_that_nobody_hears_of_holds_up_nothing_for_long(installation: Installation, desks: Desks) -> None:
    mine = desks().open()
    is_live(mine)

    mine.evaluate("document.dispatchEvent(new PointerEvent('pointerdown', { pointerId: 7 }))")
    news = installation.fire("A menu swallowed it")

    expect(_status(mine, news)).to_be_visible(timeout=15_000)


def test_the_answer_of_one_button_takes_no_other_away(installation: Installation, desks: Desks) -> None:
    first, second = (installation.fire(f"One after the other, {each}") for each in range(2))
    mine, other = _two_live(desks)
    kept: list[Route] = []

    def keep(route: Route) -> None:
        kept.append(route)

    mine.route(f"**/incidents/{first}/acknowledge/", keep)

    acknowledge(mine, first)
    _button(mine, second).hover()
    mine.mouse.down()
    kept[0].continue_()
    expect(_status(other, first)).to_have_text("Acknowledged")
    mine.wait_for_timeout(300)
    expect(_status(mine, first)).to_have_text("Triggered")
    mine.mouse.up()

    for each in (first, second):
        expect(_status(mine, each)).to_have_text("Acknowledged")


def test_the_answers_of_two_buttons_show_both(installation: Installation, desks: Desks) -> None:
    first, second = (installation.fire(f"At once, {each}") for each in range(2))
    mine = desks().open()
    is_live(mine)
    kept: list[Route] = []

    def keep(route: Route) -> None:
        if route.request.method == "POST":
            kept.append(route)
        elif route.request.headers.get("hx-request"):
            route.abort()  # only the buttons' answers tell it anything
        else:
            route.continue_()

    mine.route("**/*", keep)
    for each in (first, second):
        acknowledge(mine, each)
    for each, route in zip((first, second), kept, strict=True):
        route.continue_()
        expect(_status(mine, each)).to_have_text("Acknowledged")


def test_the_space_bar_presses_what_it_went_down_on(installation: Installation, desks: Desks) -> None:
    number = installation.fire("By keyboard")
    mine, other = _two_live(desks)

    _button(mine, number).focus()
    mine.keyboard.down(" ")
    news = installation.fire("While the bar was down")
    expect(_status(other, news)).to_be_visible()
    mine.wait_for_timeout(600)
    mine.keyboard.up(" ")

    expect(_status(mine, number)).to_have_text("Acknowledged")
    expect(_status(mine, news)).to_have_text("Triggered")


def test_one_of_two_fingers_still_holds(installation: Installation, desks: Desks) -> None:
    mine, other = _two_live(desks)
    press = "(kind, finger) => document.dispatchEvent(new PointerEvent(kind, { pointerId: finger }))"
    finger = f"([kind, finger]) => ({press})(kind, finger)"

    for each in (7, 8):
        mine.evaluate(finger, ["pointerdown", each])
    mine.evaluate(finger, ["pointerup", 7])
    news = installation.fire("Under the second finger")
    expect(_status(other, news)).to_be_visible()
    mine.wait_for_timeout(600)
    expect(_status(mine, news)).to_be_hidden()
    mine.evaluate(finger, ["pointerup", 8])

    expect(_status(mine, news)).to_be_visible(timeout=3000)
