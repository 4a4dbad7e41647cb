"""A running installation of its own, and Debian's Chromium in front of it."""

import gzip
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from config.up.valkey import Valkey
from tests import fakes
from tests.fakes.waiting import wait_for
from tests.own_servers import Killable
from tests.stack import Stack, new_database

PASSWORD = "only for tests, never elsewhere"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
# A second list replaces Playwright's own, so what matters of that stands here too. The others start renderers ahead
# of time, for the next page and for the browser's own buttons, and cost more than the pages.
_WITHOUT = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "MediaRouter",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
    "AimEnabled",
    "InitialWebUI",
    "PreloadTopChromeWebUI",
    "SpareRendererForSitePerProcess",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    "WebUIOmniboxPopup",
    "WebUIReloadButton",
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=" + ",".join(_WITHOUT),
]
_AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js.gz"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder drives the browser through a whole installation."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            for mark in ("browser", "stack"):
                item.add_marker(mark)
            item.add_marker(pytest.mark.timeout(240))


# A busy machine answers later; what never comes still fails.
expect.set_options(timeout=15_000)


def chromium_path() -> str:
    """Where Chromium is, the one without windows if both are there (half the work).

    Without it the test is skipped, but never in CI.
    """
    found = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if found:
        return found
    if os.environ.get("CI"):
        pytest.fail("chromium is not installed, and in CI nothing may be skipped.")
    pytest.skip("chromium is not installed.")


@dataclass
class Installation:
    """Front and worker on a database and a Valkey of their own, with the demo service, its webhook and two people."""

    stack: Stack
    valkey: Killable
    webhook_url: str

    @property
    def url(self) -> str:
        """Its address."""
        return self.stack.url

    def fire(self, title: str, **fields: Any) -> int:
        """Post an alert to the webhook and wait for its incident; its number."""
        alert = {"title": title, "severity": "critical", **fields}
        assert httpx.post(self.webhook_url, json=alert, timeout=10, trust_env=False).status_code == 202
        return self._number_of(title)

    def _number_of(self, title: str) -> int:
        find = "select id from incidents_incident where title = %s order by id desc limit 1"
        found = wait_for(lambda: self.stack.sql(find, title), 15, f"the incident “{title}”")
        return int(found[0][0])


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One for all browser tests of a worker; each works on incidents of its own."""
    chromium_path()
    folder = tmp_path_factory.mktemp("ui")
    valkey = Killable(Valkey(folder), folder)
    valkey.start()
    database_url = new_database(os.environ["TOCSIN_TEST_DATABASE_URL"])
    with fakes.start() as carriers:
        environment = {**carriers.environment, "TOCSIN_DEMO": "1"}
        stack = Stack(folder, database_url=database_url, redis_url=valkey.url, environment=environment)
        try:
            with stack:
                carriers.point_at(stack.url)
                stack.sql("update alerts_integration set storm_after = 0")  # the tests of a minute share a service
                stack.start("web", "worker")
                yield Installation(stack, valkey, stack.prepared["webhook_url"])
        finally:
            valkey.kill()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser. Per module, as its driver's event loop must be gone before other tests use Django here."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        yield browser
        browser.close()


class Desk:
    """One person's browser, signed in, that notes whatever a page complains about."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.complaints: list[str] = []
        context.set_default_timeout(15_000)
        context.on("console", lambda message: self._note(message.type, message.text))
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    def _note(self, kind: str, text: str) -> None:
        # A socket that cannot be opened is told by the browser itself; the page shows it in its own way.
        if kind == "error" and "WebSocket connection" not in text:
            self.complaints.append(text)

    def open(self, path: str = "/") -> Page:
        """A page in a new tab."""
        page = self.context.new_page()
        page.goto(self.url + path)
        return page

    def each(self, paths: Iterable[str]) -> Iterator[tuple[str, Page]]:
        """One page after the other, in one tab: opening a tab takes the browser longer than showing a page."""
        page = self.context.new_page()
        for path in paths:
            page.goto(self.url + path)
            yield path, page
        page.close()

    def sign_in(self, username: str = "admin") -> "Desk":
        """As the first admin, unless named otherwise."""
        page = self.open("/sign-in/")
        page.get_by_label("User name").fill(username)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(self.url + "/")
        page.close()
        return self


class Desks:
    """Makes browsers for people. The first one signs in; the others are given its session, as signing in is slow."""

    def __init__(self, chromium: Browser, installation: Installation) -> None:
        self._chromium = chromium
        self._installation = installation
        self._session: Any = None
        self.made: list[Desk] = []

    def __call__(
        self, *, size: dict[str, int] | None = None, fresh: bool = False, person: str = "admin", **options: Any
    ) -> Desk:
        """A signed-in browser of this size; a `fresh` one signs in itself, and so does whoever is not the admin.

        Further options are Playwright's.
        """
        fresh = fresh or person != "admin"
        viewport: Any = size or DESK
        known = None if fresh else self._session
        context = self._chromium.new_context(viewport=viewport, storage_state=known, **options)
        desk = Desk(context, self._installation.url)
        self.made.append(desk)
        if known is None:
            desk.sign_in(person)
        if person == "admin" and self._session is None:
            self._session = context.storage_state()
        return desk

    def close(self) -> None:
        """All of them."""
        for desk in self.made:
            desk.context.close()
        self.made.clear()


@pytest.fixture(scope="module")
def _desks(chromium: Browser, installation: Installation) -> Desks:
    return Desks(chromium, installation)


@pytest.fixture
def desks(_desks: Desks) -> Iterator[Desks]:
    """As many browsers as a test needs; closed after it."""
    yield _desks
    _desks.close()


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong on a page, by WCAG 2.2 A and AA and good practice."""
    page.evaluate(gzip.decompress(_AXE.read_bytes()).decode())
    found = page.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
        ".map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ') + ' ' + (n.any[0]?.message ?? '')).join(' | '))"
    )
    return [str(each) for each in found]
