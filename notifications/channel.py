"""What a channel is: one provider that takes a message and says what became of it. `CHANNELS` finds them all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from core.registry import Registry
from notifications.messages import Message


@dataclass(frozen=True)
class Outgoing:
    """One attempt to send. `replaces` is the provider's reference of the message that this one updates in place.

    `tried_at` is when the first attempt began (UTC) whose outcome is not known; None where there was none.
    """

    delivery_id: int
    address: str
    attempt: int
    message: Message
    replaces: str = ""
    tried_at: datetime | None = None


@dataclass(frozen=True)
class Accepted:
    """The provider took it; `ref` is its name for the message, by which receipts and updates find it."""

    ref: str = ""


class TemporaryFailure(Exception):
    """It did not go out, and a later attempt may succeed. `retry_after` is the provider's own wish."""

    def __init__(self, reason: str, retry_after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class PermanentFailure(Exception):
    """It did not go out and never will this way.

    `disables_method`: this address is not to be used again. `is_ours`: the installation's own account is refused,
    which every admin should hear of.
    """

    def __init__(self, reason: str, *, disables_method: bool = False, is_ours: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.disables_method = disables_method
        self.is_ours = is_ours


class OutcomeUnknown(Exception):
    """The line was cut after the message left: it may have gone out.

    It is looked for and sent again, as a duplicate beats a loss; but only once where the channel cannot look for it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Limit:
    """At most `count` messages to one address within `window`."""

    count: int
    window: timedelta


class Channel(Protocol):
    """One way to reach people. `send` is called from many threads at once and returns within `ends_within`."""

    slug: str
    label: str
    receipt_within: timedelta | None  # None where the provider gives no receipts: acceptance is then the end
    updates_in_place: bool
    can_find: bool  # whether the provider tells what became of an attempt whose answer was lost
    ends_within: timedelta  # the longest an attempt takes, `find` included; for HTTP the ten seconds of `core.outgoing`
    limits: Sequence[Limit]

    def is_configured(self) -> bool:
        """Whether this installation has an account with the provider."""
        ...

    def send(self, outgoing: Outgoing) -> Accepted:
        """Send once, without retrying. Raises TemporaryFailure, PermanentFailure or OutcomeUnknown."""
        ...

    def find(self, outgoing: Outgoing) -> Accepted | None:
        """What an earlier attempt brought about, asked before sending again; None where the provider cannot tell."""
        ...

    def mask(self, address: str) -> str:
        """The address as others may see it."""
        ...


CHANNELS: Registry[Channel] = Registry(
    "notifications.channels", attribute="CHANNEL", slug_of=lambda channel: channel.slug
)


def configured() -> frozenset[str]:
    """Slugs of the channels this installation can send by."""
    return frozenset(slug for slug, channel in CHANNELS.all().items() if channel.is_configured())


def label_of(slug: str) -> str:
    """The channel's name for people."""
    channel = CHANNELS.get(slug)
    return channel.label if channel else slug


def masked(slug: str, address: str) -> str:
    """The address as others may see it."""
    channel = CHANNELS.get(slug)
    return channel.mask(address) if channel and address else ""


def server_trouble(status: int, retry_after: str | None) -> TemporaryFailure | OutcomeUnknown:
    """What a 5xx means for a message: a gateway may say so after the provider behind it took it.

    Only a 503 that says when to come back is a refusal: RFC 9110, 15.6.4.
    """
    if status == 503 and retry_after is not None:
        return TemporaryFailure(f"http_{status}", seconds_after(retry_after))
    return OutcomeUnknown(f"http_{status}")


def seconds_after(header: str | None) -> timedelta | None:
    """A Retry-After header in seconds; None where it is missing or no number. An hour at most."""
    if header is None or not header.strip().isdigit():
        return None
    return timedelta(seconds=min(3600, int(header)))
