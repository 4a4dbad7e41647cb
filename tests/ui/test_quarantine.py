"""The quarantine in a real browser: what lies there is understood, read again and dismissed; on a phone, too."""

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.fakes.waiting import wait_for
from tests.ui.conftest import DESK, PHONE, Desks, Installation, violations


def _unreadable(installation: Installation) -> int:
    """The id of a message that nobody can read."""
    before = installation.stack.sql("select coalesce(max(id), 0) from alerts_event")[0][0]
    assert httpx.post(installation.webhook_url, json=[None, 7], timeout=10, trust_env=False).status_code == 202
    find = "select id from alerts_event where id > %s and status = 'quarantined' order by id limit 1"
    return int(wait_for(lambda: installation.stack.sql(find, before), 15, "the message")[0][0])


def _row(page: Page, pk: int) -> Locator:
    return page.locator(f"#event-{pk}")


def test_a_message_is_looked_at_read_again_and_dismissed(installation: Installation, desks: Desks) -> None:
    pk = _unreadable(installation)
    page = desks().open("/quarantine/")

    expect(_row(page, pk)).to_contain_text("There is nothing in the message that could be an alert.")
    _row(page, pk).get_by_text("Its first lines").click()
    expect(_row(page, pk).locator("pre")).to_contain_text("[null,7]")
    _row(page, pk).get_by_role("button", name="Read it again").click()
    expect(page.get_by_text("It is being read again.")).to_be_visible()
    again = "select 1 from alerts_event where id = %s and status = 'quarantined'"
    wait_for(lambda: installation.stack.sql(again, pk), 15, "the message in quarantine again")
    page.goto(f"{installation.url}/quarantine/")
    _row(page, pk).get_by_text("Dismiss it").click()
    _row(page, pk).get_by_label("Why").fill("A test of ours")
    _row(page, pk).get_by_role("button", name="Dismiss").click()

    expect(page.get_by_text("It is dismissed")).to_be_visible()
    expect(_row(page, pk)).to_have_count(0)


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESK, "light")], ids=["phone by night", "desk by day"])
def test_it_is_accessible_fits_and_can_be_filtered(
    installation: Installation, desks: Desks, size: dict[str, int], scheme: str
) -> None:
    pk = _unreadable(installation)
    desk = desks(size=size, color_scheme=scheme)
    page = desk.open("/quarantine/")

    page.get_by_label("Reason").select_option("no_content")
    page.wait_for_url("**reason=no_content**")

    expect(page.get_by_role("button", name="Read all of these again")).to_be_visible()
    expect(_row(page, pk)).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert desk.complaints == []
