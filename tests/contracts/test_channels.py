"""What every channel owes: each failure named and told apart, an end to every wait, and no secret in any log."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from pytest_django import Settings

from incidents.states import Status
from notifications.channel import (
    CHANNELS,
    Accepted,
    Channel,
    OutcomeUnknown,
    Outgoing,
    PermanentFailure,
    TemporaryFailure,
)
from notifications.channels.email import EmailChannel
from notifications.messages import Facts, Message
from tests import fakes
from tests.fakes import Carriers
from tests.fakes.faults import (
    CloseBeforeAnswer,
    Fault,
    Hang,
    RateLimited,
    ResetAfterAccepting,
    ServerError,
    SlackError,
    SlowBody,
    SmtpReply,
    TwilioError,
)
from tests.fakes.inbox import Carrier

ADDRESSES = {"email": "ada@example.com", "slack": "U0ADA", "sms": "+12025550101"}
AT = datetime(2026, 3, 3, 1, 14, tzinfo=UTC)
FACTS = Facts(
    incident_id=12,
    number=12,
    title="Replica lag is over 30 s",
    service="checkout",
    severity="critical",
    urgency="high",
    status=Status.TRIGGERED,
    since=AT,
    opened_at=AT,
    description="",
    alert_count=1,
    url="https://tocsin.example/incidents/12/",
    version=1,
)


@pytest.fixture(scope="module")
def _running() -> Iterator[Carriers]:
    with fakes.start() as carriers:
        yield carriers


@pytest.fixture
def phones(_running: Carriers, settings: Settings) -> Iterator[Carriers]:
    for name, value in _running.environment.items():
        setattr(settings, name, value)
    mail = urlsplit(_running.environment["EMAIL_URL"])
    settings.EMAIL_IS_CONFIGURED, settings.EMAIL_HOST, settings.EMAIL_PORT = True, mail.hostname, mail.port
    settings.PUBLIC_URL = "https://tocsin.example"
    _running.reset()
    yield _running
    _running.reset()


@dataclass(frozen=True)
class Line:
    """One channel and the fake at its other end."""

    channel: Channel
    carrier: Carrier

    def send(self, number: int = 1) -> Accepted:
        outgoing = Outgoing(number, ADDRESSES[self.channel.slug], 1, Message("ada", "Europe/Berlin", facts=FACTS))
        return self.channel.send(outgoing)

    def arrived(self, phones: Carriers) -> int:
        return len(phones.ledger.pages)


@pytest.fixture(params=sorted(CHANNELS.all()))
def line(request: pytest.FixtureRequest, phones: Carriers) -> Line:
    """Each channel there is; a new one is added to `carriers` before it can be merged."""
    carriers: dict[str, Carrier] = {"email": phones.mail, "slack": phones.slack, "sms": phones.sms}
    return Line(CHANNELS.all()[request.param], carriers[request.param])


def test_what_the_provider_takes_arrives_once(phones: Carriers, line: Line) -> None:
    accepted = line.send()

    assert accepted.ref
    assert line.arrived(phones) == 1


def test_an_unconfigured_channel_says_so(line: Line, settings: Settings) -> None:
    assert line.channel.is_configured()
    settings.SLACK_BOT_TOKEN = settings.TWILIO_AUTH_TOKEN = ""
    settings.EMAIL_IS_CONFIGURED = False

    assert not line.channel.is_configured()


def test_addresses_are_masked(line: Line) -> None:
    address = ADDRESSES[line.channel.slug]

    shown = line.channel.mask(address)

    assert "***" in shown
    assert address not in shown


@pytest.mark.parametrize("fault", [RateLimited(7), ServerError(503, retry_after=7)])
def test_trouble_at_the_provider_passes(line: Line, fault: Fault) -> None:
    line.carrier.fail(fault, next=None)

    with pytest.raises(TemporaryFailure) as failure:
        line.send()

    assert failure.value.reason
    if isinstance(fault, RateLimited) and line.channel.slug != "email":
        assert failure.value.retry_after is not None
        assert failure.value.retry_after.total_seconds() == 7


@pytest.mark.parametrize("slug", ["slack", "sms"])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_error_of_the_server_leaves_the_outcome_open(phones: Carriers, slug: str, status: int) -> None:
    {"slack": phones.slack, "sms": phones.sms}[slug].fail(ServerError(status), next=None)

    with pytest.raises(OutcomeUnknown, match=f"http_{status}"):
        CHANNELS.all()[slug].send(Outgoing(1, ADDRESSES[slug], 1, Message("ada", "UTC", facts=FACTS)))


@pytest.mark.parametrize("fault", [ResetAfterAccepting(), CloseBeforeAnswer()])
def test_a_line_cut_after_the_request_leaves_the_outcome_open(line: Line, fault: Fault) -> None:
    line.carrier.fail(fault, next=None)

    with pytest.raises(OutcomeUnknown):
        line.send()


def test_nobody_waits_for_a_provider_that_hangs(line: Line) -> None:
    if line.channel.slug == "email":  # whose server may scan what it has for a minute
        line = Line(EmailChannel(answer=2), line.carrier)
    line.carrier.fail(Hang(), next=None)
    started = time.monotonic()

    with pytest.raises(OutcomeUnknown):
        line.send()

    assert time.monotonic() - started < 7
    line.carrier.release()


def test_a_provider_that_trickles_is_left_after_ten_seconds(phones: Carriers) -> None:
    phones.slack.fail(SlowBody(gap=1.0), next=None)
    started = time.monotonic()

    with pytest.raises(OutcomeUnknown):
        CHANNELS.all()["slack"].send(Outgoing(1, "U0ADA", 1, Message("ada", "UTC", facts=FACTS)))

    assert time.monotonic() - started < 11
    phones.slack.release()


def test_a_mail_server_that_trickles_is_left_after_ten_seconds(phones: Carriers, settings: Settings) -> None:
    done = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def trickle() -> None:
        line, _ = listener.accept()
        with line, suppress(OSError):
            while not done.wait(0.5):
                line.sendall(b"2")

    thread = threading.Thread(target=trickle, daemon=True)
    thread.start()
    settings.EMAIL_PORT = listener.getsockname()[1]
    started = time.monotonic()

    with pytest.raises(TemporaryFailure):
        CHANNELS.all()["email"].send(Outgoing(1, "ada@example.com", 1, Message("ada", "UTC", facts=FACTS)))

    took = time.monotonic() - started
    done.set()
    thread.join()
    listener.close()
    assert took < 11


def test_a_mail_server_that_scans_before_it_answers_is_waited_for(phones: Carriers) -> None:
    phones.mail.fail(Hang(6, carried_out=True), next=1)

    accepted = CHANNELS.all()["email"].send(Outgoing(1, "ada@example.com", 1, Message("ada", "UTC", facts=FACTS)))

    assert accepted.ref


def test_a_mail_whose_end_never_left_was_not_taken(settings: Settings) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def hang_up_at_the_mail() -> None:
        line, _ = listener.accept()
        with line:
            line.sendall(b"220 mail.example\r\n")
            line.recv(1000)
            line.sendall(b"250 mail.example\r\n")
            line.recv(1000)

    thread = threading.Thread(target=hang_up_at_the_mail, daemon=True)
    thread.start()
    settings.EMAIL_IS_CONFIGURED, settings.EMAIL_HOST = True, "127.0.0.1"
    settings.EMAIL_PORT = listener.getsockname()[1]

    with pytest.raises(TemporaryFailure, match="connection_lost"):
        CHANNELS.all()["email"].send(Outgoing(1, "ada@example.com", 1, Message("ada", "UTC", facts=FACTS)))

    thread.join()
    listener.close()


def test_a_provider_that_is_not_there_is_a_passing_trouble(line: Line, settings: Settings) -> None:
    settings.SLACK_API_URL = "http://127.0.0.1:9/api/"
    settings.TWILIO_API_URL = "http://127.0.0.1:9"
    settings.EMAIL_PORT = 9

    with pytest.raises(TemporaryFailure, match="not_connected"):
        line.send()


@pytest.mark.parametrize(
    ("slug", "fault", "reason", "disables", "ours"),
    [
        ("slack", SlackError("channel_not_found"), "slack_channel_not_found", False, False),
        ("slack", SlackError("is_archived"), "slack_is_archived", False, False),
        ("slack", SlackError("user_not_found"), "slack_user_not_found", False, False),
        ("slack", SlackError("account_inactive"), "slack_account_inactive", False, True),
        ("slack", SlackError("token_revoked"), "slack_token_revoked", False, True),
        ("slack", SlackError("ekm_access_denied"), "slack_ekm_access_denied", False, True),
        ("slack", SlackError("never_heard_of"), "slack_never_heard_of", False, False),
        ("sms", TwilioError(21211), "number_invalid", False, False),
        ("sms", TwilioError(21408), "region_not_permitted", False, False),
        ("sms", TwilioError(21610), "recipient_stopped", True, False),
        ("sms", TwilioError(21614), "number_not_mobile", False, False),
        ("sms", TwilioError(30002), "provider_account_suspended", False, True),
        ("sms", TwilioError(20003, status=401), "provider_refuses_us", False, True),
        ("sms", TwilioError(39999), "twilio_39999", False, False),
        ("email", SmtpReply(550, "5.1.1 No such user", "rcpt"), "smtp_550", False, False),
        ("email", SmtpReply(554, "5.7.1 Refused", "data"), "smtp_554", False, False),
        ("email", SmtpReply(550, "5.7.1 Not you", "mail"), "smtp_550", False, False),
    ],
)
def test_what_will_never_work_is_permanent(
    phones: Carriers, slug: str, fault: Fault, reason: str, disables: bool, ours: bool
) -> None:
    {"slack": phones.slack, "sms": phones.sms, "email": phones.mail}[slug].fail(fault, next=None)
    channel = CHANNELS.all()[slug]

    with pytest.raises(PermanentFailure) as failure:
        channel.send(Outgoing(1, ADDRESSES[slug], 1, Message("ada", "UTC", facts=FACTS)))

    found = failure.value
    assert (found.reason, found.disables_method, found.is_ours) == (reason, disables, ours)


@pytest.mark.parametrize(
    ("slug", "fault", "reason"),
    [
        ("slack", SlackError("ratelimited"), "slack_ratelimited"),
        ("sms", TwilioError(30001), "queue_overflow"),
        ("sms", TwilioError(20429, status=429), "rate_limited"),
        ("email", SmtpReply(451, "4.7.1 Greylisted", "rcpt"), "smtp_451"),
        ("email", SmtpReply(421, "4.3.2 Closing", "mail"), "smtp_421"),
    ],
)
def test_what_may_work_later_is_temporary(phones: Carriers, slug: str, fault: Fault, reason: str) -> None:
    {"slack": phones.slack, "sms": phones.sms, "email": phones.mail}[slug].fail(fault, next=None)

    with pytest.raises(TemporaryFailure) as failure:
        CHANNELS.all()[slug].send(Outgoing(1, ADDRESSES[slug], 1, Message("ada", "UTC", facts=FACTS)))

    assert failure.value.reason == reason


@pytest.mark.parametrize("error", ["internal_error", "fatal_error"])
def test_slack_admits_that_it_does_not_know(phones: Carriers, error: str) -> None:
    phones.slack.fail(SlackError(error), next=None)

    with pytest.raises(OutcomeUnknown):
        CHANNELS.all()["slack"].send(Outgoing(1, "U0ADA", 1, Message("ada", "UTC", facts=FACTS)))


def test_a_callback_that_twilio_refuses_is_left_out(phones: Carriers) -> None:
    phones.sms.fail(TwilioError(21609), next=1)

    CHANNELS.all()["sms"].send(Outgoing(1, ADDRESSES["sms"], 1, Message("ada", "UTC", facts=FACTS)))

    assert phones.sms.to(ADDRESSES["sms"]).pages[-1].status_callback == ""


@pytest.mark.parametrize(
    "fault", [None, ServerError(500), RateLimited(1), SlackError("invalid_auth"), TwilioError(20003)]
)
def test_no_secret_and_no_address_reaches_a_log(
    phones: Carriers,
    line: Line,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    fault: Fault | None,
) -> None:
    caplog.set_level(logging.DEBUG)
    if fault is not None:
        line.carrier.fail(fault, next=None)

    try:
        line.send()
    except (TemporaryFailure, PermanentFailure, OutcomeUnknown) as failure:
        said = repr(failure)
    else:
        said = ""

    out, err = capfd.readouterr()
    ours = [record.getMessage() for record in caplog.records if record.name != "mail.log"]  # that is the fake server's
    written = "\n".join([*ours, out, err, said])
    secrets = ["xoxb-fake", "fake-auth-token", "fake-signing-secret", *ADDRESSES.values()]
    assert [each for each in secrets if each in written] == []


def test_the_longest_incidents_are_taken_too(phones: Carriers, line: Line) -> None:
    long = Message(
        "ada", "UTC", facts=FACTS.__class__(**{**FACTS.__dict__, "title": "ö" * 900, "description": "x" * 9000})
    )

    assert line.channel.send(Outgoing(3, ADDRESSES[line.channel.slug], 1, long)).ref
