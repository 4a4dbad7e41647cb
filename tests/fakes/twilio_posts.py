"""What Twilio posts to Tocsin: signed over the public address and the sorted parameters, replayable, written down."""

from typing import Any
from urllib.parse import urlencode

import httpx
from twilio.request_validator import RequestValidator

from tests.fakes.ledger import Ledger
from tests.fakes.tocsin import FORM, Answer, Sent, Tocsin


class TwilioPosts:
    def __init__(self, ledger: Ledger, tocsin: Tocsin, auth_token: str) -> None:
        self._ledger = ledger
        self._tocsin = tocsin
        self._auth_token = auth_token
        self._last: Sent | None = None

    def post(
        self,
        url: str,
        fields: dict[str, str],
        *,
        kind: str,
        person: str,
        text: str,
        secret: str | None = None,
        signed_url: str = "",
    ) -> Answer:
        """Posts a form as Twilio does; status 0: nobody answered. `secret` and `signed_url` forge the signature."""
        validator = RequestValidator(self._auth_token if secret is None else secret)
        headers = {
            "Content-Type": FORM,
            "User-Agent": "TwilioProxy/1.1",
            "X-Twilio-Signature": validator.compute_signature(signed_url or url, fields),
        }
        self._last = Sent(url, urlencode(fields).encode(), headers)
        reference = fields.get("MessageSid") or fields.get("CallSid") or ""
        return self._send(self._last, kind=kind, to=person, text=text, reference=reference)

    def replay(self) -> Answer:
        """The last post again, byte for byte."""
        if self._last is None:
            raise LookupError("Nothing was sent that could be replayed.")
        return self._send(self._last, kind="replay", to="", text="", reference="")

    def _send(self, sent: Sent, **noted: Any) -> Answer:
        try:
            answer = self._tocsin.send(sent)
        except (
            httpx.HTTPError,
            httpx.InvalidURL,
        ) as failure:  # Tocsin is down or its address is wrong: Twilio shrugs, too
            answer = Answer(0, repr(failure), url=sent.url)
        self._ledger.record(
            provider="sms",
            call="to tocsin",
            outcome=str(answer.status),
            accepted=answer.ok,
            detail={"url": sent.url},
            **noted,
        )
        return answer
