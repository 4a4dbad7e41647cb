"""What sources find in fields, and that macros nobody expanded say nothing."""

from datetime import UTC, datetime

import pytest

from alerts.fields import filled, identity, named, read_fields, tagged
from alerts.mend import Unreadable
from alerts.source import Received

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


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


def test_a_form_is_read_and_json_that_says_it_is_a_form_too() -> None:
    form = Received(b"a=1&b=x+y&c=", NOW, content_type="application/x-www-form-urlencoded; charset=utf-8")
    lie = Received(b' {"a": "1"}', NOW, content_type="application/x-www-form-urlencoded")

    assert read_fields(form) == {"a": "1", "b": "x y", "c": ""}
    assert read_fields(lie) == {"a": "1"}


def test_a_form_without_fields_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="without fields"):
        read_fields(Received(b"", NOW, content_type="application/x-www-form-urlencoded"))
