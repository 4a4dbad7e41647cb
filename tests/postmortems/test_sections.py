"""Templates as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from postmortems import sections, standard
from postmortems.sections import Fact, Section

_WORDS = st.text(alphabet=st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=30)
_SECTIONS = st.lists(
    st.builds(Section, heading=_WORDS, guidance=_WORDS | st.just(""), facts=st.lists(st.sampled_from(Fact)).map(tuple)),
    min_size=1,
)


@given(_SECTIONS)
def test_what_is_written_reads_back_the_same(given_sections: list[Section]) -> None:
    assert sections.parse(sections.write(given_sections)) == given_sections


@given(_SECTIONS)
def test_what_is_stored_loads_the_same(given_sections: list[Section]) -> None:
    assert sections.load(sections.dump(given_sections)) == given_sections


def test_the_standard_template_is_sound() -> None:
    loaded = sections.load(standard.SECTIONS)

    assert sections.dump(loaded) == standard.SECTIONS
    assert sections.parse(sections.write(loaded)) == loaded


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Overview\n", "Line 1: begin with a heading"),
        ("## Overview\n{weather}", "Line 2: no fact is called “weather”. Known are summary"),
        ("\n", "at least one section"),
    ],
)
def test_a_template_that_cannot_be_read_says_where(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        sections.parse(text)


def test_facts_of_a_newer_release_are_left_out() -> None:
    assert sections.load([{"heading": "Cost", "facts": ["cost", "pages"]}]) == [Section("Cost", "", (Fact.PAGES,))]
