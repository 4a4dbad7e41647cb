"""How a configuration file is read: mappings with known keys, lists, and names that must lead somewhere.

A reader takes a node and what is being gathered on the way, and returns the value; it raises Wrong, which says what is
wrong and where. `values` has the readers of single values.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from config.apply import document
from config.apply.document import Items, Node, Place, Problem, Scalar
from core.spelling import near, nearest

T = TypeVar("T")


class Wrong(Exception):
    """What a reader found wrong; a mapping or a list gathers that of all its parts."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("; ".join(map(str, problems)))


class Written(str):
    """A text that remembers where it stands."""

    __slots__ = ("place",)
    place: Place

    @classmethod
    def at(cls, place: Place, text: str) -> "Written":
        """The text, found at this place."""
        made = cls(text)
        made.place = place
        return made


@dataclass(frozen=True)
class Reference:
    """A name that must be that of an object of this kind, in the database or in one of the files."""

    kind: str
    name: str
    place: Place


@dataclass
class Gathered:
    """What reading has met on the way."""

    references: list[Reference] = field(default_factory=list)


Reader = Callable[[Node, Gathered], T]


def optional(reader: Reader[T]) -> Reader[T | None]:
    """The same, or null."""

    def read(node: Node, gathered: Gathered) -> T | None:
        return None if isinstance(node, Scalar) and node.is_null else reader(node, gathered)

    return read


def list_of(
    reader: Reader[T], *, once: Callable[[T], object] | None = None, at_least: int = 0, at_most: int = 10_000
) -> Reader[tuple[T, ...]]:
    """A list of such; what `once` gives for each may not come twice."""

    def read(node: Node, gathered: Gathered) -> tuple[T, ...]:
        if not isinstance(node, Items):
            raise wrong(node, "must be a list")
        values: list[T] = []
        problems: list[Problem] = []
        seen: set[object] = set()
        for each in node.items:
            try:
                value = reader(each, gathered)
            except Wrong as found:
                problems.extend(found.problems)
                continue
            mark = once(value) if once else None
            if once and mark in seen:
                problems.append(Problem(each.place, f'"{mark}" stands here twice'))
            seen.add(mark)
            values.append(value)
        if len(node.items) < at_least:
            problems.append(Problem(node.place, "must not be empty"))
        if len(node.items) > at_most:
            problems.append(Problem(node.place, f"must not have more than {at_most} items"))
        if problems:
            raise Wrong(*problems)
        return tuple(values)

    return read


@dataclass(frozen=True)
class Fields(Generic[T]):
    """A mapping with these keys and no others, made into a `form` (any callable that takes them by name).

    What is not in the file is not handed to the form.
    """

    known: Mapping[str, Reader[Any]]
    form: Callable[..., T]
    required: Sequence[str] = ()
    exactly_one: bool = False

    def __call__(self, node: Node, gathered: Gathered) -> T:
        if not isinstance(node, document.Mapping):
            raise wrong(node, f"must be a mapping with the keys {', '.join(self.known)}")
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        for entry in node:
            reader = self.known.get(entry.key)
            if reader is None:
                problems.append(Problem(entry.place, f'unknown key "{entry.key}"{near(entry.key, self.known)}'))
                continue
            try:
                values[entry.key] = reader(entry.value, gathered)
            except Wrong as found:
                problems.extend(_told(each, entry.key) for each in found.problems)
        given = {entry.key for entry in node}
        # A required key that is there but misspelt is told of once, as that.
        meant = {nearest(each, self.known) for each in given - self.known.keys()}
        problems.extend(
            Problem(node.place, f'the key "{each}" is missing') for each in self.required if each not in given | meant
        )
        if self.exactly_one and len(given) != 1:
            problems.append(Problem(node.place, f"must name exactly one of {', '.join(self.known)}"))
        if problems:
            raise Wrong(*problems)
        return self.form(**values)


def wrong(node: Node, sentence: str) -> Wrong:
    """One thing that is wrong with a node."""
    return Wrong(Problem(node.place, sentence))


def _told(problem: Problem, key_name: str) -> Problem:
    """The problem with the name of its key before it, where the sentence would otherwise hang in the air."""
    if problem.text.startswith(("must ", "is ", "holds ", "starts ")):
        return Problem(problem.place, f'"{key_name}" {problem.text}')
    return problem


def scalar(node: Node) -> Scalar:
    """The node, which must be a single value that says something."""
    if not isinstance(node, Scalar):
        raise wrong(node, "must be a single value")
    if node.is_null and node.text:
        raise wrong(node, "must not be null")
    return node
