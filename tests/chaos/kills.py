"""Kills processes at named points while pages are on their way, and counts what got lost and what came twice.

Every alert pages one person by two channels at once. After the kills everything runs undisturbed until each of the
two pages of each alert has arrived, or the patience is over: that page counts as lost.
"""

import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import redis

from tests import fakes
from tests.fakes import Carriers
from tests.fakes.waiting import wait_for
from tests.own_servers import Servers
from tests.stack import Stack

PATIENCE = 120.0  # seconds until a page that has not come counts as lost
EXIT_AT_FAILPOINT = 9

CONFIGURATION = """
teams: [{name: platform, members: [ada]}]
users:
  - username: ada
    email: ada@example.com
    role: responder
    contact_methods:
      - {name: mobile, channel: sms, address: "+12025550101", verified: true}
      - {name: slack, channel: slack, address: U0ADA, verified: true}
    notification_rules:
      high: [{after: 0s, use: slack}, {after: 0s, use: mobile}]
escalation_policies:
  - {name: platform, team: platform, steps: [{notify: [{user: ada}], wait: 4h}]}
services: [{name: checkout, team: platform, escalation_policy: platform, urgency: high}]
integrations: [{name: scripts, source: generic, storm_after: 0, routes: [{service: checkout}]}]
"""


@dataclass
class Tally:
    """What one kind of kill did."""

    point: str
    kills: int = 0
    alerts: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    duplicates: int = 0
    worst: int = 0  # most copies of one page

    @property
    def is_kept(self) -> bool:
        """Whether the promise holds: nothing lost, at most one duplicate a kill."""
        return not self.lost and self.duplicates <= self.kills

    def __str__(self) -> str:
        return (
            f"{self.point:<28} {self.kills:>5} kills {len(self.alerts):>5} alerts {2 * len(self.alerts):>5} pages due"
            f" {len(self.lost):>5} lost {self.duplicates:>5} duplicates"
        )


class Chaos:
    """An installation with servers of its own and a place where its pages arrive."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sent = 0

    def __enter__(self) -> "Chaos":
        self.servers = Servers(self._folder)
        self.servers.__enter__()
        self.carriers: Carriers = fakes.start()
        self.stack = Stack(
            self._folder,
            database_url=self.servers.postgres.url,
            redis_url=self.servers.valkey.url,
            # Many pages go to one person here; the limits against that are tested elsewhere.
            environment={**self.carriers.environment, "TOCSIN_THROTTLE": "0"},
        )
        self.stack.__enter__()
        self.carriers.point_at(self.stack.url)
        self._webhook = self.stack.apply(CONFIGURATION)["integrations"]["scripts"]["url"]
        self.stack.start("web")
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.__exit__(None, None, None)
        self.carriers.close()
        self.servers.__exit__()

    def alert(self, tally: Tally) -> None:
        """Post one alert of its own incident; it counts only when it was answered 202."""
        self._sent += 1
        title = f"Chaos {self._sent:04d}"
        answer = httpx.post(
            self._webhook, json={"title": title, "dedup_key": title, "severity": "critical"}, timeout=10
        )
        assert answer.status_code == 202, answer.text
        tally.alerts.append(title)

    def copies(self, title: str) -> Counter[str]:
        """How often each channel brought this alert's page."""
        return Counter(page.provider for page in self.carriers.ledger.pages if title in page.text)

    def settle(self, tally: Tally) -> Tally:
        """Wait until every page has come, then count."""

        def everything_ended() -> bool:
            # Also what was resent after a lapsed lease has to have come before duplicates are counted.
            return all(len(self.copies(title)) == 2 for title in tally.alerts) and not self.stack.sql(
                "select 1 from notifications_delivery where status in ('queued', 'sending', 'unknown') limit 1"
            )

        try:
            wait_for(everything_ended, PATIENCE, "every page")
        except AssertionError:
            tally.lost = [title for title in tally.alerts if len(self.copies(title)) < 2]
        counts = [count for title in tally.alerts for count in self.copies(title).values()]
        tally.duplicates = sum(count - 1 for count in counts)
        tally.worst = max(counts, default=0)
        return tally


def worker_at(failpoint: str) -> Callable[[Chaos, int], Tally]:
    """The worker kills itself (exit at once, nothing is tidied up) whenever it comes to the failpoint."""

    def kill(chaos: Chaos, times: int) -> Tally:
        tally = Tally(failpoint)
        for _ in range(times):
            chaos.stack.start("worker", TOCSIN_FAILPOINT=failpoint)
            chaos.alert(tally)
            code = chaos.stack.wait_for_death("worker")
            assert code == EXIT_AT_FAILPOINT, f"The worker ended with {code}, not at {failpoint}."
            tally.kills += 1
        chaos.stack.start("worker")
        chaos.settle(tally)
        chaos.stack.kill("worker", signal.SIGTERM)
        return tally

    return kill


def everything_after_202(chaos: Chaos, times: int) -> Tally:
    """kill -9 of front, worker, PostgreSQL and Valkey the moment the sender has its 202."""
    tally = Tally("everything after a 202")
    for _ in range(times):
        chaos.stack.start("worker")
        chaos.alert(tally)
        for name in ("web", "worker"):
            chaos.stack.kill(name)
        chaos.servers.postgres.kill()
        chaos.servers.valkey.kill()
        tally.kills += 1
        chaos.servers.postgres.start()
        chaos.servers.valkey.start()
        chaos.stack.start("web")
    chaos.stack.start("worker")
    chaos.settle(tally)
    chaos.stack.kill("worker", signal.SIGTERM)
    return tally


def without_redis(chaos: Chaos, times: int) -> Tally:
    """FLUSHALL before and kill -9 of Valkey right after each webhook; pages come while it is away."""
    tally = Tally("FLUSHALL, then no Redis")
    chaos.stack.start("worker")
    for _ in range(times):
        redis.Redis.from_url(chaos.servers.valkey.url).flushall()
        chaos.alert(tally)
        chaos.servers.valkey.kill()
        tally.kills += 1
        chaos.alert(tally)
        chaos.settle(tally)
        chaos.servers.valkey.start()
    chaos.stack.kill("worker", signal.SIGTERM)
    return tally


POINTS: dict[str, Callable[[Chaos, int], Tally]] = {
    "claimed": worker_at("delivery.claimed"),
    "sent_not_recorded": worker_at("delivery.sent_not_recorded"),
    "between": worker_at("delivery.between"),
    "everything_after_202": everything_after_202,
    "without_redis": without_redis,
}
