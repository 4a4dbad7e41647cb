"""Slack, Twilio and a mail exchanger as real servers on loopback sockets, for tests and benchmarks. See README.md."""

from tests.fakes import receipts
from tests.fakes.carriers import Carriers, Ports, Secrets, start
from tests.fakes.faults import (
    CloseBeforeAnswer,
    Hang,
    RateLimited,
    ResetAfterAccepting,
    ServerError,
    SlackError,
    SlowBody,
    SmtpReply,
    TwilioError,
)

__all__ = [
    "Carriers",
    "CloseBeforeAnswer",
    "Hang",
    "Ports",
    "RateLimited",
    "ResetAfterAccepting",
    "Secrets",
    "ServerError",
    "SlackError",
    "SlowBody",
    "SmtpReply",
    "TwilioError",
    "receipts",
    "start",
]
