"""A fake Twilio on a real socket: Messages of the REST API, signed status callbacks, and people who text back."""

import base64
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.fakes.faults import Fault, RateLimited, TwilioError
from tests.fakes.ledger import Ledger
from tests.fakes.provider import Call, HttpProvider
from tests.fakes.receipts import Postman, ReceiptPlan, ReceiptRule, Receipts
from tests.fakes.serving import Reply, Request, json_reply
from tests.fakes.tocsin import Answer, Tocsin
from tests.fakes.twilio_calls import FakeCalls, PhoneCall
from tests.fakes.twilio_posts import TwilioPosts
from tests.fakes.twilio_texts import API, TextMessage, error, new_sid, twiml_messages

INBOUND, STATUS = "/twilio/sms/", "/twilio/status/"
MAX_TEXT = 1600
_PAGES = {"Messages.create": "message", "Calls.create": "call"}
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_STOP = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"}
_START = {"START", "YES", "UNSTOP"}


class FakeTwilio(HttpProvider):
    name = "sms"

    def __init__(
        self, *, ledger: Ledger, tocsin: Tocsin, account: str, auth_token: str, number: str, port: int = 0
    ) -> None:
        self.account, self.auth_token, self.number = account, auth_token, number
        self.plan = ReceiptPlan()
        self.postman = Postman(lambda: tocsin.is_live and tocsin.is_known)
        self._lock = threading.RLock()
        self._messages: dict[str, TextMessage] = {}
        self._stopped: set[str] = set()
        self.posts = TwilioPosts(ledger, tocsin, auth_token)
        self.calls = FakeCalls(self.posts, account)
        super().__init__(ledger=ledger, tocsin=tocsin, port=port)
        self.api_url = self.server.url

    # What a test asks.

    def messages(self, to: str) -> list[TextMessage]:
        """Everything between Tocsin and a number, oldest first, both directions."""
        with self._lock:
            return [message for message in self._messages.values() if to in (message.to, message.from_)]

    def receive_with(self, receipts: Receipts, next: int | None = None, to: str | None = None) -> None:  # noqa: A002
        self.plan.add(ReceiptRule(receipts, next, to))

    def send_receipt(self, sid: str, status: str, error_code: int | None = None, **forged: Any) -> Answer:
        """One status callback for a message, now, whatever was told before."""
        return self._tell(sid, status, error_code, **forged)

    def settle(self, *, early: bool = False) -> int:
        """Sends the receipts that are due (`early`: all) in this thread; how many."""
        return self.postman.settle(early=early)

    def is_settled(self) -> bool:
        """Whether every receipt has been sent."""
        return self.postman.is_idle

    def reply(self, number: str, text: str, **forged: Any) -> Answer:
        """The person texts Tocsin; what TwiML says is texted back."""
        with self._lock:
            word = text.strip().upper()
            if word in _STOP:
                self._stopped.add(number)
            elif word in _START:
                self._stopped.discard(number)
            pages = [m for m in self._messages.values() if m.to == number and m.direction == "outbound-api"]
            our_number = pages[-1].from_ if pages else self.number
            message = TextMessage(new_sid("SM"), our_number, number, text, "inbound", "received")
            self._messages[message.sid] = message
        fields = message.as_inbound(self.account)
        answer = self.posts.post(self.tocsin.url(INBOUND), fields, kind="reply", person=number, text=text, **forged)
        self._text_back(number, our_number, answer)
        return answer

    def replay(self) -> Answer:
        """The last callback or inbound message again, byte for byte."""
        return self.posts.replay()

    def calls_to(self, number: str) -> list[PhoneCall]:
        return self.calls.of(number)

    def pick_up(self, number: str, answered_by: str | None = None) -> Answer:
        return self.calls.pick_up(number, answered_by)

    def press_keys(self, number: str, keys: str, **forged: Any) -> Answer:
        return self.calls.press(number, keys, **forged)

    def stay_silent(self, number: str) -> None:
        self.calls.stay_silent(number)

    def hang_up(self, number: str, status: str = "completed") -> None:
        self.calls.hang_up(number, status)

    def reset(self) -> None:
        self.heal()
        self.release()
        self.plan.clear()
        self.postman.clear()
        self.calls.clear()
        with self._lock:
            self._messages.clear()
            self._stopped.clear()

    def close(self) -> None:
        super().close()
        self.postman.close()

    # What Tocsin asks.

    def understand(self, request: Request) -> Call:
        path = request.path.removeprefix(f"{API}/Accounts/{self.account}").removesuffix(".json")
        fields = request.fields()
        call, perform = self._route(request, path, fields)
        to = str(fields.get("To") or "")

        def checked() -> Reply:
            expected = base64.b64encode(f"{self.account}:{self.auth_token}".encode()).decode()
            if request.headers.get("Authorization", "") != f"Basic {expected}":
                return error(20003, 401)
            with self._lock:
                return perform()

        return Call(
            call,
            checked,
            kind=_PAGES.get(call, "question"),
            to=to,
            text=str(fields.get("Body") or fields.get("Twiml") or fields.get("Url") or ""),
            reference=_reference(str(fields.get("StatusCallback") or "")),
            detail={name: value for name, value in fields.items() if name != "Body"},
        )

    def _route(self, request: Request, path: str, fields: dict[str, Any]) -> tuple[str, Callable[[], Reply]]:
        kind, _, sid = path.removeprefix("/").partition("/")
        match request.method, kind, bool(sid):
            case "POST", "Messages", False:
                return "Messages.create", lambda: self._create(fields)
            case "GET", "Messages", False:
                return "Messages.list", lambda: self._list(fields)
            case "GET", "Messages", True:
                return "Messages.fetch", lambda: self._fetch(sid)
            case "POST", "Calls", False:
                why_not = self._why_no_number(fields)
                return "Calls.create", lambda: error(why_not) if why_not else self.calls.create(request.form())
            case "POST", "Calls", True:
                return "Calls.update", lambda: self.calls.update(sid, fields)
            case "GET", "Calls", True:
                return "Calls.fetch", lambda: self.calls.fetch(sid)
        return f"{request.method} {path}", lambda: error(20404, 404)

    def refusal(self, fault: Fault) -> Reply:
        match fault:
            case RateLimited(retry_after=seconds):
                reply = error(20429, 429, outcome=fault.name)
                return replace(reply, headers=reply.headers | {"Retry-After": str(seconds)})
            case TwilioError(code=code, status=status, message=message):
                return error(code, status, message)
        return error(20500, 500, outcome=fault.name)

    def _create(self, fields: dict[str, Any]) -> Reply:
        to, text = str(fields.get("To") or ""), str(fields.get("Body") or "")
        code = self._why_no_number(fields) or self._why_not(to, text, fields)
        if code:
            return error(code)
        period = fields.get("ValidityPeriod")
        message = TextMessage(
            new_sid("SM"),
            to,
            str(fields.get("From") or self.number),
            text,
            status_callback=str(fields.get("StatusCallback") or ""),
            validity_period=int(period) if period else None,
        )
        self._messages[message.sid] = message
        receipts = self.plan.take(to)
        for place, status in enumerate(receipts.statuses, start=1):
            code = receipts.error_code if status in ("undelivered", "failed") else None
            self.postman.post(message.sid, receipts.after * place, self._step(message.sid, status, code, receipts.lost))
        return json_reply(message.as_twilio(self.account), 201)

    def _why_no_number(self, fields: dict[str, Any]) -> int | None:
        if not fields.get("To"):
            return 21604
        if not _E164.fullmatch(str(fields["To"])):
            return 21211
        return None if fields.get("From") or fields.get("MessagingServiceSid") else 21603

    def _why_not(self, to: str, text: str, fields: dict[str, Any]) -> int | None:
        if not text:
            return 21602
        if len(text) > MAX_TEXT:
            return 21617
        if "StatusCallback" in fields and urlsplit(str(fields["StatusCallback"])).scheme not in ("http", "https"):
            return 21609
        return 21610 if to in self._stopped else None

    def _fetch(self, sid: str) -> Reply:
        message = self._messages.get(sid)
        return json_reply(message.as_twilio(self.account)) if message else error(20404, 404)

    def _list(self, fields: dict[str, Any]) -> Reply:
        """Newest first, in pages."""
        wanted = [
            message.as_twilio(self.account)
            for message in reversed(self._messages.values())
            if fields.get("To") in (None, message.to) and fields.get("From") in (None, message.from_)
        ]
        page, size = int(fields.get("Page") or 0), int(fields.get("PageSize") or 50)
        kept: dict[str, Any] = {name: fields[name] for name in ("To", "From") if name in fields}

        def uri(number: int) -> str:
            query = urlencode(kept | {"PageSize": size, "Page": number})
            return f"{API}/Accounts/{self.account}/Messages.json?{query}"

        return json_reply(
            {
                "messages": wanted[page * size : (page + 1) * size],
                "page": page,
                "page_size": size,
                "start": page * size,
                "end": min(len(wanted), (page + 1) * size) - 1,
                "uri": uri(page),
                "first_page_uri": uri(0),
                "previous_page_uri": uri(page - 1) if page else None,
                "next_page_uri": uri(page + 1) if (page + 1) * size < len(wanted) else None,
            }
        )

    # What Twilio tells Tocsin.

    def _step(self, sid: str, status: str, code: int | None, is_lost: bool) -> Callable[[], None]:
        def step() -> None:
            if is_lost:
                self._change(sid, status, code)
            else:
                self._tell(sid, status, code)

        return step

    def _change(self, sid: str, status: str, code: int | None) -> TextMessage | None:
        with self._lock:
            if sid in self._messages:  # else: reset meanwhile
                self._messages[sid] = replace(self._messages[sid], status=status, error_code=code)
            return self._messages.get(sid)

    def _tell(self, sid: str, status: str, code: int | None, **forged: Any) -> Answer:
        message = self._change(sid, status, code)
        if message is None or not message.status_callback:
            return Answer(0, "There is no status callback to call.")
        fields = message.as_callback(self.account) | {"SmsStatus": status, "MessageStatus": status}
        if code:
            fields["ErrorCode"] = str(code)
        return self.posts.post(
            message.status_callback, fields, kind="receipt", person=message.to, text=status, **forged
        )

    def _text_back(self, number: str, our_number: str, answer: Answer) -> None:
        with self._lock:
            for text in twiml_messages(answer.text) if answer.ok and number not in self._stopped else []:
                message = TextMessage(new_sid("SM"), number, our_number, text, "outbound-reply", "delivered")
                self._messages[message.sid] = message
                self.ledger.record(provider=self.name, call="TwiML", kind="answer", to=number, text=text)


def _reference(status_callback: str) -> str:
    """The sender's own word for a message: what it put into the callback's address; "" if that is always the same."""
    address = urlsplit(status_callback)
    return address.query or address.path.removeprefix(STATUS).strip("/")
