"""The mapping editor in a real browser: what is typed is tried on the last message at once."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import expect

from tests.fakes.waiting import wait_for
from tests.ui.conftest import DESK, PHONE, Desks, Installation, violations

MESSAGE = {
    "title": "Queue is long",
    "host": "q-1",
    "prio": "P2",
    "check": {"name": "depth", "output": "5,000 messages wait"},
    "tags": ["eu", "prod"],
}


@pytest.fixture(autouse=True)
def _as_it_was(installation: Installation) -> Iterator[None]:
    """Other tests send to the same integration."""
    yield
    installation.stack.sql("update alerts_integration set mapping_id = null")


def _editor(installation: Installation) -> str:
    """The address of the demo integration's editor, once a message has come."""
    before = installation.stack.sql("select coalesce(max(id), 0) from alerts_event")[0][0]
    assert httpx.post(installation.webhook_url, json=MESSAGE, timeout=10, trust_env=False).status_code == 202
    find = "select integration_id from alerts_event where id > %s and status = 'processed' order by id limit 1"
    found = wait_for(lambda: installation.stack.sql(find, before), 15, "the message")
    return f"/mapping/{found[0][0]}/"


def test_what_is_typed_is_tried_at_once(installation: Installation, desks: Desks) -> None:
    page = desks().open(_editor(installation))
    result = page.locator("#result")

    page.get_by_label("Title").fill('title + " on " + payload.host')
    expect(result).to_contain_text("Queue is long on q-1")
    page.get_by_label("Severity").fill("payload.prio +")
    expect(page.locator("#wrong-severity")).to_contain_text("not valid CEL")
    page.get_by_label("Severity").fill("payload.prio")
    expect(page.locator("#wrong-severity")).to_be_empty()
    page.get_by_role("button", name="Save and use").click()

    expect(page.locator(".page-head")).to_contain_text("is in use")
    expect(page.get_by_label("Title")).to_have_value('title + " on " + payload.host')


def test_it_works_without_javascript(installation: Installation, desks: Desks) -> None:
    page = desks(java_script_enabled=False).open(_editor(installation))

    page.get_by_label("Labels").fill("check = payload.check.name")
    page.get_by_role("button", name="Preview").click()

    expect(page.locator("#result")).to_contain_text("labels.check")
    expect(page.get_by_label("Labels")).to_have_value("check = payload.check.name")


def test_a_dry_run_tells_what_a_draft_would_have_changed(installation: Installation, desks: Desks) -> None:
    page = desks().open(_editor(installation))
    result = page.locator("#replay-result")

    page.get_by_label("Severity").fill("payload.prio")
    page.get_by_label("Which messages").select_option("The last 100 messages")
    page.get_by_role("button", name="Compare").click()
    expect(result.get_by_role("heading", name="Alerts")).to_be_visible()
    expect(result).to_contain_text("becomes Error")
    with page.expect_popup() as opened:
        result.get_by_role("button", name="Show message").first.click()

    expect(opened.value.locator("pre.message").first).to_contain_text("Queue is long")
    expect(opened.value.get_by_label("Severity")).to_have_value("payload.prio")
    expect(result).to_be_visible()
    assert installation.stack.sql("select mapping_id from alerts_integration where mapping_id is not null") == []


def test_a_dry_run_works_without_javascript(installation: Installation, desks: Desks) -> None:
    page = desks(java_script_enabled=False).open(_editor(installation))

    page.get_by_label("Severity").fill("payload.prio")
    page.get_by_role("button", name="Compare").click()

    expect(page.locator("#replay-result")).to_contain_text("Of what the messages tell")
    expect(page.get_by_label("Severity")).to_have_value("payload.prio")
    assert page.url.endswith("#replay")


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESK, "light")], ids=["phone by night", "desk by day"])
def test_it_is_accessible_and_fits(installation: Installation, desks: Desks, size: dict[str, int], scheme: str) -> None:
    desk = desks(size=size, color_scheme=scheme)

    for path, page in desk.each((_editor(installation), "/integrations/")):
        if path.startswith("/mapping/"):
            page.get_by_label("Severity").fill("payload.prio")
            page.get_by_role("button", name="Compare").click()
            expect(page.locator("#replay-result table")).to_be_visible()
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} scrolls sideways"
    assert desk.complaints == []
