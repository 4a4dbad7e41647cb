"""E-mail in the words of a test: `mail.to("ada@example.com").follow("Acknowledge")`."""

from typing import Protocol

from tests.fakes.inbox import Addressed, Carrier, Inbox, address
from tests.fakes.pages import Link
from tests.fakes.provider import Provider
from tests.fakes.smtp_server import MailMessage
from tests.fakes.tocsin import Answer


class MailProvider(Provider, Protocol):
    """The fake mail exchanger, in this process or in another."""

    def messages(self, to: str) -> list[MailMessage]: ...
    def follow(self, to: str, number: int, label: str) -> Answer: ...
    def prefetch(self, to: str) -> list[Answer]: ...


class MailInbox(Inbox[MailMessage]):
    """One mailbox."""

    def __init__(self, mail: MailProvider, to: str) -> None:
        super().__init__(to)
        self._mail = mail

    @property
    def messages(self) -> list[MailMessage]:
        return self._mail.messages(self.address)

    @property
    def subjects(self) -> list[str]:
        return [mail.subject for mail in self.messages]

    @property
    def links(self) -> list[Link]:
        return [link for mail in self.messages for link in mail.links]

    def follow(self, label: str, *, number: int = -1) -> Answer:
        """Opens the link `label` of the latest mail (or of mail `number`) and presses the button `label` there."""
        return self._mail.follow(self.address, number, label)

    def prefetch(self) -> list[Answer]:
        """GETs every link of every mail and presses nothing, as link scanners do."""
        return self._mail.prefetch(self.address)


class Mail(Carrier):
    channel = "email"

    def __init__(self, provider: MailProvider) -> None:
        super().__init__(provider)
        self._mail = provider

    def to(self, whom: "str | Addressed") -> MailInbox:
        return MailInbox(self._mail, address(whom, self.channel))
