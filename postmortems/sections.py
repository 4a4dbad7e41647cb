"""What a template says: sections with guidance and the facts that stand in them. Pure: no Django, no database.

People write a template as text: `## Heading`, lines of guidance, and names of facts in braces on lines of their own.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.errors import Invalid


class Fact(StrEnum):
    """What a draft can know by itself."""

    SUMMARY = "summary"
    ALERTS = "alerts"
    RESPONDERS = "responders"
    PAGES = "pages"
    TIMELINE = "timeline"
    ACTION_ITEMS = "action_items"  # stays a name in the text: the list is shown as it stands when somebody reads


@dataclass(frozen=True)
class Section:
    """One section: its heading, what to write in it, and the facts it begins with."""

    heading: str
    guidance: str = ""
    facts: tuple[Fact, ...] = ()


_HEADING = re.compile(r"##\s+(\S.*)")
_FACT = re.compile(r"\{(\w+)\}")


def parse(text: str) -> list[Section]:
    """Sections from a template's text. Raises Invalid, naming the line, where it cannot be read."""
    found: list[Section] = []
    for number, line in enumerate(text.splitlines(), start=1):
        heading = _HEADING.fullmatch(line.strip())
        if heading:
            found.append(Section(heading[1]))
        elif found:
            found[-1] = _with_line(found[-1], line, number)
        elif line.strip():
            raise _wrong(f"Line {number}: begin with a heading, for example “## Overview”.")
    if not found:
        raise _wrong("A template has at least one section: “## Overview”.")
    return [Section(each.heading, each.guidance.strip(), each.facts) for each in found]


def write(sections: Sequence[Section]) -> str:
    """The text that `parse` reads back."""
    blocks = []
    for each in sections:
        facts = "\n".join(f"{{{fact}}}" for fact in each.facts)
        blocks.append("\n".join(part for part in (f"## {each.heading}", each.guidance, facts) if part))
    return "\n\n".join(blocks) + "\n"


def load(stored: Sequence[dict[str, Any]]) -> list[Section]:
    """Sections as `Template.sections` keeps them. Facts that only a newer release knows are left out."""
    known = set(Fact)
    return [
        Section(
            heading=str(each.get("heading", "")),
            guidance=str(each.get("guidance", "")),
            facts=tuple(Fact(name) for name in each.get("facts", ()) if name in known),
        )
        for each in stored
    ]


def dump(sections: Sequence[Section]) -> list[dict[str, Any]]:
    """For `Template.sections`."""
    return [
        {"heading": each.heading, "guidance": each.guidance, "facts": [str(fact) for fact in each.facts]}
        for each in sections
    ]


def _with_line(section: Section, line: str, number: int) -> Section:
    fact = _FACT.fullmatch(line.strip())
    if not fact:
        return Section(section.heading, f"{section.guidance}\n{line.rstrip()}", section.facts)
    if fact[1] not in set(Fact):
        raise _wrong(f"Line {number}: no fact is called “{fact[1]}”. Known are {', '.join(Fact)}.")
    return Section(section.heading, section.guidance, (*section.facts, Fact(fact[1])))


def _wrong(problem: str) -> Invalid:
    return Invalid(problem, {"sections": problem})
