"""Telephone calls in the words of a test: `voice.to("+12025550101").pick_up()`, then `.press("1")`."""

from typing import Any, Protocol

from tests.fakes.inbox import Addressed, Carrier, Inbox, address
from tests.fakes.provider import Provider
from tests.fakes.tocsin import Answer
from tests.fakes.twilio_calls import PhoneCall


class VoiceProvider(Provider, Protocol):
    """The calls of the fake Twilio, in this process or in another."""

    def calls_to(self, number: str) -> list[PhoneCall]: ...
    def pick_up(self, number: str, answered_by: str | None = None) -> Answer: ...
    def press_keys(self, number: str, keys: str, **forged: Any) -> Answer: ...
    def stay_silent(self, number: str) -> None: ...
    def hang_up(self, number: str, status: str = "completed") -> None: ...


class VoiceInbox(Inbox[PhoneCall]):
    """One telephone's calls; `.texts` is what was read out in each."""

    def __init__(self, voice: VoiceProvider, to: str) -> None:
        super().__init__(to)
        self._voice = voice

    @property
    def messages(self) -> list[PhoneCall]:
        return self._voice.calls_to(self.address)

    def pick_up(self) -> Answer:
        """Answers the latest call and listens until keys are asked for or the call is over."""
        return self._voice.pick_up(self.address)

    def voicemail(self) -> Answer:
        """A machine answers, presses nothing, and the message ends."""
        answer = self._voice.pick_up(self.address, "machine_start")
        self._voice.stay_silent(self.address)
        return answer

    def press(self, keys: str, **forged: Any) -> Answer:
        return self._voice.press_keys(self.address, keys, **forged)

    def stay_silent(self) -> None:
        """Presses nothing until the question times out."""
        self._voice.stay_silent(self.address)

    def hang_up(self) -> None:
        self._voice.hang_up(self.address)

    def decline(self, status: str = "busy") -> None:
        """Never picks up: `busy`, `no-answer` or `failed`."""
        self._voice.hang_up(self.address, status)


class Voice(Carrier):
    """Faults are those of Twilio's whole API: narrow them with `call="Calls.create"`."""

    channel = "voice"

    def __init__(self, provider: VoiceProvider) -> None:
        super().__init__(provider)
        self._voice = provider

    def to(self, whom: "str | Addressed") -> VoiceInbox:
        return VoiceInbox(self._voice, address(whom, self.channel))
