"""However a sender packs a message, what it holds is found."""

from datetime import UTC, datetime

import pytest

from alerts.parsing.bodies import MOST_FIELDS, body_of, fields_of
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import Received

MULTIPART = (
    b'--line\r\nContent-Disposition: form-data; name="data"\r\n\r\n{"host": "db-1"}\r\n'
    b'--line\r\nContent-Disposition: form-data; name="other"\r\n\r\nx\r\n--line--\r\n'
)
FORM = "application/x-www-form-urlencoded"


def _received(body: bytes, content_type: str = "application/json", query: str = "") -> Received:
    return Received(body, datetime(2026, 3, 1, 10, tzinfo=UTC), content_type, query=query)


@pytest.mark.parametrize(
    "received",
    [
        _received(b'{"host": "db-1"}'),
        _received(b'{"host": "db-1"}', "text/plain"),
        _received(b'{"host": "db-1"}', FORM),
        _received(b"host=db-1", FORM),
        _received(b"host=db-1", "text/plain"),
        _received(b"payload=%7B%22host%22%3A+%22db-1%22%7D", FORM),
        _received(MULTIPART, "multipart/form-data; boundary=line"),
        _received(b"", "application/json", query="host=db-1"),
        _received(b'{"host": "db-1"}', query="host=of+the+query"),
    ],
    ids=["json", "text", "lie", "form", "form_as_text", "json_in_form", "json_in_part", "query", "body_before_query"],
)
def test_fields_are_found_however_they_are_packed(received: Received) -> None:
    assert fields_of(received)["host"] == "db-1"


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"17", b"Disk full", b"host"])
def test_a_message_without_fields_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        fields_of(_received(body, "text/plain"))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b"a&" * MOST_FIELDS, FORM), (b"\r\n--line" * (MOST_FIELDS + 1), "multipart/form-data; boundary=line")],
    ids=["form", "multipart"],
)
def test_what_has_fields_without_end_is_not_unfolded(body: bytes, content_type: str) -> None:
    with pytest.raises(Unreadable) as refused:
        fields_of(_received(body, content_type))

    assert refused.value.reason == "too_many_values"


def test_text_that_says_it_is_json_is_read_only_where_it_often_does() -> None:
    text = _received(b"Disk full \x00")

    assert body_of(text, is_often_text=True) == "Disk full \ufffd"
    with pytest.raises(Unreadable):
        body_of(text)


def test_names_and_values_of_a_form_are_unfolded() -> None:
    form = _received(b"a=1&b=x+y&c=", f"{FORM}; charset=utf-8")

    assert fields_of(form) == {"a": "1", "b": "x y", "c": ""}
