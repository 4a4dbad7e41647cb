"""Expressions over messages: what is not there, what is refused, and that none can explode or raise."""

import time

import pytest

from alerts.mapping.expressions import LONGEST_EXPRESSION, check, compiled
from alerts.mapping.functions import LONGEST_TEXT
from alerts.parsing.source import Json

ROOTS = ("payload", "labels", "title")
FACTS = {
    "payload": {
        "host": "Db-1",
        "two words": {"x": 5},
        "tags": [{"name": "prod"}, {"name": "eu"}],
        "nothing": None,
        "big": 2**70,
        "text": "load on host=db-7 is 97 %\nsecond line",
        "flag": True,
    },
    "labels": {"team": "shop", "with-dash": "y"},
    "title": "Disk full",
}


def _value(expression: str) -> Json:
    result = compiled(expression, ROOTS).evaluate(FACTS)
    assert not result.problem, result.problem
    return result.value


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("payload.host", "Db-1"),
        ('payload.host + " " + title', "Db-1 Disk full"),
        ('payload["two words"].x', 5),
        ("payload.tags[1].name", "eu"),
        ("payload.missing", ""),
        ("payload.missing.deeper[3].still", ""),
        ("payload.tags[9].name", ""),
        ("payload.nothing", ""),
        ("payload.host.deeper", ""),
        ("labels.nope + labels.team", "shop"),
        ('labels["with-dash"]', "y"),
        ("has(payload.host) && !has(payload.missing) && !has(payload.nothing)", True),
        ('payload.flag ? "yes" : "no"', "yes"),
        ('payload.tags.map(tag, tag.name).join("/")', "prod/eu"),
        ('payload.missing.map(tag, tag.name).join("/")', ""),
        ('payload.tags.exists(tag, tag.name == "eu")', True),
        ("size(payload.tags)", 2),
        ('"team" in labels', True),
        ("lower(payload.host)", "db-1"),
        ("payload.host.upper()", "DB-1"),
        ('"  x ".trim()', "x"),
        ("payload.text.line()", "load on host=db-7 is 97 %"),
        ('payload.text.split(" ")[0]', "load"),
        (r'payload.text.extract(r"host=(\S+)")', "db-7"),
        (r'payload.text.extract("\\d+ %")', "97 %"),
        ('payload.text.extract("nowhere")', ""),
        ('payload.host.replace("Db-", "database ")', "database 1"),
        ('first(payload.missing, labels.nope, payload.host, "none")', "Db-1"),
        ('{"Db-1": "critical"}.get(payload.host, "info")', "critical"),
        ('{"other": "critical"}.get(payload.host, "info")', "info"),
        ("text(payload.flag) + text(payload.big)", f"true{2**70}"),
        ('"payload.host"', "payload.host"),
        ("// of the message\ntitle", "Disk full"),
    ],
)
def test_values(expression: str, expected: Json) -> None:
    assert _value(expression) == expected


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("payload.host + 1", "kinds of values do not fit"),
        ("1 / 0", "divides by zero"),
        ("payload[labels.nope]", "nothing called"),
        ("[1, 2][7]", "shorter"),
        ('payload.text.extract("(")', "cannot read its pattern"),
        ('payload.text.replace("", "x")', "replace"),
    ],
)
def test_what_fails_is_told_and_never_raises(expression: str, says: str) -> None:
    result = compiled(expression, ROOTS).evaluate(FACTS)

    assert result.value == ""
    assert says in result.problem


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("payload.host b", "not valid CEL"),
        ("host", "It asks for host; known are payload, labels, title"),
        ("payload.tags.map(a, payload.tags.map(b, b))", "nests"),
        ("payload.tags.map(title, title)", "name of its own"),
        ('"""three"""', "three quotes"),
        ("x" * (LONGEST_EXPRESSION + 1), "longer than"),
        ("(" * 900, "not valid CEL"),
    ],
)
def test_what_is_refused_when_it_is_saved(expression: str, says: str) -> None:
    assert says in check(expression, ROOTS)


def test_nothing_grows_without_bounds() -> None:
    long = {"payload": {"a": "x" * 5_000_000, "list": ["y" * 100_000] * 5_000}}
    hard = {
        "payload.a": LONGEST_TEXT,
        'payload.list.map(each, each).join("")': LONGEST_TEXT,
        "size(payload.list)": 100,
    }

    found = {text: compiled(text, ROOTS).evaluate(long) for text in hard}

    for text, bound in hard.items():
        value = found[text].value
        assert (value if isinstance(value, int) else len(value)) <= bound or found[text].problem


def test_a_value_of_great_depth_is_cut() -> None:
    deep: Json = "end"
    for _ in range(500):
        deep = {"next": deep}

    assert compiled("size(payload)", ROOTS).evaluate({"payload": deep}).value == 1


def test_what_is_asked_for_is_all_that_is_handed_over() -> None:
    facts = {"payload": {"wanted": "x", "rest": [{"n": n} for n in range(50_000)]}}
    program = compiled("payload.wanted", ROOTS)
    program.evaluate(facts)

    started = time.perf_counter()
    for _ in range(1000):
        program.evaluate(facts)

    assert time.perf_counter() - started < 1
