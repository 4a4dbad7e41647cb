"""Telephone calls of the fake Twilio: Calls of the REST API, and a person who picks up, listens and presses keys.

A call rings until somebody acts. TwiML is walked as Twilio does: Say, Play and Pause are heard, Gather waits for keys,
Redirect fetches, Hangup and the end of the document end the call.
https://www.twilio.com/docs/voice/api/call-resource and https://www.twilio.com/docs/voice/twiml
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urljoin
from xml.etree import ElementTree

from tests.fakes.serving import Reply, json_reply
from tests.fakes.tocsin import Answer
from tests.fakes.twilio_posts import TwilioPosts
from tests.fakes.twilio_texts import API, error, new_sid

OVER = ("completed", "busy", "failed", "no-answer", "canceled")
_EVENTS = {"queued": "initiated", "ringing": "ringing", "in-progress": "answered"}


@dataclass(frozen=True)
class PhoneCall:
    """One call; `said` is all that was read out so far, `action` where pressed keys go."""

    sid: str
    to: str
    from_: str
    url: str = ""
    twiml: str = ""
    status: str = "queued"
    answered_by: str | None = None
    status_callback: str = ""
    events: tuple[str, ...] = ("completed",)
    said: tuple[str, ...] = ()
    action: str = ""
    rest: tuple[str, ...] = field(default=())  # verbs that follow a Gather nobody answers

    @property
    def text(self) -> str:
        return " ".join(self.said)

    def as_twilio(self, account: str) -> dict[str, Any]:
        return {
            "account_sid": account,
            "answered_by": self.answered_by,
            "api_version": "2010-04-01",
            "direction": "outbound-api",
            "from": self.from_,
            "sid": self.sid,
            "status": self.status,
            "to": self.to,
            "uri": f"{API}/Accounts/{account}/Calls/{self.sid}.json",
        }


class FakeCalls:
    """Kept by sid; never held locked while Tocsin is asked."""

    def __init__(self, posts: TwilioPosts, account: str) -> None:
        self._posts = posts
        self._account = account
        self._lock = threading.RLock()
        self._calls: dict[str, PhoneCall] = {}

    def of(self, number: str) -> list[PhoneCall]:
        with self._lock:
            return [call for call in self._calls.values() if call.to == number]

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()

    # The REST API.

    def create(self, fields: dict[str, list[str]]) -> Reply:
        given = {name: values[-1] for name, values in fields.items()}
        if not given.get("Url") and not given.get("Twiml"):
            return error(21205, message="Url or Twiml is required.")
        call = PhoneCall(
            new_sid("CA"),
            given["To"],
            given.get("From", ""),
            url=given.get("Url", ""),
            twiml=given.get("Twiml", ""),
            status_callback=given.get("StatusCallback", ""),
            events=tuple(fields.get("StatusCallbackEvent", ["completed"])),
        )
        with self._lock:
            self._calls[call.sid] = call
        return json_reply(call.as_twilio(self._account), 201)

    def fetch(self, sid: str) -> Reply:
        call = self._calls.get(sid)
        return json_reply(call.as_twilio(self._account)) if call else error(20404, 404)

    def update(self, sid: str, given: dict[str, Any]) -> Reply:
        """Ends a call (`completed`), or one that rings (`canceled`)."""
        if sid not in self._calls:
            return error(20404, 404)
        self._change(sid, status=given.get("Status", "completed"))
        return self.fetch(sid)

    # The person.

    def pick_up(self, number: str, answered_by: str | None = None) -> Answer:
        """Answers the latest call and listens until keys are asked for or the call is over."""
        call = self._latest(number)
        if call.status in OVER:
            raise LookupError(f"The call to {number} is over: {call.status}.")
        call = self._change(call.sid, status="in-progress", answered_by=answered_by)
        self._tell(call)
        if call.twiml:
            self._listen(call, call.twiml, call.url)
            return Answer(200, call.twiml)
        return self._fetch_twiml(call, call.url, {})

    def press(self, number: str, keys: str, **forged: Any) -> Answer:
        """Presses keys where a Gather waits for them."""
        call = self._latest(number)
        if call.status != "in-progress" or not call.action:
            raise LookupError(f"Nobody waits for keys in the call to {number}.")
        action, call = call.action, self._change(call.sid, action="", rest=())
        return self._fetch_twiml(call, action, {"Digits": keys}, **forged)

    def stay_silent(self, number: str) -> None:
        """Lets a Gather time out; the document goes on behind it."""
        call = self._latest(number)
        self._walk(self._change(call.sid, action="", rest=()), list(call.rest), call.url)

    def hang_up(self, number: str, status: str = "completed") -> None:
        """Ends the latest call; `busy`, `no-answer` or `failed` if it was never picked up."""
        self._tell(self._change(self._latest(number).sid, status=status, action="", rest=()))

    def _latest(self, number: str) -> PhoneCall:
        calls = self.of(number)
        if not calls:
            raise LookupError(f"Nobody called {number}.")
        return calls[-1]

    def _change(self, sid: str, **values: Any) -> PhoneCall:
        with self._lock:
            self._calls[sid] = replace(self._calls[sid], **values)
            return self._calls[sid]

    def _fetch_twiml(self, call: PhoneCall, url: str, more: dict[str, str], **forged: Any) -> Answer:
        text = more.get("Digits", call.status)
        answer = self._posts.post(url, self._fields(call) | more, kind="answer", person=call.to, text=text, **forged)
        if answer.ok:
            self._listen(call, answer.text, url)
        return answer

    def _listen(self, call: PhoneCall, twiml: str, url: str) -> None:
        document = ElementTree.fromstring(twiml)  # noqa: S314  our own product's answer
        self._walk(call, [ElementTree.tostring(verb, "unicode") for verb in document], url)

    def _walk(self, call: PhoneCall, verbs: list[str], url: str) -> None:
        for place, source in enumerate(verbs):
            verb = ElementTree.fromstring(source)  # noqa: S314  our own product's answer
            call = self._change(call.sid, said=call.said + tuple(_heard(verb)))
            if verb.tag == "Gather":
                action = urljoin(url, verb.get("action", ""))
                self._change(call.sid, action=action, rest=tuple(verbs[place + 1 :]))
                return
            if verb.tag == "Redirect":
                self._fetch_twiml(call, urljoin(url, (verb.text or "").strip()), {})
                return
            if verb.tag in ("Hangup", "Reject"):
                break
        self._tell(self._change(call.sid, status="completed"))

    def _tell(self, call: PhoneCall) -> None:
        event = _EVENTS.get(call.status, "completed")
        if call.status_callback and event in call.events:
            fields = self._fields(call) | {"CallbackSource": "call-progress-events"}
            self._posts.post(call.status_callback, fields, kind="receipt", person=call.to, text=call.status)

    def _fields(self, call: PhoneCall) -> dict[str, str]:
        fields = {
            "AccountSid": self._account,
            "ApiVersion": "2010-04-01",
            "CallSid": call.sid,
            "CallStatus": call.status,
            "Called": call.to,
            "Caller": call.from_,
            "Direction": "outbound-api",
            "From": call.from_,
            "To": call.to,
        }
        return fields | ({"AnsweredBy": call.answered_by} if call.answered_by else {})


def _heard(verb: ElementTree.Element) -> Iterator[str]:
    if verb.tag == "Say":
        yield " ".join("".join(verb.itertext()).split())
    for inner in verb if verb.tag == "Gather" else ():
        yield from _heard(inner)
