"""SMS in the words of a test: `sms.to("+12025550101").texts`, `sms.to("+12025550101").reply("1")`."""

from typing import Any, Protocol

from tests.fakes.inbox import Addressed, Carrier, Inbox, address
from tests.fakes.provider import Provider
from tests.fakes.receipts import Receipts
from tests.fakes.tocsin import Answer
from tests.fakes.twilio_texts import TextMessage
from tests.fakes.waiting import PATIENCE, wait_for


class SmsProvider(Provider, Protocol):
    """The fake Twilio, in this process or in another."""

    def messages(self, to: str) -> list[TextMessage]: ...
    def receive_with(self, receipts: Receipts, next: int | None = None, to: str | None = None) -> None: ...  # noqa: A002
    def send_receipt(self, sid: str, status: str, error_code: int | None = None, **forged: Any) -> Answer: ...
    def settle(self, *, early: bool = False) -> int: ...
    def is_settled(self) -> bool: ...
    def reply(self, number: str, text: str, **forged: Any) -> Answer: ...
    def replay(self) -> Answer: ...


class SmsInbox(Inbox[TextMessage]):
    """One telephone. Acts take `secret=` (a wrong one) or `signed_url=` to forge a signature."""

    def __init__(self, sms: SmsProvider, to: str) -> None:
        super().__init__(to)
        self._sms = sms

    @property
    def messages(self) -> list[TextMessage]:
        """What the telephone received: pages, and answers to what was texted."""
        return [message for message in self._sms.messages(self.address) if message.direction != "inbound"]

    @property
    def pages(self) -> list[TextMessage]:
        """What Tocsin sent of its own accord."""
        return [message for message in self.messages if message.direction == "outbound-api"]

    def reply(self, text: str, **forged: Any) -> Answer:
        return self._sms.reply(self.address, text, **forged)

    def replay(self) -> Answer:
        """Whatever Twilio last posted to Tocsin, posted again byte for byte."""
        return self._sms.replay()

    def send_receipt(self, status: str, error_code: int | None = None, **forged: Any) -> Answer:
        """A status callback for the latest page, now."""
        if not self.pages:
            raise LookupError(f"{self.address} was sent nothing that a receipt could be about.")
        return self._sms.send_receipt(self.pages[-1].sid, status, error_code, **forged)


class Sms(Carrier):
    channel = "sms"

    def __init__(self, provider: SmsProvider) -> None:
        super().__init__(provider)
        self._sms = provider

    def to(self, whom: "str | Addressed") -> SmsInbox:
        return SmsInbox(self._sms, address(whom, self.channel))

    def receipts(
        self,
        receipts: Receipts,
        *,
        next: int | None = None,  # noqa: A002  as in `fail`
        to: "str | Addressed | None" = None,
    ) -> None:
        """How the next messages fare: `receipts.DELIVERED`, `NEVER`, `TWICE`, `late(5)`, `undelivered(30003)` ..."""
        self._sms.receive_with(receipts, next, None if to is None else address(to, self.channel))

    def settle(self, *, early: bool = False) -> int:
        """Sends the receipts that are due (`early`: all) in this thread; how many. Needed only with a lent caller."""
        return self._sms.settle(early=early)

    def wait_until_settled(self, timeout: float = PATIENCE) -> None:
        wait_for(self._sms.is_settled, timeout, "all receipts to be sent")
