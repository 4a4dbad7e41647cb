"""All fake carriers together, started in this process: `with carriers.start() as fakes`."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol

from tests.fakes.ledger import Entries, Ledger
from tests.fakes.mail import Mail
from tests.fakes.slack import Slack
from tests.fakes.slack_server import FakeSlack
from tests.fakes.sms import Sms
from tests.fakes.smtp_server import FakeMail
from tests.fakes.tocsin import Caller, Tocsin
from tests.fakes.twilio_server import FakeTwilio
from tests.fakes.voice import Voice


@dataclass(frozen=True)
class Secrets:
    """What Tocsin must be configured with to be let in, and to believe what it is sent."""

    slack_token: str = "xoxb-fake"
    slack_signing_secret: str = "fake-signing-secret"
    twilio_account: str = "AC" + "f" * 32
    twilio_auth_token: str = "fake-auth-token"
    twilio_number: str = "+12025550199"


@dataclass(frozen=True)
class Ports:
    """Where to listen; 0 takes a free port."""

    slack: int = 0
    twilio: int = 0
    smtp: int = 0


class Home(Protocol):
    """Where the fakes live: this process or another."""

    @property
    def environment(self) -> dict[str, str]: ...
    def point_at(self, base_url: str, public_url: str = "", *, call: Caller | None = None) -> None: ...
    def shift_clock(self, seconds: float) -> None: ...
    def reset(self) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Carriers(AbstractContextManager["Carriers"]):
    """What a test holds. `with` closes it at the end."""

    slack: Slack
    sms: Sms
    voice: Voice
    mail: Mail
    ledger: Entries
    home: Home

    @property
    def environment(self) -> dict[str, str]:
        """The settings that make Tocsin use these fakes."""
        return self.home.environment

    def point_at(self, base_url: str, public_url: str = "", *, call: Caller | None = None) -> None:
        """Says where Tocsin listens, and under which address it is known outside (PUBLIC_URL) if that differs.

        With `call` every request to Tocsin is made by it, in the thread that asks: see `through_django`.
        """
        self.home.point_at(base_url, public_url, call=call)

    def shift_clock(self, seconds: float) -> None:
        """Signatures are made so many seconds in the future: for a Tocsin whose clock was moved."""
        self.home.shift_clock(seconds)

    def settle(self) -> int:
        """Sends all receipts that are due, in this thread; how many. Needed only with a lent `call`."""
        return self.sms.settle()

    def reset(self) -> None:
        """Between tests: empty boxes, no faults, nothing hanging, an empty ledger, real time."""
        self.home.reset()

    def close(self) -> None:
        self.home.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Fakes:
    """The servers of this process."""

    def __init__(
        self, ports: Ports, secrets: Secrets, clock: Callable[[], float] = time.time, ledger_file: Path | None = None
    ) -> None:
        self.secrets = secrets
        self.ledger = Ledger(ledger_file)
        self.tocsin = Tocsin(clock=clock)
        self.slack = FakeSlack(
            ledger=self.ledger,
            tocsin=self.tocsin,
            token=secrets.slack_token,
            signing_secret=secrets.slack_signing_secret,
            port=ports.slack,
        )
        self.twilio = FakeTwilio(
            ledger=self.ledger,
            tocsin=self.tocsin,
            account=secrets.twilio_account,
            auth_token=secrets.twilio_auth_token,
            number=secrets.twilio_number,
            port=ports.twilio,
        )
        self.mail = FakeMail(ledger=self.ledger, tocsin=self.tocsin, port=ports.smtp)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "SLACK_BOT_TOKEN": self.secrets.slack_token,
            "SLACK_SIGNING_SECRET": self.secrets.slack_signing_secret,
            "SLACK_API_URL": self.slack.api_url,
            "TWILIO_ACCOUNT_SID": self.secrets.twilio_account,
            "TWILIO_AUTH_TOKEN": self.secrets.twilio_auth_token,
            "TWILIO_FROM": self.secrets.twilio_number,
            "TWILIO_API_URL": self.twilio.api_url,
            "EMAIL_URL": self.mail.url,
            "DEFAULT_FROM_EMAIL": "tocsin@example.com",
        }

    def point_at(self, base_url: str, public_url: str = "", *, call: Caller | None = None) -> None:
        self.tocsin.point_at(base_url, public_url, call=call)
        self.twilio.postman.wake()

    def shift_clock(self, seconds: float) -> None:
        self.tocsin.shift = seconds

    def reset(self) -> None:
        self.tocsin.shift = 0.0
        for provider in (self.slack, self.twilio, self.mail):
            provider.reset()
        self.ledger.clear()

    def close(self) -> None:
        for provider in (self.slack, self.twilio, self.mail):
            provider.close()
        self.tocsin.close()
        self.ledger.close()


def start(
    *,
    ports: Ports = Ports(),
    secrets: Secrets = Secrets(),
    clock: Callable[[], float] = time.time,
    ledger_file: Path | None = None,
) -> Carriers:
    """Starts all fakes in threads of this process; `clock` gives the epoch seconds that signatures carry."""
    return held(Fakes(ports, secrets, clock, ledger_file))


def held(fakes: Fakes) -> Carriers:
    return Carriers(Slack(fakes.slack), Sms(fakes.twilio), Voice(fakes.twilio), Mail(fakes.mail), fakes.ledger, fakes)
