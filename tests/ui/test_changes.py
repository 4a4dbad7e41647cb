"""What was done shortly before an incident is seen on its page."""

import httpx
import pytest
from playwright.sync_api import expect

from tests.fakes.waiting import wait_for
from tests.ui.conftest import DESK, PHONE, Desks, Installation, violations

pytestmark = [
    pytest.mark.browser,
    pytest.mark.stack,
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser"),
]


def deployed(installation: Installation, summary: str, **fields: str) -> None:
    """A pipeline tells of a deployment."""
    body = {"kind": "change", "title": summary, "source": "argo", "url": "https://ci.example.com/7", **fields}
    httpx.post(installation.webhook_url, json=body, timeout=10, trust_env=False).raise_for_status()

    def is_kept() -> bool:
        return bool(installation.stack.sql("select 1 from alerts_change where summary = %s", summary))

    wait_for(is_kept, 20, "the change to be kept")


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_changes_shortly_before_stand_beside_the_incident(
    installation: Installation, desks: Desks, size: dict[str, int]
) -> None:
    name = f"Checkout {size['width']} deployed to production"
    deployed(installation, name)
    deployed(installation, "A-change-with-a-very-long-word-" * 8)
    number = installation.fire(f"Slow after {size['width']}")

    page = desks(size=size).open(f"/incidents/{number}/")

    card = page.locator("section", has=page.get_by_role("heading", name="Changes shortly before"))
    expect(card).to_contain_text(name)
    expect(card).to_contain_text("by argo")
    expect(card.get_by_role("link", name="Source").first).to_have_attribute("href", "https://ci.example.com/7")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert violations(page) == []
