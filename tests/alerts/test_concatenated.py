"""JSON that was put together from pieces of text says what it was meant to say."""

import json
import time

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.parsing.concatenated import mended
from alerts.parsing.mend import read_json


@pytest.mark.parametrize(
    ("broken", "meant"),
    [
        ('{"title":"Disk "root" full","status":"PROBLEM"}', {"title": 'Disk "root" full', "status": "PROBLEM"}),
        ('{"a":"He said "no", and left","b":1}', {"a": 'He said "no", and left', "b": 1}),
        ('{"a":"ends with "quotes"","b":""}', {"a": 'ends with "quotes"', "b": ""}),
        ('{"a":""begins"","b":2}', {"a": '"begins"', "b": 2}),
        ('{"path":"C:\\Users\\dba","b":"\\u00e9\\n"}', {"path": "C:\\Users\\dba", "b": "é\n"}),
        ('{"a": , "b": 2, "c":}', {"a": None, "b": 2, "c": None}),
        ('{"id": {EVENT.ID}, "b": *UNKNOWN*, "c": $HOST}', {"id": "{EVENT.ID}", "b": "*UNKNOWN*", "c": "$HOST"}),
        ('{"a": {{#x}}, "b": ${host}}', {"a": "{{#x}}", "b": "${host}"}),
        ('{"up": True, "down": None, "n": 007, "x": -1.5e3}', {"up": "True", "down": "None", "n": "007", "x": -1500.0}),
        ('{"list": ["a "b" c", 1, "d"], "e": {"f": "g "h""}}', {"list": ['a "b" c', 1, "d"], "e": {"f": 'g "h"'}}),
        ('{"a": "line one\nline "two"\n", "b": "x",}', {"a": 'line one\nline "two"\n', "b": "x"}),
        ('{"json": "{"inner": 1}", "b": "x"}', {"json": '{"inner": 1}', "b": "x"}),
        ('[{"a": "x "y""}, {"a": z}]', [{"a": 'x "y"'}, {"a": "z"}]),
    ],
)
def test_what_was_meant_is_read_with_a_mark(broken: str, meant: object) -> None:
    read = read_json(broken.encode())

    assert read.value == meant
    assert "mended_json" in read.marks


@pytest.mark.parametrize(
    "text", ["", "x", "Disk full", '"x"', "{", '{"a"', '{"a": "x', "{a: 1}", "[1, 2", '{"a": 1} {"b": 2}', "{name}"]
)
def test_what_nobody_can_tell_is_not_guessed(text: str) -> None:
    assert mended(text) is None


@given(st.dictionaries(st.text(max_size=5), st.one_of(st.integers(), st.booleans(), st.none(), st.text(max_size=8))))
def test_sound_json_of_plain_texts_keeps_its_meaning_or_is_left_alone(value: dict[str, object]) -> None:
    text = mended(json.dumps(value))

    assert text is None or set(json.loads(text)) <= {*value, *json.loads(text)}
    if '"' not in "".join([*value, *(each for each in value.values() if isinstance(each, str))]):
        assert text is not None
        assert json.loads(text) == value


@given(st.text(alphabet='{}[]",:\\ a1$*\n', max_size=60))
def test_nothing_makes_it_fail(text: str) -> None:
    found = mended("{" + text)

    assert found is None or isinstance(json.loads(found), dict)


@pytest.mark.parametrize("piece", ['"', '" ', '",', '" , "', '{"a":', "[", '"a" "', "\\", '"}', '": "'])
def test_nothing_costs_more_than_its_length(piece: str) -> None:
    started = time.perf_counter()

    mended('{"a": "' + piece * (200_000 // len(piece)))

    assert time.perf_counter() - started < 3


def test_sound_json_is_read_the_quick_way() -> None:
    assert read_json(orjson.dumps({"a": 'say "x"'})).marks == ()
