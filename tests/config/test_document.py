"""Whatever a file holds, reading it ends in a tree or in a refusal with a line."""

import json
import string

import yaml
from hypothesis import given
from hypothesis import strategies as st

from config.apply.document import Items, Mapping, Node, Refused, Scalar, parse

_MARKS = st.text(alphabet="abc: -#[]{},&*!|>'\"%@`?<\n\t\r\\~0+.é\u2028\x00\ufeff", max_size=60)
_TEXT = st.text(alphabet=string.printable + "é😀\u2028", max_size=12)
_NAME = st.text(string.ascii_letters, min_size=1, max_size=6)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAME, inner, max_size=4),
    max_leaves=12,
)


def plain(node: Node) -> object:
    """The tree as Python's own values; every scalar as text, nothing as None."""
    if isinstance(node, Mapping):
        return {entry.key: plain(entry.value) for entry in node}
    if isinstance(node, Items):
        return [plain(each) for each in node.items]
    return None if node.is_null else node.text


def as_text(value: object) -> object:
    """The same of what was written."""
    if isinstance(value, dict):
        return {name: as_text(each) for name, each in value.items()}
    if isinstance(value, list):
        return [as_text(each) for each in value]
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None or isinstance(value, str) else str(value)


@given(st.binary(max_size=80) | _MARKS.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_anything_is_read_or_refused_with_its_line(content: bytes) -> None:
    found = outcome(content)

    if isinstance(found, Refused):
        assert found.problems
        assert all(1 <= each.place.line <= len(content) + 1 for each in found.problems)
        assert str(found).startswith("x.yaml:")
    else:
        assert isinstance(found, Mapping | Items | Scalar)


def outcome(content: bytes) -> Node | Refused:
    """What comes of reading it; anything else that is raised fails the test."""
    try:
        return parse(content, "x.yaml")
    except Refused as refused:
        return refused


@given(st.dictionaries(_NAME, _JSON, max_size=4), st.integers(0, 2))
def test_json_is_read_as_it_was_written(value: dict[str, object], indent: int) -> None:
    for text in (json.dumps(value, indent=indent or None), json.dumps(value, ensure_ascii=False, indent="\t")):
        if "\u2028" in text or "\x0b" in text or "\x0c" in text:
            continue  # YAML 1.1 breaks lines where JSON does not; `apply` refuses such names anyway
        assert plain(parse(text.encode(), "x.json")) == as_text(value)


@given(st.dictionaries(_NAME, _JSON, max_size=4))
def test_yaml_is_read_as_it_was_written(value: dict[str, object]) -> None:
    text = yaml.safe_dump(value, allow_unicode=True)

    assert plain(parse(text.encode(), "x.yaml")) == as_text(value)
