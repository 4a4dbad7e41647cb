"""Slack in the words of a test: `slack.to("U0ADA").texts`, `slack.to("U0ADA").press("Acknowledge")`."""

from typing import Any, Protocol

from tests.fakes import slack_blocks
from tests.fakes.inbox import Addressed, Carrier, Inbox, address
from tests.fakes.provider import Provider
from tests.fakes.slack_workspace import SlackMessage, Version, person_of
from tests.fakes.tocsin import Answer
from tests.fakes.waiting import PATIENCE


class SlackProvider(Provider, Protocol):
    """The fake Slack, in this process or in another."""

    def messages(self, to: str) -> list[SlackMessage]: ...
    def views(self) -> list[dict[str, Any]]: ...
    def add_member(self, user: str, email: str = "", name: str = "") -> None: ...
    def press(self, channel: str, ts: str, label: str, *, by: str, old: int = -1, **forged: Any) -> Answer: ...
    def interact(self, payload: dict[str, Any], **forged: Any) -> Answer: ...
    def command(self, user: str, command: str, text: str, **forged: Any) -> Answer: ...
    def event(self, event: dict[str, Any], **forged: Any) -> Answer: ...
    def replay(self) -> Answer: ...
    def unfurl(self, to: str) -> list[Answer]: ...


class SlackInbox(Inbox[SlackMessage]):
    """What a user or a channel sees. Acts take `secret=` (a wrong one) and `age=` (seconds) to forge a signature."""

    def __init__(self, slack: SlackProvider, to: str) -> None:
        super().__init__(to)
        self._slack = slack

    @property
    def messages(self) -> list[SlackMessage]:
        return self._slack.messages(self.address)

    @property
    def history(self) -> list[Version]:
        """Every state every message ever had, message by message."""
        return [version for message in self.messages for version in message.versions]

    @property
    def buttons(self) -> list[str]:
        """The buttons of the latest message."""
        return self.latest.buttons

    @property
    def links(self) -> list[str]:
        return [link for message in self.messages for link in slack_blocks.links(message.text, message.blocks)]

    def press(
        self, button: str, *, on: SlackMessage | None = None, by: "str | Addressed | None" = None, **forged: Any
    ) -> Answer:
        """Presses a button of the latest message, or of `on` as it was when read: people press what they still see.

        In a channel `by` says who presses.
        """
        message = on or self.latest
        who = person_of(self.address) if by is None else address(by, Slack.channel)
        old = len(message.versions) - 1
        return self._slack.press(message.channel, message.ts, button, by=who, old=old, **forged)

    def replay(self) -> Answer:
        """Whatever Slack last posted to Tocsin, posted again byte for byte."""
        return self._slack.replay()

    def command(self, command: str, text: str = "", **forged: Any) -> Answer:
        return self._slack.command(person_of(self.address), command, text, **forged)

    def unfurl(self) -> list[Answer]:
        """GETs every link of every message, as Slack's bot does to show previews."""
        return self._slack.unfurl(self.address)

    def wait_for_update(self, part: str, timeout: float = PATIENCE) -> SlackMessage:
        """A message that was changed in place and now says `part`."""
        return self.wait_for(
            lambda message: len(message.versions) > 1 and part.lower() in message.text.lower(),
            timeout,
            f"an update to {part!r}",
        )


class Slack(Carrier):
    channel = "slack"

    def __init__(self, provider: SlackProvider) -> None:
        super().__init__(provider)
        self._slack = provider

    def to(self, whom: "str | Addressed") -> SlackInbox:
        return SlackInbox(self._slack, address(whom, self.channel))

    @property
    def views(self) -> list[dict[str, Any]]:
        return self._slack.views()

    def add_member(self, whom: "str | Addressed", email: str = "", name: str = "") -> None:
        self._slack.add_member(address(whom, self.channel), email, name)

    def interact(self, payload: dict[str, Any], **forged: Any) -> Answer:
        return self._slack.interact(payload, **forged)

    def event(self, event: dict[str, Any], **forged: Any) -> Answer:
        return self._slack.event(event, **forged)
