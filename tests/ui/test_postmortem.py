"""From the resolved incident to an approved postmortem, in real browsers: the writers' pages and the admin."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import PASSWORD, PHONE, Desks, Installation, violations

pytestmark = [
    pytest.mark.browser,
    pytest.mark.stack,
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser"),
]

PEOPLE = """
users:
  - {username: paula, email: paula@example.com, role: responder, time_zone: Europe/Berlin, password: "PASSWORD"}
  - {username: mona, email: mona@example.com, role: manager, password: "PASSWORD"}
schedules:
  - name: learning
    time_zone: UTC
    rotations: [{name: weekly, every: 1w, start: "2026-01-05T09:00", people: [mona]}]
escalation_policies:
  - {name: learning, steps: [{notify: [{schedule: learning}], wait: 5m}]}
"""


@pytest.fixture(scope="module")
def staffed(installation: Installation) -> Installation:
    """With a writer, paula, a manager, mona, and a schedule and a policy that no service uses."""
    installation.stack.apply(PEOPLE.replace("PASSWORD", PASSWORD))
    return installation


def _resolved(page: Page, installation: Installation, title: str) -> int:
    """The number of an incident that came by webhook and was resolved by hand."""
    number = installation.fire(title)
    page.goto(f"{installation.url}/incidents/{number}/")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#incident-head .status")).to_have_text("Acknowledged")
    page.get_by_role("button", name="Resolve").click()
    expect(page.locator("#incident-head .status")).to_have_text("Resolved")
    return number


def test_from_the_resolved_incident_to_an_approved_postmortem(
    staffed: Installation, desks: Desks, tmp_path: Path
) -> None:
    paulas, monas = desks(person="paula"), desks(person="mona")
    writer, manager = paulas.open(), monas.open()
    _resolved(writer, staffed, "Replica lag")

    writer.get_by_role("button", name="Draft a postmortem").click()
    expect(writer.get_by_role("heading", name="Timeline")).to_be_visible()
    writer.get_by_role("link", name="Edit").click()
    text = writer.get_by_label("Text")
    text.fill(text.input_value().replace("## Impact", "## Impact\n\nTwelve *orders* were lost."))
    writer.get_by_role("button", name="Preview").click()
    expect(writer.locator("#preview em")).to_have_text("orders")
    writer.get_by_role("button", name="Save").click()
    expect(writer.locator(".document em")).to_have_text("orders")
    writer.get_by_label("What is to be done?").fill("Alert on lag before users notice")
    writer.get_by_label("Owner").select_option("paula")
    writer.get_by_label("Due").fill("2099-01-02")
    writer.get_by_role("button", name="Add", exact=True).click()
    expect(writer.locator("#action-items")).to_contain_text("Alert on lag before users notice")
    writer.get_by_label("A word to the reviewers").fill("Please read.")
    writer.get_by_role("button", name="Ask for review").click()
    expect(writer.locator("main")).to_contain_text("It waits for a manager.")

    manager.goto(f"{staffed.url}/admin/")
    manager.get_by_role("link", name="Replica lag").click()
    expect(manager.locator(".document em")).to_have_text("orders")
    manager.get_by_role("link", name="Approve").click()
    manager.get_by_label("Comment").fill("Well told.")
    manager.get_by_role("button", name="Approve").click()
    expect(manager.locator("#main")).to_contain_text("Approved.")
    expect(manager.locator("#main")).to_contain_text("Well told.")

    writer.reload()
    expect(writer.locator("main")).to_contain_text("Approved by mona")
    expect(writer.get_by_role("link", name="Edit")).to_have_count(0)
    with writer.expect_download() as download:
        writer.get_by_role("link", name="Markdown").click()
    file = tmp_path / "export.md"
    download.value.save_as(file)
    markdown = file.read_text()
    assert "| Acknowledged by paula on the web. |" in markdown
    assert "| Alert on lag before users notice | paula | 2099-01-02 | Open |" in markdown
    assert "| mona | Approved | Well told. |" in markdown
    assert paulas.complaints + monas.complaints == []


def test_changes_are_requested_on_a_phone(staffed: Installation, desks: Desks) -> None:
    monas = desks(person="mona", size=PHONE, has_touch=True)
    page = monas.open()
    _resolved(page, staffed, "Disk full")
    page.get_by_role("button", name="Draft a postmortem").click()
    page.get_by_role("button", name="Ask for review").click()

    page.get_by_role("link", name="Review it in the admin").click()
    page.get_by_text("more_horiz").click()
    page.get_by_role("link", name="Request changes").click()
    page.get_by_label("What should change?").fill("Say what it cost.")
    page.get_by_role("button", name="Request changes").click()

    expect(page.locator("#main")).to_contain_text("Say what it cost.")
    expect(page.locator("#main")).to_contain_text("Changes requested, version 1")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert monas.complaints == []


def test_a_postmortem_is_written_without_javascript(staffed: Installation, desks: Desks) -> None:
    page = desks(java_script_enabled=False).open()
    _resolved(page, staffed, "No script for writers")

    page.get_by_role("button", name="Draft a postmortem").click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Text").fill("## Why\n\nA *full* disk.")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview em")).to_have_text("full")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Ask for review").click()

    expect(page.locator("main")).to_contain_text("It waits for a manager.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_writers_pages_are_for_every_eye_and_hand(staffed: Installation, desks: Desks, scheme: str) -> None:
    desk = desks(color_scheme=scheme)
    page = desk.open()
    _resolved(page, staffed, f"Seen in {scheme}")
    page.get_by_role("button", name="Draft a postmortem").click()
    document = page.url

    found = {}
    for address in ("/postmortems/", "/postmortems/?status=approved", "/action-items/", document, f"{document}edit/"):
        page.goto(address if address.startswith("http") else staffed.url + address)
        found[address] = violations(page)

    assert {address: wrong for address, wrong in found.items() if wrong} == {}
    assert desk.complaints == []


def test_every_page_of_the_admin_runs_under_its_policy(staffed: Installation, desks: Desks) -> None:
    desk = desks()
    page = desk.open("/admin/")
    places = page.locator("#nav-sidebar-apps a").evaluate_all("links => links.map(link => link.href)")

    for place in places:
        page.goto(place)
        first = page.locator("#result_list a[href*='/change/'], #changelist a[href*='/change/']").first
        if first.count():
            first.click()
        expect(page.locator("#main, main").first).to_be_visible()

    assert len(places) > 12
    assert desk.complaints == []


def test_a_step_is_added_to_a_policy_and_a_person_to_a_rotation(staffed: Installation, desks: Desks) -> None:
    desk = desks()
    page = desk.open("/admin/oncall/schedule/")

    page.get_by_role("link", name="learning", exact=True).first.click()
    page.get_by_text("Add another Person").first.click()
    page.locator("[id^=select2-id_rotations-0-members-1-user]").first.click()
    page.locator(".select2-search__field").fill("paula")
    page.locator(".select2-results__option", has_text="paula").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#main")).to_contain_text("was changed successfully")
    page.goto(f"{staffed.url}/admin/escalation/policy/")
    page.get_by_role("link", name="learning", exact=True).first.click()
    page.locator(".step").nth(1).get_by_role("searchbox").fill("paula")
    page.locator(".select2-results__option--highlighted", has_text="paula").click()
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.locator("#main")).to_contain_text("was changed successfully")
    found = staffed.stack.sql(
        "select count(*) from oncall_rotationmember m join accounts_user u on u.id = m.user_id where u.username = %s",
        "paula",
    )
    assert found[0][0] == 1
    versions = staffed.stack.sql(
        "select max(v.number) from escalation_policyversion v join escalation_policy p on p.id = v.policy_id"
        " where p.name = %s",
        "learning",
    )
    assert versions[0][0] == 2
    assert desk.complaints == []
