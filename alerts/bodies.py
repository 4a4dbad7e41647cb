"""The body of senders that post JSON, a form with JSON in a field, or plain text, whatever the content type says."""

from urllib.parse import parse_qsl

from alerts.mend import Unreadable, clean_text
from alerts.source import Json, Received


def json_or_text(received: Received) -> Json:
    """JSON, or text where it does not look like JSON. Raises Unreadable where there is nothing at all."""
    try:
        return received.json()
    except Unreadable:
        raw = received.unpacked().lstrip()
        if not raw or raw[:1] in (b"{", b"["):
            raise
    return clean_text(received.text())[0]


def json_or_form(received: Received, field: str) -> Json:
    """JSON as the body, or in this field of a form. Raises Unreadable."""
    kind = received.content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded" and received.unpacked().lstrip()[:1] not in (b"{", b"["):
        value = dict(parse_qsl(received.text())).get(field, "")
        inner = Received(value.encode("utf-8", "replace"), received.now)
        found = inner.json()
        received.marks.extend(inner.marks)
        return found
    return received.json()
