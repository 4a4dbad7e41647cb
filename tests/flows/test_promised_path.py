"""The path that the documentation promises: its configuration applied, an alert in at the door, every way to answer it.

The door, the engine, the client libraries and the carriers' sockets are real; only the clock is moved.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from accounts.models import User
from tests.alerts.doorstep import Doorstep, from_alertmanager, prometheus_alert
from tests.config.applying import WHOLE, Files
from tests.fakes import Carriers
from tests.world import MovedEngine

ADAS_NUMBER, BENS_NUMBER = "+12025550101", "+12025550102"
# The same on whatever day the tests run: ada is on call.
CONFIGURATION = WHOLE.read_text().replace('"2026-12', '"2020-12')


@dataclass
class Path7:
    """An installation set up as promised, and the two ways it is looked at: the door and the API."""

    doorstep: Doorstep
    webhook: str
    key: str

    def fire(self) -> None:
        """A critical alert arrives."""
        answered = self.doorstep.post(self.webhook, from_alertmanager(prometheus_alert(service="checkout")))
        assert answered.status == 202

    def get(self, path: str) -> Any:
        """Ask the API."""
        answer = Client().get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {self.key}"})
        assert answer.status_code == 200, answer.content
        return answer.json()

    def post(self, path: str) -> Any:
        """Act through the API."""
        return Client().post(
            f"/api/v1/{path}",
            data="{}",
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.key}"},
        )

    @property
    def incident(self) -> dict[str, Any]:
        """The only one."""
        (incident,) = self.get("incidents/")["results"]
        found: dict[str, Any] = incident
        return found

    def told(self, kind: str) -> dict[str, Any]:
        """The newest timeline entry of a kind."""
        entries = self.get(f"incidents/{self.incident['id']}/timeline/")["results"]
        found: dict[str, Any] = next(entry for entry in entries if entry["kind"] == kind)
        return found


@pytest.fixture
def promised(tmp_path: Path, carriers: Carriers, engine: MovedEngine) -> Iterator[Path7]:
    applied = Files(tmp_path).apply(CONFIGURATION)
    with Doorstep() as doorstep:
        webhook = urlsplit(applied["integrations"]["prometheus"]["url"]).path
        yield Path7(doorstep, webhook, applied["api_keys"]["ci"])


def test_slack_at_once_and_sms_after_a_minute(promised: Path7, carriers: Carriers, engine: MovedEngine) -> None:
    promised.fire()
    engine.run()

    assert len(carriers.slack.to("U0ADA").messages) == 1
    engine.fast_forward(seconds=59)
    assert carriers.sms.to(ADAS_NUMBER).pages == []
    engine.fast_forward(seconds=2)
    assert len(carriers.sms.to(ADAS_NUMBER).pages) == 1


def test_a_reply_by_sms_acknowledges(promised: Path7, carriers: Carriers, engine: MovedEngine) -> None:
    promised.fire()
    engine.fast_forward(seconds=61)
    carriers.sms.to(ADAS_NUMBER).reply("1")
    engine.fast_forward(hours=1)

    assert promised.incident["status"] == "acknowledged"
    assert promised.incident["acknowledged_by"] == "ada"
    assert carriers.sms.to(BENS_NUMBER).pages == []


def test_without_an_answer_ben_is_paged_after_five_minutes(
    promised: Path7, carriers: Carriers, engine: MovedEngine
) -> None:
    promised.fire()
    engine.fast_forward(minutes=4, seconds=58)
    assert carriers.sms.to(BENS_NUMBER).pages == []
    engine.fast_forward(seconds=4)

    assert len(carriers.sms.to(BENS_NUMBER).pages) == 1
    paged = promised.told("person_paged")
    assert "ben" in paged["text"]
    assert paged["reason"]
    number = promised.incident["id"]
    deliveries = promised.get(f"incidents/{number}/deliveries/")["results"]
    assert {(row["user"], row["channel"]) for row in deliveries} >= {("ada", "slack"), ("ada", "sms"), ("ben", "sms")}
    assert all(row["status"] and row["address"] not in (ADAS_NUMBER, BENS_NUMBER) for row in deliveries)


def _by_slack(promised: Path7, carriers: Carriers) -> None:
    carriers.slack.to("U0ADA").press("Acknowledge")


def _by_sms(promised: Path7, carriers: Carriers) -> None:
    carriers.sms.to(ADAS_NUMBER).reply("1")


def _by_mail(promised: Path7, carriers: Carriers) -> None:
    carriers.mail.to("ben@example.com").prefetch()
    assert promised.incident["status"] == "triggered"
    carriers.mail.to("ben@example.com").follow("Acknowledge")


def _by_form(promised: Path7, carriers: Carriers) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(User.objects.get(username="ada"))
    page = browser.get(f"/incidents/{promised.incident['id']}/").content.decode()
    action = page.partition('action="')[2].partition('"')[0]
    while action and "acknowledge" not in action:
        page = page.partition('action="')[2]
        action = page.partition('action="')[2].partition('"')[0]
    answer = browser.post(action, {"csrfmiddlewaretoken": browser.cookies["csrftoken"].value})
    assert answer.status_code == 302


def _by_api(promised: Path7, carriers: Carriers) -> None:
    assert promised.post(f"incidents/{promised.incident['id']}/acknowledge/").status_code == 200


@pytest.mark.parametrize(
    ("way", "via", "who"),
    [
        (_by_slack, "slack", "ada"),
        (_by_sms, "sms", "ada"),
        (_by_mail, "email", "ben"),
        (_by_form, "web", "ada"),
        (_by_api, "api", "ada"),
    ],
    ids=["slack", "sms", "email", "form", "api"],
)
def test_every_way_to_acknowledge_names_who_and_stops_the_paging(
    promised: Path7,
    carriers: Carriers,
    engine: MovedEngine,
    way: Callable[[Path7, Carriers], None],
    via: str,
    who: str,
) -> None:
    promised.fire()
    engine.fast_forward(minutes=8)  # ben's mail has come by then too
    before = len(carriers.ledger.pages)

    way(promised, carriers)
    engine.fast_forward(hours=2)

    told = promised.told("acknowledged")
    assert (told["actor"]["name"], told["via"]) == (who, via)
    assert promised.incident["status"] == "acknowledged"
    answers = [
        page for page in carriers.ledger.pages[before:] if page.kind != "message" or "cknowledged" not in page.text
    ]
    assert answers == []
