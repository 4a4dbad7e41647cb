"""Opsgenie's query language is read as its documentation says."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.opsgenie.query import All, Any, Condition, Node, Not, parse
from core.errors import Invalid

OPEN = Condition("status", ":", "open")
FIRST, SECOND = Condition("priority", ":", "P1"), Condition("priority", ":", "P2")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", None),
        ("status:open", OPEN),
        ("status : open", OPEN),
        ("status=open", OPEN),
        ("status != open", Not(OPEN)),
        ("createdAt > 1470394841148", Condition("createdAt", ">", "1470394841148")),
        ("createdAt<=1470394841148", Condition("createdAt", "<=", "1470394841148")),
        ("status:open AND priority:P1", All((OPEN, FIRST))),
        ("status:open priority:P1", All((OPEN, FIRST))),
        ("status:open and priority:P1", All((OPEN, FIRST))),
        ("priority:P1 OR priority:P2 AND status:open", Any((FIRST, All((SECOND, OPEN))))),
        ("(priority:P1 OR priority:P2) AND status:open", All((Any((FIRST, SECOND)), OPEN))),
        ("priority: (P1 OR P2)", Any((FIRST, SECOND))),
        ("NOT status:open", Not(OPEN)),
        ("NOT NOT status:open", OPEN),
        ("NOT (status:open OR priority:P1)", Not(Any((OPEN, FIRST)))),
        ("message: Server apollo average", Condition("message", ":", "Server apollo average")),
        ("message: Server apollo status: open", All((Condition("message", ":", "Server apollo"), OPEN))),
        ('message: "a AND (b)"', Condition("message", ":", "a AND (b)")),
        (r'message: "say \"no\""', Condition("message", ":", 'say "no"')),
        ("alias: host:disk", Condition("alias", ":", "host:disk")),
        ("createdAt > 2026-03-01T10:00:00Z", Condition("createdAt", ">", "2026-03-01T10:00:00Z")),
        ("details.key: impact", Condition("details.key", ":", "impact")),
        ("disk full", Condition("", ":", "disk full")),
        ("disk AND status:open", All((Condition("", ":", "disk"), OPEN))),
    ],
)
def test_a_query_is_read_into_its_tree(text: str, tree: Node | None) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    "text",
    ["status:", "(status:open", "status:open)", "AND", "NOT", "status:open AND", "()", "(" * 31 + "a", "x" * 2001],
)
def test_what_cannot_be_read_is_said_so(text: str) -> None:
    with pytest.raises(Invalid, match="cannot be read"):
        parse(text)


@given(st.text(alphabet='ab:<>=!()"\\ ANDORT*', max_size=40))
def test_nonsense_is_refused_and_nothing_else(text: str) -> None:
    with suppress(Invalid):
        tree = parse(text)
        assert (tree is None) == (not text.strip())
