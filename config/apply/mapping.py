"""An integration's own expressions in a configuration file. A change of them is a new version, which is in use then."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alerts.mapping import rules
from alerts.mapping.expressions import LONGEST_EXPRESSION
from config.apply import document
from config.apply.document import Node, Problem
from config.apply.schema import Fields, Gathered, Written, Wrong, wrong
from config.apply.section import Plain
from config.apply.values import text


@dataclass(frozen=True)
class MappingForm:
    """Expressions by field, labels as `labels.NAME`; those that say nothing are left out."""

    expressions: tuple[tuple[str, str], ...] = ()

    def flat(self) -> dict[str, str]:
        """As mappings are saved."""
        return {name: str(expression) for name, expression in self.expressions}

    def plain(self) -> dict[str, Plain]:
        """As in a file."""
        return rules.nested(self.flat())


def in_use(stored: Mapping[str, Any] | None) -> MappingForm | None:
    """What the database holds, in the form of files."""
    return _form(rules.flat(stored)) if stored else None


def _form(flat: rules.Flat) -> MappingForm:
    return MappingForm(tuple(sorted((name, str(each)) for name, each in flat.items())))


_EXPRESSION = text(longest=LONGEST_EXPRESSION, may_break=True)


def _labels(node: Node, gathered: Gathered) -> dict[str, str]:
    if not isinstance(node, document.Mapping):
        raise wrong(node, "must be a mapping of labels to expressions")
    return Fields(dict.fromkeys((entry.key for entry in node), _EXPRESSION), dict)(node, gathered)


_FIELDS = Fields({**dict.fromkeys(rules.FIELDS, _EXPRESSION), rules.LABELS: _labels}, dict[str, Any])


def read_mapping(node: Node, gathered: Gathered) -> MappingForm | None:
    """Expressions that can be evaluated; None where there is none. What is wrong is told where it stands."""
    given = _FIELDS(node, gathered)
    labels = {f"{rules.LABELS}.{name}": each for name, each in given.pop(rules.LABELS, {}).items()}
    flat: dict[str, str] = {**given, **labels}
    problems = rules.check({name: each.strip() for name, each in flat.items()})
    if problems:
        places = {name: each.place for name, each in flat.items() if isinstance(each, Written)}
        raise Wrong(*[Problem(places.get(name, node.place), f'"{name}": {each}') for name, each in problems.items()])
    found = {name: each.strip() for name, each in flat.items() if each.strip()}
    return _form(found) if found else None
