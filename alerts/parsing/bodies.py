"""What a message holds, however it is packed: as JSON, a form, a form with JSON in a field, parts, a query or text.

Content types are not believed where the body says otherwise.
"""

import re
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qsl

from alerts.parsing.mend import Unreadable, clean_text
from alerts.parsing.source import Json, Received

MOST_FIELDS = 10_000  # of a form; JSON has a bound of its own
_WRAPPED_IN = ("payload", "data", "json", "alert", "body")
_FORM = re.compile(r"[\w.\[\]-]+=")


def body_of(received: Received, *, is_often_text: bool = False) -> Json:
    """JSON, the fields of a form or a query, or text. Raises Unreadable.

    With `is_often_text` text is read though its content type says JSON, as some send it unless told otherwise.
    """
    kind = received.content_type.partition(";")[0].strip().lower()
    raw = received.unpacked()
    if not raw.strip():
        if received.query:
            return _form(_pairs(received.query), received)
        raise Unreadable("empty", "The message has no body.")
    if kind == "application/x-www-form-urlencoded" and raw.lstrip()[:1] not in (b"{", b"["):
        return _form(_pairs(received.text()), received)
    if kind == "multipart/form-data":
        return _form(_parts(received.content_type, raw), received)
    try:
        return received.json()
    except Unreadable:
        if raw.lstrip()[:1] in (b"{", b"[") or (kind.endswith("json") and not is_often_text):
            raise
    return clean_text(received.text())[0]


def fields_of(received: Received) -> dict[str, Json]:
    """The object that a message is, with what the query of its address adds. Raises Unreadable."""
    body = body_of(received)
    if isinstance(body, str) and _FORM.match(body):
        body = _form(_pairs(body), received)
    if not isinstance(body, dict):
        raise Unreadable("unexpected_shape", "The message holds no fields with names, which this source always sends.")
    added = _form(_pairs(received.query), received)
    fields = {**added, **body} if isinstance(added, dict) else body
    if not fields:
        raise Unreadable("no_content", "There is nothing in the message that could be an alert.")
    return fields


def _pairs(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        raise _too_many() from None


def _too_many() -> Unreadable:
    return Unreadable("too_many_values", f"The form has more than {MOST_FIELDS:,} fields, which no alert needs.")


def _form(fields: dict[str, str], received: Received) -> Json:
    for name in _WRAPPED_IN:
        value = fields.get(name, "")
        if value.lstrip()[:1] in ("{", "["):
            inner = Received(value.encode(), received.now)
            found = inner.json()
            received.marks.extend(inner.marks)
            return found
    return {clean_text(name)[0]: clean_text(value)[0] for name, value in fields.items()}


def _parts(content_type: str, raw: bytes) -> dict[str, str]:
    if raw.count(b"\n--") > MOST_FIELDS:
        raise _too_many()
    message = BytesParser(EmailMessage, policy=HTTP).parsebytes(
        b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n" + raw
    )
    fields = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            fields[name] = content.decode("utf-8", "replace").rstrip("\r\n")
    return fields
