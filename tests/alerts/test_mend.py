"""Bad JSON is mended with a mark or refused with a reason; what comes out is always fit for PostgreSQL."""

import contextlib
import gzip
import json
import time
import tracemalloc
import zlib
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.parsing.mend import DEEPEST, MOST_VALUES, Unreadable, clean_text, read_json, unpack

Json = Any


def _depth(value: Json) -> int:
    if isinstance(value, dict):
        return 1 + max((_depth(each) for each in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((_depth(each) for each in value), default=0)
    return 0


@pytest.mark.parametrize(
    ("body", "value", "marks"),
    [
        (b'{"a": 1}', {"a": 1}, ()),
        (b'{"a": 1, "a": 2}', {"a": 2}, ()),
        (b'\xef\xbb\xbf{"a": "x"}', {"a": "x"}, ("byte_order_mark",)),
        ('{"a": "é"}'.encode("utf-16"), {"a": "é"}, ("byte_order_mark",)),
        (b'{"a": "\xff"}', {"a": "\ufffd"}, ("bad_utf8",)),
        (b'{"a": "x\\u0000y"}', {"a": "x\ufffdy"}, ("nul",)),
        (b'{"a\\u0000": "\\ud800"}', {"a\ufffd": "\ufffd"}, ("nul", "surrogate")),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}, ()),
        (b'{"a": "already \\\\u0000 escaped"}', {"a": "already \\u0000 escaped"}, ()),
        (b'{"a": NaN, "b": -Infinity}', {"a": "NaN", "b": "-Infinity"}, ("not_finite",)),
        (b'{"a": 1e400}', {"a": "1e400"}, ("not_finite",)),
        (b'{"a": [1, 2,],}', {"a": [1, 2]}, ("trailing_comma",)),
        (b'{"a": "1,]", "b": [3,]}', {"a": "1,]", "b": [3]}, ("trailing_comma",)),
        (b'{"a": "two\nlines"}', {"a": "two\nlines"}, ()),
    ],
)
def test_what_can_be_mended_is_mended_with_a_mark(body: bytes, value: Json, marks: tuple[str, ...]) -> None:
    mended = read_json(body)

    assert (mended.value, mended.marks) == (value, marks)


def test_a_number_of_five_thousand_digits_is_kept_as_text() -> None:
    mended = read_json(b'{"n": ' + b"9" * 5000 + b"}")

    assert mended.value == {"n": "9" * 1000}
    assert mended.marks == ("huge_number",)


@pytest.mark.parametrize("depth", [65, 300, 5000, 100_000])
def test_nesting_without_end_is_cut_to_text(depth: int) -> None:
    mended = read_json(b'{"title": "x", "deep": ' + b"[" * depth + b"1" + b"]" * depth + b', "after": 2}')

    assert (mended.value["title"], mended.value["after"]) == ("x", 2)
    assert _depth(mended.value) <= DEEPEST
    assert mended.marks == ("too_deep",)


def test_brackets_within_text_are_not_nesting() -> None:
    assert read_json(json.dumps({"a": "[" * 200, "b": {"c": []}}).encode()).marks == ()


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"", "empty"), (b"  \n", "empty"), (b"{", "not_json"), (b"hello", "not_json"), (b"[" * 5000, "not_json")],
)
def test_what_cannot_be_mended_is_refused_with_a_reason(body: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_json(body)

    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("head", "value"),
    [
        (b'{"a": 1, "alerts": [{"x": [1]}, {"x": "]}"}, {"x": "cut he', {"a": 1, "alerts": [{"x": [1]}, {"x": "]}"}]}),
        (b'[{"x": 1}, {"x": 2', [{"x": 1}]),
        (b'{"short": [1, 2], "alerts": [{"y": 1}, {', {"short": [1, 2], "alerts": [{"y": 1}]}),
        (b'{"alerts": [{"x": 1}, {"x": "ends in a \\', {"alerts": [{"x": 1}]}),
    ],
)
def test_of_a_cut_message_the_complete_alerts_are_read(head: bytes, value: Json) -> None:
    mended = read_json(head, is_cut=True)

    assert (mended.value, mended.marks) == (value, ("cut",))


def test_a_cut_message_without_a_complete_alert_is_refused() -> None:
    with pytest.raises(Unreadable):
        read_json(b'{"a": "xxxx', is_cut=True)


def test_a_long_text_without_an_end_costs_no_time() -> None:
    started = time.monotonic()

    with pytest.raises(Unreadable):
        read_json(b'{"a": "' + b'\\"x' * 2_000_000, is_cut=True)

    assert time.monotonic() - started < 10


@pytest.mark.parametrize("is_cut", [False, True])
@pytest.mark.parametrize(
    "body",
    [
        b'{"a": "' + b'\\"' * 500_000 + b"\\",
        b'{"a": 1,} "' + b'\\"' * 500_000 + b"\\",
        b"{" * 50_000 + b"[]" * 200_000,
    ],
)
def test_nothing_costs_more_than_its_length(body: bytes, is_cut: bool) -> None:
    started = time.monotonic()

    with pytest.raises(Unreadable):
        read_json(body, is_cut=is_cut)

    assert time.monotonic() - started < 10


def test_more_values_than_a_machine_can_hold_are_refused_before_they_are_built() -> None:
    body = b"[" + b"{}," * 5_000_000 + b"{}]"
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable) as refused:
            read_json(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert refused.value.reason == "too_many_values"
    assert peak < len(body)


def test_commas_within_text_are_no_values() -> None:
    text = "," * (MOST_VALUES + 1)

    assert read_json(json.dumps({"a": text}).encode()).value == {"a": text}


def test_packed_bodies_are_unpacked_and_bombs_are_not() -> None:
    assert unpack(gzip.compress(b"hello"), "gzip") == b"hello"
    assert unpack(zlib.compress(b"hello"), "deflate") == b"hello"
    assert unpack(b"hello", "") == b"hello"
    for body, encoding, reason in (
        (b"hello", "gzip", "not_unpackable"),
        (b"hello", "br", "unknown_encoding"),
        (gzip.compress(b"\0" * 17_000_000), "gzip", "too_large"),
    ):
        with pytest.raises(Unreadable) as refused:
            unpack(body, encoding)
        assert refused.value.reason == reason


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=30,
)


@given(_json)
def test_whatever_is_read_can_be_stored(value: Json) -> None:
    body = json.dumps(value).encode("utf-8", "surrogatepass")

    stored = orjson.dumps(read_json(body).value)

    assert b"\\u0000" not in stored


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail_otherwise_than_by_saying_so(body: bytes) -> None:
    for is_cut in (False, True):
        with contextlib.suppress(Unreadable):
            read_json(body, is_cut=is_cut)


@given(st.text(st.characters()))
def test_clean_text_is_fit_for_the_database(text: str) -> None:
    cleaned, marks = clean_text(text)

    cleaned.encode()
    assert "\x00" not in cleaned
    assert bool(marks) == (cleaned != text)
