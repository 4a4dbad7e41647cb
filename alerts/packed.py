"""The fields of a message, whether it is JSON, a form or the query of its address; and which of them say something.

Senders whose bodies are templates leave a macro as it stands where they know no value for it (`$HOSTNAME$`,
`{EVENT.ID}`, `{{TITLE}}`): it can be shown, but means nothing, least of all the same alert as another.
"""

import hashlib
import re
from collections.abc import Mapping
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qsl

import orjson

from alerts.macros import is_macro
from alerts.mend import Unreadable, clean_text
from alerts.source import Json, Received, as_text

MOST_FIELDS = 10_000  # of a form; JSON has a bound of its own
_LONGEST_ADDRESS = 4000
_WRAPPED_IN = ("payload", "data", "json", "alert", "body")
_FORM = re.compile(r"[\w.\[\]-]+=")
_NOT_PLAIN = re.compile(r"[^a-z0-9]")


def body_of(received: Received) -> Json:
    """JSON, the fields of a form or a query, or text. Raises Unreadable."""
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
        if raw.lstrip()[:1] in (b"{", b"[") or kind.endswith("json"):
            raise
    return received.text()


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


def flattened(fields: Mapping[str, Json], above: str = "") -> dict[str, Json]:
    """Fields within fields by one name of letters and digits: `EVENT.ID` and `event: {id}` are both `eventid`."""
    flat: dict[str, Json] = {}
    for name, value in fields.items():
        plain = above + _NOT_PLAIN.sub("", name.lower())
        if isinstance(value, dict):
            flat.update(flattened(value, plain))
        else:
            flat[plain] = value
    return flat


def written(fields: Mapping[str, Json], *names: str) -> str:
    """The first of these that holds any text or number, as it stands; empty where none does."""
    return next((text for text in map(_text, map(fields.get, names)) if text), "")


def said(fields: Mapping[str, Json], *names: str) -> str:
    """The first of these that says something; empty where none does. A macro left as it stands says nothing."""
    return next((text for text in map(_text, map(fields.get, names)) if text and not is_macro(text)), "")


def labels_of(fields: Mapping[str, Json], **names: str) -> dict[str, str]:
    """Labels, each from the field named; without those that say nothing."""
    return {label: text for label, name in names.items() if (text := said(fields, name))}


def object_at(fields: Mapping[str, Json], name: str) -> dict[str, Json]:
    """The object in a field; an empty one where there is none."""
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def in_query(address: str, name: str) -> str:
    """A parameter of an address; empty where it has none of this name."""
    query = address[:_LONGEST_ADDRESS].partition("?")[2].partition("#")[0]
    return clean_text(next((value for each, value in parse_qsl(query) if each == name), ""))[0].strip()


def key_of_content(fields: Mapping[str, Json]) -> str:
    """An identity for a message that names nothing: only the very same message is the same alert."""
    packed = orjson.dumps(fields, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS)
    return hashlib.sha256(packed).hexdigest()[:32]


def _text(value: Json) -> str:
    return as_text(value).strip() if isinstance(value, str | int | float) else ""


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
