"""The API's description in the browser, under the same Content-Security-Policy as every page."""

from playwright.sync_api import expect

from tests.ui.conftest import Desks, Installation


def test_whoever_is_signed_in_tries_the_api_from_its_description(installation: Installation, desks: Desks) -> None:
    desk = desks()
    page = desk.open("/api/docs/")
    operation = page.locator("#operations-users-users_me_retrieve")

    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()

    expect(operation.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    expect(operation.locator(".live-responses-table .microlight").first).to_contain_text('"username": "admin"')
    assert desk.complaints == []
