"""However a sender packs the fields of a message, they are found; what it left as a macro is taken for nothing."""

from datetime import UTC, datetime

import pytest

from alerts.mend import Unreadable
from alerts.packed import MOST_FIELDS, fields_of, flattened, in_query, key_of_content, said, written
from alerts.source import Received

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
    assert said(fields_of(received), "host") == "db-1"


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


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://zabbix.example.net/tr_events.php?triggerid=7&eventid=9#top", "9"),
        ("http://[::1?eventid=9", "9"),
        ("https://zabbix.example.net/?eventid=%009", "\ufffd9"),
        ("https://zabbix.example.net/?other=9", ""),
        ("no address", ""),
    ],
)
def test_a_parameter_of_an_address_is_found_even_where_the_address_is_none(address: str, found: str) -> None:
    assert in_query(address, "eventid") == found


def test_fields_within_fields_are_found_by_one_name() -> None:
    given = {"EVENT.ID": 1, "host": {"display_name": "db-1", "groups": ["a"]}, "alertType": "2"}

    assert flattened(given) == {"eventid": 1, "hostdisplayname": "db-1", "hostgroups": ["a"], "alerttype": "2"}


def test_a_macro_left_as_it_stands_says_nothing_but_is_shown() -> None:
    fields = {"name": "$HOSTNAME$", "title": "Disk full"}

    assert said(fields, "name", "title") == "Disk full"
    assert written(fields, "name", "title") == "$HOSTNAME$"


def test_only_the_same_content_has_the_same_key() -> None:
    fields = {"a": 1, "b": {"c": [None, 2.5]}}

    assert key_of_content(fields) == key_of_content({"b": {"c": [None, 2.5]}, "a": 1})
    assert key_of_content(fields) != key_of_content({**fields, "a": 2})
