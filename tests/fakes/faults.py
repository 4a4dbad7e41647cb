"""What can go wrong at a provider, and the plan that says which of the next requests it happens to.

Faults are values that travel as JSON, so a test scripts a fake in another process the same way as one in its own.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One way to fail; `carried_out` says whether the provider did what was asked all the same."""

    carried_out: bool = field(default=False, kw_only=True)

    @property
    def name(self) -> str:
        return type(self).__name__

    def to_json(self) -> dict[str, Any]:
        return {"fault": self.name, **asdict(self)}


@dataclass(frozen=True)
class RateLimited(Fault):
    """429 with Retry-After in seconds; by SMTP a 421 that closes the connection."""

    retry_after: int = 30


@dataclass(frozen=True)
class ServerError(Fault):
    """A 5xx with a body that is not JSON, as a proxy in front of a provider sends it."""

    status: int = 500
    retry_after: int | None = None


@dataclass(frozen=True)
class Hang(Fault):
    """The request is read and nothing comes back for `seconds`, or until released; then the connection ends.

    With `carried_out` the answer does come, late.
    """

    seconds: float | None = None


@dataclass(frozen=True)
class ResetAfterAccepting(Fault):
    """Carried out, then the connection is reset: the sender cannot know."""

    carried_out: bool = field(default=True, kw_only=True)


@dataclass(frozen=True)
class CloseBeforeAnswer(Fault):
    """The connection is closed without an answer; nothing was done unless `carried_out`."""


@dataclass(frozen=True)
class SlowBody(Fault):
    """Carried out, but the answer's body comes byte by byte with `gap` seconds between."""

    gap: float = 0.5
    carried_out: bool = field(default=True, kw_only=True)


@dataclass(frozen=True)
class SlackError(Fault):
    """HTTP 200 with `ok: false`, Slack's usual refusal."""

    error: str = "internal_error"


@dataclass(frozen=True)
class TwilioError(Fault):
    """Twilio's JSON error. Codes seen only in receipts (30003 ...) belong in `receipts.undelivered`."""

    code: int = 20500
    status: int = 400
    message: str = ""


@dataclass(frozen=True)
class SmtpReply(Fault):
    """A refusal such as 451 or 550 at `stage`: connect, mail, rcpt or data (after the whole message)."""

    code: int = 451
    text: str = "4.7.1 Greylisted, please try again later"
    stage: str = "rcpt"


_KINDS: dict[str, type[Fault]] = {
    kind.__name__: kind
    for kind in (
        RateLimited,
        ServerError,
        Hang,
        ResetAfterAccepting,
        CloseBeforeAnswer,
        SlowBody,
        SlackError,
        TwilioError,
        SmtpReply,
    )
}


def from_json(values: dict[str, Any]) -> Fault:
    """The fault that `to_json` described; ValueError for a kind nobody knows."""
    arguments = dict(values)
    name = arguments.pop("fault", None)
    if name not in _KINDS:
        raise ValueError(f"Unknown fault {name!r}; there are {', '.join(sorted(_KINDS))}.")
    return _KINDS[name](**arguments)


@dataclass
class Rule:
    """To which requests a fault happens. None stands for: however many, whoever, whatever, for ever."""

    fault: Fault
    next: int | None = 1
    to: str | None = None
    call: str | None = None
    seconds: float | None = None
    share: float = 1.0

    def __post_init__(self) -> None:
        self._dice = random.Random(0)  # the same run fails the same requests
        self._until = None if self.seconds is None else time.monotonic() + self.seconds

    @property
    def is_over(self) -> bool:
        return self.next == 0 or (self._until is not None and time.monotonic() >= self._until)

    def strikes(self, call: str, to: str) -> bool:
        return (
            self.to in (None, to)
            and self.call in (None, call)
            and (self.share >= 1 or self._dice.random() < self.share)
        )


class FaultPlan:
    """The rules in force, oldest first; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []

    def add(self, rule: Rule) -> None:
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def take(self, call: str, to: str, fits: Callable[[Fault], bool] = lambda fault: True) -> Fault | None:
        """The fault that strikes this request, counted as used; None where it goes well."""
        with self._lock:
            self._rules = [rule for rule in self._rules if not rule.is_over]
            for rule in self._rules:
                if fits(rule.fault) and rule.strikes(call, to):
                    if rule.next is not None:
                        rule.next -= 1
                    return rule.fault
        return None
