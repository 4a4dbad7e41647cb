"""Values by their path, in JSON of any shape."""

from typing import Any

import pytest

from alerts.paths import at, identity, object_at, objects_at, text_at, texts_at

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
    assert texts_at(BODY, {"one": "a.b.0.c", "two": ("e", "t"), "three": "e"}) == {"one": "7", "two": "true"}


def test_other_shapes_than_asked_for_are_empty() -> None:
    assert object_at(BODY, "a.b") == {}
    assert objects_at(BODY, "a.b") == [{"c": 7}]
    assert objects_at(BODY, "a") == []


def test_a_macro_nobody_filled_in_identifies_nothing() -> None:
    assert identity("cpu", "{{alert.id}}", "", "db-1") == "cpu/db-1"
