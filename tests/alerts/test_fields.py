"""Values are found in JSON of any shape; what says nothing is taken for nothing."""

from typing import Any

import pytest

from alerts.parsing.fields import (
    at,
    filled,
    flattened,
    identity,
    in_query,
    key_of_content,
    labels_at,
    named,
    object_at,
    objects_at,
    said,
    tagged,
    text_at,
)

BODY = {"a": {"b": [{"c": 7}, "x"], "": 1}, "n": 0, "e": "", "t": True, "none": None}


@pytest.mark.parametrize(
    ("path", "found"),
    [("a.b.0.c", 7), ("a.b.1", "x"), ("a.b.2", None), ("a.b.c", None), ("n.x", None), ("none.x", None), ("a.", 1)],
)
def test_what_is_not_there_reads_as_nothing(path: str, found: Any) -> None:
    assert at(BODY, path) == found


def test_the_first_that_says_something_is_taken() -> None:
    assert text_at(BODY, "e", "none", "a", "n", "t") == "0"
    assert text_at([], "e") == ""
    assert labels_at(BODY, {"one": "a.b.0.c", "two": ("e", "t"), "three": "e"}) == {"one": "7", "two": "true"}


def test_labels_are_of_what_says_something_and_names_with_dots_are_found() -> None:
    body = {"host": "db-1", "zone": "$ZONE", "k8s.pod": "p-1", "value": {"a": 1}}

    assert labels_at(body, {"host": "host", "zone": "zone", "pod": "k8s.pod", "value": "value", "rack": "rack"}) == {
        "host": "db-1",
        "pod": "p-1",
    }


def test_other_shapes_than_asked_for_are_empty() -> None:
    assert object_at(BODY, "a.b") == {}
    assert objects_at(BODY, "a.b") == [{"c": 7}]
    assert objects_at(BODY, "a") == []


@pytest.mark.parametrize("value", ["$SERVICE", "null", "None", "", "  ", None])
def test_what_says_nothing_is_empty(value: object) -> None:
    assert filled(value) == ""


def test_nought_and_false_say_something() -> None:
    assert (filled(0), filled(False)) == ("0", "false")


def test_an_identity_leaves_out_what_is_not_filled_in() -> None:
    assert identity("shop", "$NODE", None, 7) == "shop/7"
    assert identity("$APPLICATION", "{{node}}") == ""


def test_tags_are_labels_one_by_one_and_all_together() -> None:
    expected = {"team": "shop", "url": "http://a:1", "tags": "live, team:shop, url:http://a:1"}

    assert tagged("live, team:shop,url:http://a:1,$TAG") == expected
    assert tagged(["live", "team:shop", "url:http://a:1"]) == expected
    assert tagged([]) == tagged(None) == {}


def test_names_and_values_are_labels() -> None:
    assert named([{"Name": "Queue", "Value": "orders"}, {"key": "zone", "value": "$ZONE"}, 7]) == {"Queue": "orders"}


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
    assert text_at(fields, "name", "title") == "$HOSTNAME$"


def test_only_the_same_content_has_the_same_key() -> None:
    fields = {"a": 1, "b": {"c": [None, 2.5]}}

    assert key_of_content(fields) == key_of_content({"b": {"c": [None, 2.5]}, "a": 1})
    assert key_of_content(fields) != key_of_content({**fields, "a": 2})
