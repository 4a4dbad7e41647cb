"""Silencing from an incident in a real browser, with a live preview; and planning maintenance without JavaScript."""

from playwright.sync_api import expect

from tests.ui.conftest import PHONE, Desks, Installation


def test_silencing_from_an_incident_shows_what_it_would_match(installation: Installation, desks: Desks) -> None:
    number = installation.fire("Disk of db-7 is full", labels={"alertname": "DiskFull", "host": "db-7"})
    page = desks(size=PHONE, has_touch=True).open(f"/incidents/{number}/")

    page.locator("summary", has_text="Silence these alerts").tap()
    page.get_by_role("link", name="Silence these").tap()
    expect(page.locator("#preview")).to_contain_text("1 alert fires now")
    page.get_by_label("Labels").fill("alertname=~(")
    expect(page.locator("#preview")).to_contain_text("is not a regular expression")
    page.get_by_label("Labels").fill('alertname="DiskFull"\nhost=~"db-.*"')
    expect(page.locator("#preview")).to_contain_text("Disk of db-7 is full")
    page.get_by_role("button", name="Silence", exact=True).tap()
    expect(page.locator("#notices")).to_contain_text("is made")

    page.goto(f"{installation.url}/incidents/{number}/")
    expect(page.locator("#incident-head .status")).to_have_text("Held")
    expect(page.locator(".standing")).to_contain_text("Silenced by admin until")
    page.goto(f"{installation.url}/silences/")
    page.get_by_role("button", name="End now").first.tap()
    expect(page.locator("#notices")).to_contain_text("is over")
    page.goto(f"{installation.url}/incidents/{number}/")
    expect(page.locator("#incident-head .status")).to_have_text("Triggered")


def test_maintenance_is_planned_without_javascript(installation: Installation, desks: Desks) -> None:
    page = desks(java_script_enabled=False).open("/maintenance/")

    page.get_by_role("link", name="Plan maintenance").click()
    page.get_by_label("What is planned?").fill("Database update")
    page.get_by_label("Labels").fill('host="db-99"')
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text("0 alerts fire now")
    expect(page.get_by_label("What is planned?")).to_have_value("Database update")
    page.get_by_role("button", name="Plan it").click()
    expect(page.locator(".lines")).to_contain_text("On until")
    page.get_by_role("button", name="End now").click()
    expect(page.locator(".lines")).not_to_contain_text("On until")
