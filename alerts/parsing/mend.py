"""Reads JSON as it really arrives: what can be mended is mended and marked, what cannot raises Unreadable. Pure.

The common case, sound JSON, costs one pass of orjson and a few scans in C. Everything else takes the slow road: text
with bad bytes, NUL, lone surrogates, NaN, huge numbers, raw line breaks, trailing commas, nesting without end, and
bodies of which only the head was kept.
"""

import json
import re
import zlib
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import orjson

from alerts.parsing import concatenated
from core.errors import DomainError

Json = Any

DEEPEST = 64
LONGEST_UNPACKED = 16 * 1024 * 1024
MOST_VALUES = 1_000_000  # of one body: each costs memory a hundred times its length
REPLACEMENT = "\ufffd"


class Unreadable(DomainError):
    """A message cannot be read. `reason` is its name, the text a sentence for people."""

    code = "unreadable"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Mended:
    """The value, and what had to be mended, by name."""

    value: Json
    marks: tuple[str, ...] = ()


def unpack(body: bytes, encoding: str) -> bytes:
    """Undo `Content-Encoding`. Raises Unreadable for what is not what it says, or is larger than 16 MB unpacked."""
    wbits = {"gzip": 31, "x-gzip": 31, "deflate": 15}.get(encoding.strip().lower())
    if wbits is None:
        if encoding.strip().lower() in ("", "identity"):
            return body
        raise Unreadable("unknown_encoding", f"The body is packed as {encoding[:40]!r}; gzip and deflate can be read.")
    machine = zlib.decompressobj(wbits)
    try:
        unpacked = machine.decompress(body, LONGEST_UNPACKED)
    except zlib.error:
        raise Unreadable("not_unpackable", f"The body says it is packed as {encoding} but is not.") from None
    if machine.unconsumed_tail:
        raise Unreadable("too_large", "The body is larger than 16 MB when unpacked.")
    return unpacked


def read_json(body: bytes, *, is_cut: bool = False) -> Mended:
    """The JSON value of a body. Raises Unreadable.

    With `is_cut` the end is known to be missing: what is complete in it is read.
    """
    if not has_at_most(MOST_VALUES, body):
        raise Unreadable("too_many_values", f"The body has more than {MOST_VALUES:,} values, which no alert needs.")
    if not is_cut and not _may_hold_nul(body) and _depth_at_most(body) <= DEEPEST:
        try:
            return Mended(orjson.loads(body))
        except orjson.JSONDecodeError:
            pass  # the slow road tells what is wrong with it
    return _read_slowly(body, is_cut=is_cut)


_MENDED_AT_ONCE = 8 * 1024
_LARGEST_AT_ONCE = 512 * 1024  # as large as the vendors allow whose senders are read at the door
_MOST_VALUES_AT_ONCE = 50_000


def read_json_at_once(body: bytes) -> Json:
    """The value of JSON that is read in milliseconds: sound, or small enough to be mended. Raises Unreadable."""
    if len(body) <= _MENDED_AT_ONCE:
        return read_json(body).value
    if len(body) > _LARGEST_AT_ONCE or _separators(body) > _MOST_VALUES_AT_ONCE or _depth_at_most(body) > DEEPEST:
        raise Unreadable("too_large", "The body is too large to be read at once.")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as trouble:
        raise Unreadable("not_json", f"The body is not valid JSON ({trouble}).") from None
    return _clean(value, []) if _may_hold_nul(body) else value


def has_at_most(values: int, body: bytes) -> bool:
    """Whether JSON has at most so many values; told without building them."""
    # Commas and opening brackets are an upper bound that is quick to have. Only where it is high, texts are left out.
    return _separators(body) <= values or _separators(_TEXT.sub(b"", body)) <= values


def clean_text(text: str) -> tuple[str, tuple[str, ...]]:
    """Text that PostgreSQL takes: without NUL and lone surrogates."""
    marks = []
    if "\x00" in text:
        text = text.replace("\x00", REPLACEMENT)
        marks.append("nul")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        marks.append("surrogate")
    return text, tuple(marks)


def decode(body: bytes) -> tuple[str, tuple[str, ...]]:
    """The text of a body: UTF-8, or what its byte order mark says; bad bytes become U+FFFD."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if body.startswith(mark):
            marks, text = ["byte_order_mark"], body.decode(encoding, "replace").removeprefix("\ufeff")
            break
    else:
        marks, text = [], body.decode("utf-8", "replace")
    if REPLACEMENT in text and REPLACEMENT.encode() not in body:
        marks.append("bad_utf8")
    return text, tuple(marks)


# Atomic, and with an end that always matches: a text without its end is looked at once, not once for each quote in it.
_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)


def _separators(body: bytes) -> int:
    return body.count(b",") + body.count(b"[") + body.count(b"{")


def _may_hold_nul(body: bytes) -> bool:
    # orjson itself refuses raw NUL bytes and lone surrogates; only this escape passes it and not PostgreSQL.
    return b"\\u0000" in body


_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def _depth_at_most(body: bytes) -> int:
    """An upper bound that is quick: brackets within strings are counted too."""
    brackets = body.translate(None, _NOT_BRACKETS)
    if brackets.count(b"[") + brackets.count(b"{") <= DEEPEST:
        return 0
    return max(accumulate(map(_STEP.__getitem__, brackets)))


def _read_slowly(body: bytes, *, is_cut: bool) -> Mended:
    text, found = decode(body)
    marks = list(found)
    if not text.strip():
        raise Unreadable("empty", "The message has no body.")
    if is_cut:
        text = _complete_part(text)
        marks.append("cut")
    shallow = _made_shallow(text)
    if shallow != text:
        text = shallow
        marks.append("too_deep")
    value = _loads(text, marks)
    return Mended(_clean(value, marks), tuple(dict.fromkeys(marks)))


_TRAILING_COMMA = re.compile(r'("[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z))|,(\s*[}\]])', re.DOTALL)


def _loads(text: str, marks: list[str]) -> Json:
    def number(digits: str) -> int | str:
        if len(digits) <= 20 and -(2**63) <= int(digits) < 2**64:
            return int(digits)
        marks.append("huge_number")
        return digits[:1000]

    def real(digits: str) -> float | str:
        value = float(digits)
        if value in (float("inf"), float("-inf")):
            marks.append("not_finite")
            return digits[:1000]
        return value

    def constant(name: str) -> str:
        marks.append("not_finite")
        return name

    decoder = json.JSONDecoder(parse_int=number, parse_float=real, parse_constant=constant, strict=False)
    try:
        return decoder.decode(text.strip())
    except (ValueError, RecursionError):
        pass
    without_commas = _TRAILING_COMMA.sub(lambda found: found[1] or found[2], text.strip())
    try:
        value = decoder.decode(without_commas)
        marks.append("trailing_comma")
    except (ValueError, RecursionError) as trouble:
        sound = concatenated.mended(text)
        if sound is None:
            where = f" ({trouble})" if isinstance(trouble, json.JSONDecodeError) else ""
            raise Unreadable("not_json", f"The body is not valid JSON{where}.") from None
        value = decoder.decode(sound)
        marks.append("mended_json")
    return value


def _clean(value: Json, marks: list[str]) -> Json:
    if isinstance(value, str):
        text, found = clean_text(value)
        marks.extend(found)
        return text
    if isinstance(value, dict):
        return {_clean(name, marks): _clean(each, marks) for name, each in value.items()}
    if isinstance(value, list):
        return [_clean(each, marks) for each in value]
    return value


_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)


def _made_shallow(text: str) -> str:
    """What lies deeper than 64 levels, as text in its place."""
    parts, depth, kept_until, deep_from = [], 0, 0, -1
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in "[{":
            depth += 1
            if depth == DEEPEST + 1:
                deep_from = token.start()
        elif mark in "]}":
            if depth == DEEPEST + 1:
                parts += [text[kept_until:deep_from], json.dumps(text[deep_from : min(token.end(), deep_from + 1000)])]
                kept_until = token.end()
            depth -= 1
    if not parts:
        return text
    return "".join(parts) + text[kept_until:]


def _complete_part(text: str) -> str:
    """The head of a cut text, ended after the last complete element of its outermost list."""
    open_marks: list[str] = []
    list_depth, complete_until, opened_until = 0, -1, ""
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in "[{":
            open_marks.append(mark)
            if mark == "[" and not list_depth and len(open_marks) <= DEEPEST:
                list_depth = len(open_marks)
                opened_until = "".join(open_marks)
                complete_until = token.end()
        elif mark in "]}" and open_marks:
            open_marks.pop()
            if list_depth and len(open_marks) < list_depth:
                list_depth = 0  # this list is whole; what follows may hold a longer one
            elif len(open_marks) == list_depth:
                complete_until = token.end()
        elif mark == "," and list_depth and len(open_marks) == list_depth:
            complete_until = token.start()
    if not list_depth:
        raise Unreadable("cut", "The message was larger than 16 MB, and its head holds no complete alert.")
    closing = "".join("]" if mark == "[" else "}" for mark in reversed(opened_until))
    return text[:complete_until] + closing
