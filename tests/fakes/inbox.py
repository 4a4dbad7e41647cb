"""What one address received, in the words of a test: `.messages`, `.texts`, `.latest`, and waiting for more.

An address is a string, or an object that knows its own: anything with `address_for(channel)`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar, runtime_checkable

from tests.fakes.faults import Fault, Rule
from tests.fakes.provider import Provider
from tests.fakes.waiting import PATIENCE, wait_for


@runtime_checkable
class Addressed(Protocol):
    def address_for(self, channel: str) -> str: ...


def address(whom: "str | Addressed", channel: str) -> str:
    return whom if isinstance(whom, str) else whom.address_for(channel)


class Message(Protocol):
    @property
    def text(self) -> str: ...


M = TypeVar("M", bound=Message)


class Inbox(ABC, Generic[M]):
    """One address. Read anew at each question, so it may be kept while things arrive."""

    def __init__(self, address: str) -> None:
        self.address = address

    @property
    @abstractmethod
    def messages(self) -> list[M]:
        """What the address received, oldest first, as it stands now."""

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.messages]

    @property
    def latest(self) -> M:
        messages = self.messages
        if not messages:
            raise LookupError(f"{self.address} received nothing.")
        return messages[-1]

    def wait_for(self, wanted: Callable[[M], bool], timeout: float = PATIENCE, what: str = "a message") -> M:
        """The first message that is `wanted`, once it has come."""
        return wait_for(lambda: next(filter(wanted, self.messages), None), timeout, f"{what} to {self.address}")

    def wait_for_text(self, part: str, timeout: float = PATIENCE) -> M:
        """The first message whose text contains `part`, in any case of letters, once it has come."""
        return self.wait_for(lambda message: part.lower() in message.text.lower(), timeout, f"{part!r}")

    def wait_for_count(self, count: int, timeout: float = PATIENCE) -> list[M]:
        """The messages, once there are at least `count`."""
        wait_for(lambda: len(self.messages) >= count, timeout, f"{count} messages to {self.address}")
        return self.messages


class Carrier:
    """Faults of one provider, in the words of a test."""

    channel: str

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def fail(
        self,
        with_: Fault,
        *,
        next: int | None = 1,  # noqa: A002  the promised word
        to: "str | Addressed | None" = None,
        call: str | None = None,
        seconds: float | None = None,
        share: float = 1.0,
    ) -> None:
        """Lets the next requests fail; `next=None` until healed, `seconds` for so long, `share` only some of them."""
        whom = None if to is None else address(to, self.channel)
        self._provider.script(Rule(with_, next=next, to=whom, call=call, seconds=seconds, share=share))

    def heal(self) -> None:
        """No more faults; what hangs, hangs until released."""
        self._provider.heal()

    def release(self) -> None:
        """Lets go what hangs or trickles."""
        self._provider.release()
