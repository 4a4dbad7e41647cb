"""Carriers on real sockets, people with contact methods, and an engine that runs in the test's own thread."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from pytest_django import Settings

from accounts.models import Role, User
from core import clock
from core.engine import run_until_idle
from incidents.models import Incident
from notifications import outbox
from notifications.hooks import Page
from notifications.models import ContactMethod, Delivery, NotificationRule
from tests import fakes
from tests.factories import a_user
from tests.fakes import Carriers, through_django

STEP = Page(run_id=1, run_version=1, pass_number=1, step_number=1)
PUBLIC_URL = "https://tocsin.example"


@pytest.fixture(scope="session")
def _fakes() -> Iterator[Carriers]:
    with fakes.start() as carriers:
        yield carriers


@pytest.fixture
def phones(_fakes: Carriers, settings: Settings, db: None) -> Iterator[Carriers]:
    """Slack, Twilio and a mail server; Tocsin is configured to use them, and they know its public address."""
    for name, value in _fakes.environment.items():
        setattr(settings, name, value)
    mail = urlsplit(_fakes.environment["EMAIL_URL"])
    settings.EMAIL_IS_CONFIGURED, settings.EMAIL_HOST, settings.EMAIL_PORT = True, mail.hostname, mail.port
    settings.PUBLIC_URL = PUBLIC_URL
    _fakes.reset()
    _fakes.point_at("http://testserver", PUBLIC_URL, call=through_django.call)
    yield _fakes
    _fakes.reset()


@dataclass
class Someone:
    """A person and her addresses; the fakes find them by themselves."""

    user: User
    addresses: dict[str, str] = field(default_factory=dict)

    def address_for(self, channel: str) -> str:
        return self.addresses[channel]

    def wants(self, *rules: tuple[int, str], urgency: str = "high") -> "Someone":
        """Her rules: seconds after being chosen, and the channel."""
        for position, (seconds, channel) in enumerate(rules):
            NotificationRule.objects.create(
                user=self.user,
                urgency=urgency,
                position=position,
                after=timedelta(seconds=seconds),
                contact_method=ContactMethod.objects.get(user=self.user, channel=channel),
            )
        return self

    def is_paged(self, incident: Incident, step: Page | None = STEP, urgency: str = "high") -> list[Delivery]:
        """A step of an escalation chooses her."""
        return outbox.page(incident, self.user, page=step, urgency=urgency)


def someone(name: str, number: int, *, role: Role = Role.RESPONDER, zone: str = "UTC") -> Someone:
    """A person with a verified address on every channel."""
    user = a_user(name, role=role, time_zone=zone)
    addresses = {"slack": f"U0{name.upper()}", "sms": f"+1202555{number:04d}", "email": user.email}
    for channel, address in addresses.items():
        ContactMethod.objects.create(user=user, name=channel, channel=channel, address=address, verified_at=clock.now())
    return Someone(user, addresses)


@pytest.fixture
def ada(phones: Carriers) -> Someone:
    return someone("ada", 101, zone="Europe/Berlin")


@pytest.fixture
def ben(phones: Carriers) -> Someone:
    return someone("ben", 102)


@dataclass
class Engine:
    """Does what is due, and lets time pass."""

    phones: Carriers
    moved: float = 0.0

    def run(self) -> None:
        run_until_idle()

    def wait(self, seconds: float) -> None:
        clock.move(timedelta(seconds=seconds))
        self.moved += seconds
        self.phones.shift_clock(self.moved)
        run_until_idle()


@pytest.fixture
def tick(phones: Carriers) -> Engine:
    return Engine(phones)


def outcomes(incident: Incident) -> list[tuple[str, str, str]]:
    """Channel, status and reason of each page, in order."""
    rows = Delivery.objects.filter(incident=incident, kind="page").order_by("id")
    return [(row.channel, row.status, row.reason) for row in rows]
