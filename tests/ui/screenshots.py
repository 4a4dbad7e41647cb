"""`python -m tests.ui.screenshots` (`make screenshots`): the pictures of the documentation, from a believable night.

Starts an installation of its own on throw-away servers, fills it with the demo, and shoots the list and an incident on
a phone and on a desk, by day and by night. Needs Debian's Chromium.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests import fakes
from tests.servers import ThrowAwayServers
from tests.stack import CODE, Stack, new_database
from tests.ui.conftest import ARGUMENTS, DESK, PASSWORD, PHONE, chromium_path

_FOLDER = CODE / "docs" / "img"
_TITLE = "Card payments fail"
_MOST = 200_000  # bytes


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
                fill = [sys.executable, "-m", "tests.ui.fill"]
                settings = {**stack.environment, "DJANGO_SETTINGS_MODULE": "config.settings"}
                subprocess.run(fill, env=settings, cwd=CODE, check=True, capture_output=True)
                shoot_all(stack.url)
    finally:
        servers.stop()


def shoot_all(url: str) -> None:
    """Each picture."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        for size_name, size in (("desk", DESK), ("phone", PHONE)):
            for scheme in ("light", "dark"):
                shoot(chromium, url, size_name, size, scheme)
        chromium.close()


def shoot(chromium: Browser, url: str, size_name: str, size: dict[str, int], scheme: str) -> None:
    """The list and the incident, on this screen in these colours."""
    viewport, scale = {"width": size["width"], "height": size["height"]}, 2 if size_name == "phone" else 1
    context = chromium.new_context(
        viewport=viewport,  # type: ignore[arg-type]  # its own type says the same
        device_scale_factor=scale,
        color_scheme=scheme,  # type: ignore[arg-type]  # light or dark
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url + "/sign-in/")
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    # Of the pages beside the main ones two looks are enough.
    also = ("silences", "maintenance") if (size_name, scheme) in {("phone", "dark"), ("desk", "light")} else ()
    for name in ("incidents", "incident", *also):
        if name == "incident":
            page.get_by_role("link", name=_TITLE).click()
        elif name in also:
            page.goto(f"{url}/{name}/")
        page.wait_for_load_state("networkidle")
        if name not in also:
            page.locator("[data-pulse][data-state=live]").wait_for(state="attached")
        path = _FOLDER / f"{name}-{size_name}-{scheme}.png"
        page.screenshot(path=path)
        if path.stat().st_size > _MOST:
            raise SystemExit(f"{path} has more than {_MOST} bytes.")
        sys.stdout.write(f"{path.relative_to(CODE)}: {path.stat().st_size // 1000} kB\n")
    context.close()


if __name__ == "__main__":
    main()
