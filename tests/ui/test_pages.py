"""The pages in a real browser: one tap to acknowledge, without JavaScript too, for every eye and hand."""

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import DESK, PHONE, Desks, Installation, violations

EVIL = '<img src=x onerror="window.__xss=1"><script>window.__xss=2</script>\'"></title></textarea>{{7*7}}${7*7}'


def paths(number: int) -> list[str]:
    """Every page a person opens."""
    return [
        "/",
        "/?status=resolved",
        "/?q=nothing-like-this",
        f"/incidents/{number}/",
        f"/incidents/{number}/timeline/",
        f"/incidents/{number}/alerts/",
        "/incidents/open/",
        "/silences/",
        f"/silences/new/?incident={number}",
        "/maintenance/",
        "/maintenance/new/",
        "/heartbeats/",
        "/on-call/",
        "/problems/",
        "/me/",
        "/nothing-here/",
    ]


def test_one_tap_on_a_phone_acknowledges(installation: Installation, desks: Desks) -> None:
    number = installation.fire("Woken at three")
    page = desks(size=PHONE, has_touch=True).open(f"/incidents/{number}/")

    page.get_by_role("button", name="Acknowledge").tap()

    expect(page.locator("#incident-head .status")).to_have_text("Acknowledged")
    expect(page.locator(".standing")).to_contain_text("First admin has it since")
    expect(page.locator("#incident-timeline")).to_contain_text("Acknowledged by admin on the web.")
    assert "/incidents/" in page.url


def test_everything_works_without_javascript(installation: Installation, desks: Desks) -> None:
    number = installation.fire("No script at all")
    page = desks(java_script_enabled=False).open()
    row = page.locator(f"#incident-{number}")

    row.get_by_role("button", name="Acknowledge").click()
    expect(row.locator(".status")).to_have_text("Acknowledged")
    page.get_by_role("link", name="No script at all").click()
    page.get_by_label("Note").fill("Found by reading the page as it is.")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("#incident-timeline")).to_contain_text("Found by reading the page as it is.")
    page.locator("summary", has_text="Snooze").click()
    page.get_by_role("button", name="30 min").click()
    expect(page.locator("#incident-head .status")).to_have_text("Snoozed")
    page.get_by_role("button", name="Resolve").click()
    expect(page.locator("#incident-head .status")).to_have_text("Resolved")
    page.goto(installation.url + "/?status=resolved")
    page.get_by_label("Search").fill(f"#{number}")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".incident-row")).to_have_count(1)


def test_an_incident_is_opened_by_hand(installation: Installation, desks: Desks) -> None:
    page = desks().open()

    page.get_by_role("link", name="Open an incident").click()
    page.get_by_label("What is wrong?").fill("Customers cannot pay")
    page.get_by_label("Service").select_option("demo")
    page.get_by_role("button", name="Open it").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Customers cannot pay")
    expect(page.locator("#incident-now")).to_contain_text("Nobody has it yet.")


def test_text_from_outside_never_runs(installation: Installation, desks: Desks) -> None:
    labels = {"evil": EVIL, EVIL: "key"}
    number = installation.fire(EVIL, labels=labels, description=EVIL, url="javascript:window.__xss=3")
    desk = desks()

    for path, page in desk.each(paths(number)):
        page.wait_for_load_state()
        assert page.evaluate("window.__xss") is None, path
        assert page.locator('a[href^="javascript" i]').count() == 0

    assert desk.complaints in ([], ["Failed to load resource: the server responded with a status of 404 (Not Found)"])


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESK, "light")], ids=["phone by night", "desk by day"])
def test_every_page_is_accessible_and_fits(
    installation: Installation, desks: Desks, size: dict[str, int], scheme: str
) -> None:
    number = installation.fire("Read by everybody", labels={"cluster": "prod-1"}, description="Word " * 40)
    desk = desks(size=size, color_scheme=scheme)

    for path, page in desk.each(paths(number)):
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} scrolls sideways"


def test_the_sign_in_page_is_accessible(installation: Installation, desks: Desks) -> None:
    desk = desks()
    desk.context.clear_cookies()

    assert violations(desk.open("/sign-in/")) == []


def test_the_keyboard_alone_leads_to_acknowledging(installation: Installation, desks: Desks) -> None:
    number = installation.fire("By keyboard")
    page = desks().open()

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    page.keyboard.press("Enter")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(f"document.activeElement.closest('#incident-{number} form') !== null"):
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")

    expect(page.locator(f"#incident-{number} .status")).to_have_text("Acknowledged")
    # The keyboard stays with the incident; it is put back a moment after the new list stands.
    page.wait_for_function(f"document.activeElement.closest('#incident-{number}') !== null")


def test_buttons_are_big_enough_for_a_thumb(installation: Installation, desks: Desks) -> None:
    number = installation.fire("Thumbs")
    desk = desks(size=PHONE, has_touch=True)

    for path, page in desk.each(paths(number)):
        small = page.evaluate(
            "[...document.querySelectorAll('button, .button, summary, nav a, select, input:not([type=hidden])')]"
            ".filter(e => e.offsetParent && !e.closest('.choice, .unseen') && !e.classList.contains('unseen'))"
            ".map(e => [e.textContent.trim().slice(0, 30), e.getBoundingClientRect().height])"
            ".filter(([, height]) => height < 37.5)"
        )
        assert small == [], path


def background(page: Page) -> str:
    """The colour behind the page."""
    return str(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))


def test_light_or_dark_is_remembered(installation: Installation, desks: Desks) -> None:
    desk = desks(color_scheme="light")
    page = desk.open("/me/")
    day = background(page)

    with page.expect_navigation():
        page.get_by_role("button", name="Dark").click()
    night = background(page)
    elsewhere = background(desk.open("/on-call/"))
    with page.expect_navigation():
        page.get_by_role("button", name="Like the system").click()

    assert night == elsewhere != day
    assert background(page) == day
