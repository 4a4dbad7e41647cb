"""A storm on one service: ten thousand alerts in ten seconds, each its own; meanwhile others page as ever."""

import asyncio
import json
import re
import time
from typing import Any

import httpx
import psutil

from bench import load
from bench.figures import Figures, median
from bench.installation import Bench
from tests.fakes.waiting import wait_for

ALERTS = 10_000
SECONDS = 10
QUIET = 8  # pages of another integration meanwhile


def storm(bench: Bench, figures: Figures) -> None:
    """With the limits on pages in force, as they are by default."""
    bench.stack.start("worker", TOCSIN_THROTTLE="1")
    bench.stack.start("beat")
    bench.warm_up()
    figures.add("memory of the whole stack, idle (PSS)", _megabytes(bench), "MB", at_most=600)
    calm = [_page_takes(bench, f"Calm {number}", f"s{20 + number}") for number in range(3)]
    asyncio.run(_blow(bench, figures, median(calm)))
    bench.stack.kill("beat")
    bench.stack.kill("worker")


async def _blow(bench: Bench, figures: Figures, calm: float) -> None:
    bodies = [
        json.dumps({"title": f"Storm {number:05d}", "dedup_key": f"storm-{number}", "severity": "critical"}).encode()
        for number in range(ALERTS)
    ]
    sending = asyncio.create_task(
        load.post_all(bench.webhook("storm"), bodies, connections=16, per_second=ALERTS / SECONDS)
    )
    quiet, memory = [], 0.0
    for number in range(QUIET):
        quiet.append(await asyncio.to_thread(_page_takes, bench, f"Quiet {number}", f"s{30 + number}"))
        memory = max(memory, await asyncio.to_thread(_megabytes, bench))
        await asyncio.sleep(0.5)
    began = await sending
    await asyncio.to_thread(_settled, bench)
    memory = max(memory, _megabytes(bench))
    pages = [page for page in bench.pages() if "Storm " in page["text"]]
    standing = bench.stack.sql(
        "select id, alert_count, firing_count from incidents_incident where origin = 'storm' and status <> 'resolved'"
    )
    figures.add("storm: first page after", pages[0]["monotonic"] - min(began), "s", at_most=2)
    figures.add("storm: incidents", len(standing), "incidents", at_most=1)
    each = {page["to"]: sum(page["to"] == other["to"] for other in pages) for page in pages}
    figures.add("storm: most pages to one person", max(each.values()), "pages", at_most=1)
    figures.add("storm: alerts lost", ALERTS - sum(row[1] for row in standing), "alerts", at_most=0)
    figures.add("storm: its incident's page", 1000 * _page_of(bench, standing[0][0]), "ms", at_most=200)
    figures.add("storm: a quiet integration's page comes later by", max(quiet) - calm, "s", at_most=1)
    figures.add("storm: memory of the whole stack (PSS)", memory, "MB", at_most=1000)


def _page_takes(bench: Bench, title: str, service: str) -> float:
    """Seconds from an alert of a quiet integration to the provider's being called."""
    body = {"title": title, "dedup_key": title, "severity": "critical", "labels": {"service": service}}
    began = time.monotonic()
    assert httpx.post(bench.webhook("paging"), json=body, timeout=30, trust_env=False).status_code == 202

    def came() -> dict[str, Any] | None:
        return next((page for page in bench.pages() if re.search(rf"\b{title}\b", page["text"])), None)

    page = wait_for(came, 60, f"the page {title}")
    assert page is not None
    return float(page["monotonic"]) - began


def _settled(bench: Bench) -> None:
    """Until everything is read, and what was paged for a moment has been gathered."""
    waiting = "select 1 from alerts_event where status = 'received' limit 1"
    wait_for(lambda: not bench.stack.sql(waiting), 120, "the storm to be read")
    unsent = (
        "select 1 from notifications_delivery where status in ('queued', 'sending') and reason = 'gathering' limit 1"
    )
    wait_for(lambda: not bench.stack.sql(unsent), 30, "what waited to see whether it belongs to the storm")


def _page_of(bench: Bench, number: int) -> float:
    """Seconds the page of an incident takes, the middle of five."""
    with httpx.Client(base_url=bench.stack.url, timeout=30, trust_env=False, follow_redirects=True) as browser:
        form = browser.get("/sign-in/").text
        token = form.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        wish = {"username": "admin", "password": bench.stack.environment["TOCSIN_ADMIN_PASSWORD"]}
        browser.post("/sign-in/", data={**wish, "csrfmiddlewaretoken": token}, headers={"Referer": bench.stack.url})
        took = []
        for _ in range(5):
            began = time.monotonic()
            page = browser.get(f"/incidents/{number}/")
            took.append(time.monotonic() - began)
            assert page.status_code == 200
            assert "Alert storm" in page.text
    return median(took)


def _megabytes(bench: Bench) -> float:
    """Proportional set size of everything Tocsin runs: front, worker, beat, PostgreSQL, Valkey."""
    total = 0
    for process in bench.processes():
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total / 1e6
