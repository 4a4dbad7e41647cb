"""An e-mail as a message: what its sender, subject and text are, and whether a machine wrote it to a machine. Pure.

It comes as it travels (RFC 5322), or as the fields that a mail provider made of it.
"""

import base64
import contextlib
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr

import nh3

from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import object_at, said, text_at
from alerts.parsing.mend import Unreadable, clean_text
from alerts.parsing.source import Ignored, Json, Received

LONGEST_TEXT = 64 * 1024
_LONGEST_SUBJECT = 1000
_MOST_PARTS = 100
_MOST_HOPS = 50  # more than any mail takes that is not caught in a circle
_HEAD = re.compile(rb"\s*(?:[A-Za-z][A-Za-z0-9-]*:|From )[^\n]*\n")
_BREAKS = re.compile(r"<(?:br|/p|/div|/tr|/h\d|/li)\b[^>]*>", re.IGNORECASE)
_BLANK = re.compile(r"[ \t\xa0]*\n[ \t\xa0\n]*\n")
_OURS = re.compile(r"<(?:delivery|incident)-\d+@")
_SNS = ("Notification", "SubscriptionConfirmation")
_SUBJECT = ("subject", "Subject")
_TEXT = ("message", "stripped-text", "body-plain", "TextBody", "text", "body", "plain")
_HTML = ("body-html", "HtmlBody", "html")
_SENDER = ("sender", "from", "From", "envelope.from")
_DATE = ("date", "Date")
_NUMBER = ("Message-Id", "message-id", "MessageID", "message_id")


@dataclass(frozen=True, slots=True)
class Mail:
    """What rules read. `headers` in small letters."""

    subject: str
    text: str
    sender: str = ""
    date: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    is_report: bool = False  # of a mail server: delivered, not delivered, read

    @property
    def echo(self) -> str:
        """Why nobody wrote this to tell of anything, by name; empty where somebody may have."""
        if self.is_report:
            return "bounce"
        # Monitoring systems say "auto-generated" of their alerts, and rightly so; only answers are meant here.
        answers = self.headers.get("auto-submitted", "").lower().startswith(("auto-replied", "auto-notified"))
        if answers or any(name in self.headers for name in ("x-autoreply", "x-autorespond", "x-autoresponder")):
            return "auto_reply"
        if self.headers.get("precedence", "").lower() in ("auto_reply", "auto-reply"):
            return "auto_reply"
        ours = (self.headers.get(name, "") for name in ("message-id", "in-reply-to", "references"))
        if any(_OURS.search(each) for each in ours):
            return "own_mail"
        return "loop" if int(self.headers.get("received-count", "0")) > _MOST_HOPS else ""


def mail_of(received: Received) -> Mail:
    """The mail of a message. Raises Unreadable."""
    raw = received.unpacked()
    kind = received.content_type.partition(";")[0].strip().lower()
    if kind == "message/rfc822" or (not raw.lstrip().startswith((b"{", b"[")) and _HEAD.match(raw)):
        return _of_mime(raw, received)
    fields = fields_of(received)
    if fields.get("Type") in _SNS:
        return _of_sns(fields, received)
    return _of_fields(fields)


def _of_sns(fields: Mapping[str, Json], received: Received) -> Mail:
    """What Amazon SES received, by a topic of SNS."""
    if fields["Type"] == "SubscriptionConfirmation":
        raise Ignored("subscription_confirmation", "Amazon SNS asks whether its topic may send mail here.")
    message = object_at(Received(text_at(fields, "Message").encode(), received.now).json())
    content = text_at(message, "content")
    if not content:
        raise Unreadable("no_content", "Amazon SES did not include the mail: let its rule publish to SNS with content.")
    raw = content.encode()
    if text_at(message, "receipt.action.encoding").upper() == "BASE64":
        try:
            raw = base64.b64decode(raw + b"==")
        except ValueError:
            raise Unreadable("not_a_mail", "What Amazon SES included is no base64.") from None
    return _of_mime(raw, received)


def _of_fields(fields: Mapping[str, Json]) -> Mail:
    subject, text = text_at(fields, *_SUBJECT), text_at(fields, *_TEXT)
    if not text:
        text = _plain(text_at(fields, *_HTML))
    if not subject and not text:
        raise Unreadable("no_content", "The message has neither the subject of a mail nor its text.")
    number = said(fields, *_NUMBER)
    return Mail(
        subject=_one_line(subject),
        text=text[:LONGEST_TEXT],
        sender=parseaddr(text_at(fields, *_SENDER))[1],
        date=text_at(fields, *_DATE),
        headers={"message-id": number} if number else {},
    )


def _of_mime(raw: bytes, received: Received) -> Mail:
    try:
        message = message_from_bytes(raw)
        parts = [each for each, _ in zip(message.walk(), range(_MOST_PARTS), strict=False)]
    except (RecursionError, ValueError, LookupError, AttributeError, TypeError):
        raise Unreadable("not_a_mail", "The message is no mail that can be read.") from None
    headers = {name.lower(): _decoded(value) for name, value in message.items()[:200]}
    subject, text = _one_line(headers.get("subject", "")), _text_of(parts)
    if not subject and not text:
        raise Unreadable("no_content", "The mail has neither a subject nor a text.")
    headers["received-count"] = str(len(message.get_all("received") or []))
    return Mail(
        subject=subject,
        text=text,
        sender=parseaddr(headers.get("from", ""))[1] or received.headers.get(":envelope_from", ""),
        date=headers.get("date", ""),
        headers=headers,
        is_report=_is_report(message, headers, received.headers.get(":envelope_from")),
    )


def _is_report(message: Message, headers: Mapping[str, str], envelope_from: str | None) -> bool:
    if message.get_content_type() == "multipart/report" or "x-failed-recipients" in headers:
        return True
    local = parseaddr(headers.get("from", ""))[1].partition("@")[0].lower()
    return local in ("mailer-daemon", "postmaster") and envelope_from in ("", "<>")


def _text_of(parts: list[Message]) -> str:
    """The first plain text among the parts, else the first HTML, without its marks."""
    for kind in ("text/plain", "text/html"):
        for part in parts:
            if part.get_content_type() == kind and part.get_content_disposition() != "attachment":
                text = _content(part)
                text = _plain(text) if kind == "text/html" else text
                if text.strip():
                    return _BLANK.sub("\n\n", text.replace("\r\n", "\n")).strip()[:LONGEST_TEXT]
    return ""


def _content(part: Message) -> str:
    try:
        content = part.get_payload(decode=True)
        charset = part.get_content_charset() or "utf-8"
        raw = content[: 4 * LONGEST_TEXT] if isinstance(content, bytes) else b""
        return clean_text(raw.decode(charset, "replace"))[0]
    except (LookupError, ValueError, AttributeError, TypeError):
        return clean_text(str(part.get_payload())[:LONGEST_TEXT])[0]


def _plain(marked: str) -> str:
    return html.unescape(nh3.clean(_BREAKS.sub("\n", marked[: 4 * LONGEST_TEXT]), tags=set())).strip()


def _decoded(value: object) -> str:
    """A header's text; as it stands where it cannot be decoded."""
    text = str(value)[:4000]
    with contextlib.suppress(LookupError, ValueError, HeaderParseError):
        text = str(make_header(decode_header(text)))
    return clean_text(text)[0]


def _one_line(text: str) -> str:
    return " ".join(clean_text(text)[0].split())[:_LONGEST_SUBJECT]
