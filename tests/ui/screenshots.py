"""`python -m tests.ui.screenshots` (`make screenshots`): the pictures of the documentation, from a believable night.

Starts an installation of its own on throw-away servers, fills it with the demo, and shoots the list and an incident on
a phone and on a desk, by day and by night; the other pages on a phone by night and on a desk by day. Needs Debian's
Chromium.
"""

import itertools
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests import fakes
from tests.servers import ThrowAwayServers
from tests.stack import CODE, Stack, new_database
from tests.ui.conftest import ARGUMENTS, DESK, PASSWORD, PHONE, chromium_path

_FOLDER = CODE / "docs" / "img"
_TITLE = "Card payments fail"
_MOST = 200_000  # bytes
_SIZES = {"desk": DESK, "phone": PHONE}
_TWO_LOOKS = [("phone", "dark"), ("desk", "light")]
_DRAFT = {
    "Title": 'payload.result.check + " failed on " + payload.result.host',
    "Severity": "payload.prio",
    "Identity": 'payload.result.host + "/" + payload.result.check',
    "Status": 'payload.state == "FAILED"',
    "Labels": "team = payload.result.owner",
}


def main() -> None:
    """Start, fill, shoot, stop."""
    servers = ThrowAwayServers()
    try:
        database_url, redis_url = new_database(servers.start_postgres()), servers.start_valkey()
        with tempfile.TemporaryDirectory() as folder, fakes.start() as carriers:
            stack = Stack(
                Path(folder), database_url=database_url, redis_url=redis_url, environment=carriers.environment
            )
            with stack:
                stack.start("web")
                carriers.point_at(stack.url)
                fill(stack)
                shoot_all(stack)
    finally:
        servers.stop()


def fill(stack: Stack, *what: str) -> None:
    """The demo, or what is to come to it."""
    settings = {**stack.environment, "DJANGO_SETTINGS_MODULE": "config.settings"}
    program = [sys.executable, "-m", "tests.ui.fill", *what]
    subprocess.run(program, env=settings, cwd=CODE, check=True, capture_output=True)


def shoot_all(stack: Stack) -> None:
    """Each picture."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        for look in itertools.product(_SIZES, ("light", "dark")):
            with _signed_in(chromium, stack.url, *look) as page:
                _main_pages(page, "-".join(look))
                if look in _TWO_LOOKS:
                    _other_pages(page, stack.url, "-".join(look))
        fill(stack, "storm")
        for look in _TWO_LOOKS:
            with _signed_in(chromium, stack.url, *look) as page:
                page.get_by_role("link", name="NodeNotReady").first.click()
                page.locator("[data-pulse][data-state=live]").wait_for(state="attached")
                _shoot(page, f"storm-{'-'.join(look)}")
        chromium.close()


@contextmanager
def _signed_in(chromium: Browser, url: str, size_name: str, scheme: str) -> Iterator[Page]:
    """Ada's list of incidents, on this screen in these colours."""
    size = _SIZES[size_name]
    context = chromium.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        device_scale_factor=2 if size_name == "phone" else 1,
        color_scheme=scheme,  # type: ignore[arg-type]  # light or dark
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url + "/sign-in/")
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(url + "/")
    yield page
    context.close()


def _main_pages(page: Page, look: str) -> None:
    for name in ("incidents", "incident"):
        if name == "incident":
            page.get_by_role("link", name=_TITLE).click()
        page.locator("[data-pulse][data-state=live]").wait_for(state="attached")
        _shoot(page, f"{name}-{look}")


def _other_pages(page: Page, url: str, look: str) -> None:
    for name in ("silences", "maintenance", "quarantine"):
        page.goto(f"{url}/{name}/")
        _shoot(page, f"{name}-{look}")
    page.goto(f"{url}/integrations/")
    page.get_by_role("link", name="Mapping of night checks").click()
    for label, expression in _DRAFT.items():
        page.get_by_label(label).fill(expression)
    expect(page.locator("#result")).to_contain_text("labels.team")
    page.evaluate("document.activeElement.blur(), scrollTo(0, 0)")
    _shoot(page, f"mapping-{look}")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("#replay-result table")).to_be_visible()
    page.evaluate("document.getElementById('replay').scrollIntoView()")
    _shoot(page, f"mapping-replay-{look}")


def _shoot(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    path = _FOLDER / f"{name}.png"
    page.screenshot(path=path)
    if path.stat().st_size > _MOST:
        raise SystemExit(f"{path} has more than {_MOST} bytes.")
    sys.stdout.write(f"{path.relative_to(CODE)}: {path.stat().st_size // 1000} kB\n")


if __name__ == "__main__":
    main()
