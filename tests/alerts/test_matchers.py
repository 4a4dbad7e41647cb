"""Matchers: read, written, checked and asked as Alertmanager's are."""

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from alerts.muting.matchers import OPERATORS, Matcher, NotAMatcher, check, read, value_of, written

_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_matchers = st.builds(Matcher, _texts.filter(bool), st.sampled_from(OPERATORS), _texts)


@given(st.lists(_matchers, max_size=5))
def test_what_is_written_reads_as_it_was(matchers: list[Matcher]) -> None:
    assert list(read(", ".join(written(matchers)))) == matchers
    assert list(read("{" + ",".join(written(matchers)) + "}")) == matchers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('alertname="DiskFull"', [("alertname", "=", "DiskFull")]),
        ("{instance=~db-.*, cluster!=eu}", [("instance", "=~", "db-.*"), ("cluster", "!=", "eu")]),
        ('a = "x, y"\nb!~"^c"', [("a", "=", "x, y"), ("b", "!~", "^c")]),
        ("kubernetes.io/name=web", [("kubernetes.io/name", "=", "web")]),
        ('"with space"="\\"quoted\\""', [("with space", "=", '"quoted"')]),
        ("a=", [("a", "=", "")]),
        ("", []),
    ],
)
def test_matchers_are_read_as_people_write_them(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert [(each.name, each.operator, each.value) for each in read(text)] == expected


@pytest.mark.parametrize("text", ["alertname", '="x"', 'a="x" b="y"', 'a="x', "a>1", "{a=b}}"])
def test_what_is_no_matcher_is_told_of(text: str) -> None:
    with pytest.raises(NotAMatcher):
        read(text)


@pytest.mark.parametrize(
    ("matcher", "holding", "failing"),
    [
        ('a="x"', ["x"], ["", "xx"]),
        ('a!="x"', ["", "y"], ["x"]),
        ('a=~"db-[0-9]+"', ["db-1", "db-22"], ["db-", "a db-1", "db-1\n", ""]),
        ('a=~"one|two"', ["one", "two"], ["onetwo", "three", ""]),
        ('a=~".*"', ["", "x"], []),
        ('a!~"x.*"', ["", "y", "yx"], ["x", "xy"]),
        ('a=~"db.*"', ["db", "db-1"], ["a db", "", "db\n"]),
        ('a=~".*db"', ["db", "a-db"], ["db-1", "\ndb"]),
        ('a=~".*db.*"', ["db", "a-db-1"], ["d", "db\n"]),
        ('a=~"dbs?-.+"', ["db-1", "dbs-1"], ["db-", "d-1"]),
        ('a=~"x*y"', ["y", "xxy"], ["x", "xz"]),
        ('a=~"x{0}y"', ["y"], ["xy"]),
        ('a=~"x.*|y"', ["x1", "y"], ["y1"]),
        ('a=~"(?i)warn"', ["WARN", "warn"], ["warning"]),
    ],
)
def test_a_matcher_holds_for_the_whole_value(matcher: str, holding: list[str], failing: list[str]) -> None:
    (one,) = read(matcher)

    assert all(one.holds(value) for value in holding)
    assert not any(one.holds(value) for value in failing)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "at least one"),
        ('a=~".*"', "empty string"),
        ('a!="x", b=""', "empty string"),
        ('a=~"("', "not a regular expression"),
        ('a=~"(?=x)"', "not a regular expression"),
        ('a="x"' + ",b=1" * 50, "More than 50"),
        (f'a="{"x" * 1001}"', "longer than"),
        ('a="x", b!="y"', ""),
        ('a=~".+"', ""),
    ],
)
def test_what_would_mute_more_than_meant_is_refused(text: str, problem: str) -> None:
    told = check(read(text))

    assert problem in told
    assert bool(problem) == bool(told)


def test_an_alert_without_such_a_label_is_asked_for_its_own_words() -> None:
    own = {"title": "Disk full", "severity": "error", "dedup_key": "k"}

    assert value_of("title", {}, **own) == "Disk full"
    assert value_of("title", {"title": "a label"}, **own) == "a label"
    assert value_of("instance", {}, **own) == ""


_PATTERNS = [
    "a.*b",
    ".*a.*b.*",
    "a.*b.*c",
    ".*.*",
    "ab.*ba",
    "..*",
    ".*a.*?",
    "a",
    "a.*",
    ".*a",
    ".*a.*",
    "ab?c",
    "a|b",
    "a+b",
    "a.b",
    "",
    ".*",
    "a b",
    "a?",
]


@given(st.sampled_from(_PATTERNS), st.text("abc \n", max_size=5))
def test_a_pattern_that_needs_no_machine_answers_as_the_machine_does(expression: str, value: str) -> None:
    assert Matcher("a", "=~", expression).holds(value) == (re2.compile(expression).fullmatch(value) is not None)
