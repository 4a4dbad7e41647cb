"""Text messages as Twilio keeps and shows them, the errors it words, and TwiML's answers.

Shapes: https://www.twilio.com/docs/messaging/api/message-resource and https://www.twilio.com/docs/api/errors .
"""

import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from xml.etree import ElementTree

from tests.fakes.serving import Reply, json_reply

API = "/2010-04-01"
# https://www.twilio.com/docs/glossary/what-is-gsm-7-character-encoding
_GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = set("^{}\\[~]|€")

_MESSAGES = {
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    21211: "The 'To' number is not a valid phone number.",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number.",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21610: "Attempt to send to unsubscribed recipient",
    21617: "The concatenated message body exceeds the 1600 character limit.",
}


def error(code: int, status: int = 400, message: str = "", *, outcome: str = "") -> Reply:
    """Twilio's JSON error."""
    body = {
        "code": code,
        "message": message or _MESSAGES.get(code, f"Error {code}"),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return json_reply(body, status, outcome=outcome or f"error {code}")


def new_sid(kind: str) -> str:
    return kind + secrets.token_hex(16)


def segments(text: str) -> int:
    """How many SMS a text is billed as: 160 GSM-7 or 70 UCS-2 units, 153 or 67 when there are several."""
    if all(char in _GSM or char in _GSM_TWICE for char in text):
        units, single, many = len(text) + sum(char in _GSM_TWICE for char in text), 160, 153
    else:
        units, single, many = len(text.encode("utf-16-le")) // 2, 70, 67
    return 1 if units <= single else -(-units // many)


@dataclass(frozen=True)
class TextMessage:
    """One SMS. `direction`: outbound-api (a page), outbound-reply (TwiML's answer), inbound (what the person wrote)."""

    sid: str
    to: str
    from_: str
    text: str
    direction: str = "outbound-api"
    status: str = "queued"
    error_code: int | None = None
    status_callback: str = ""
    validity_period: int | None = None
    created_at: float = field(default_factory=time.time)

    @property
    def segments(self) -> int:
        return segments(self.text)

    def as_twilio(self, account: str) -> dict[str, Any]:
        uri = f"{API}/Accounts/{account}/Messages/{self.sid}"
        created = format_datetime(datetime.fromtimestamp(self.created_at, UTC))
        return {
            "account_sid": account,
            "api_version": "2010-04-01",
            "body": self.text,
            "date_created": created,
            "date_sent": created if self.status != "queued" else None,
            "date_updated": created,
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": None if self.error_code is None else f"Error {self.error_code}",
            "from": self.from_,
            "messaging_service_sid": None,
            "num_media": "0",
            "num_segments": str(self.segments),
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": self.to,
            "uri": f"{uri}.json",
        }

    def as_callback(self, account: str) -> dict[str, str]:
        """The fields that every callback about a message has."""
        return {
            "AccountSid": account,
            "ApiVersion": "2010-04-01",
            "From": self.from_,
            "MessageSid": self.sid,
            "SmsSid": self.sid,
            "To": self.to,
        }

    def as_inbound(self, account: str) -> dict[str, str]:
        return self.as_callback(account) | {
            "Body": self.text,
            "FromCountry": "US",
            "NumMedia": "0",
            "NumSegments": str(self.segments),
            "SmsMessageSid": self.sid,
            "SmsStatus": "received",
            "ToCountry": "US",
        }


def twiml_messages(twiml: str) -> list[str]:
    """The texts of `<Message>` (bare or in `<Body>`) in a TwiML answer; ParseError for broken XML."""
    if not twiml.strip():
        return []
    found = []
    for message in ElementTree.fromstring(twiml).iter("Message"):  # noqa: S314  our own product's answer
        body = message.find("Body")
        found.append(((body.text if body is not None else message.text) or "").strip())
    return found
