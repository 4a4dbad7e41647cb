"""A YAML or JSON file as a tree that remembers the line of every key and value.

Scalars stay the text that stands in the file: whether `no` is a name or a refusal, and whether `+4930123456` is a
number, only the field that holds it can know. (YAML's own guesses turn the one into False and the other into an int.)
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

_MOST_NODES = 200_000  # aliases of aliases can describe more than any machine holds
_DEEPEST = 50


@dataclass(frozen=True, order=True)
class Place:
    """Where something stands; lines count from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, order=True)
class Problem:
    """What is wrong, where, and what to do about it."""

    place: Place
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


class Refused(Exception):
    """The files cannot be applied; says all that is wrong with them, in the order of the lines."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True)
class Scalar:
    """A value as it is written. `is_quoted` tells the text "null" from nothing."""

    text: str
    is_quoted: bool
    place: Place

    @property
    def is_null(self) -> bool:
        """Whether nothing is said."""
        return not self.is_quoted and self.text in {"", "~", "null", "Null", "NULL"}


@dataclass(frozen=True)
class Items:
    """A list."""

    items: tuple["Node", ...]
    place: Place


@dataclass(frozen=True)
class Entry:
    """A key and its value; `place` is the key's."""

    key: str
    value: "Node"
    place: Place


@dataclass(frozen=True)
class Mapping:
    """Keys and values in the order of the file. No key stands twice."""

    entries: tuple[Entry, ...]
    place: Place

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)


Node = Scalar | Items | Mapping


def read(path: Path) -> Node:
    """The tree of one file; of standard input where it is `-`. Raises Refused."""
    shown = "standard input" if str(path) == "-" else str(path)
    try:
        content = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as trouble:
        raise Refused([Problem(Place(shown, 1), f"cannot be read: {trouble.strerror}")]) from None
    return parse(content, shown)


def parse(content: bytes, file: str) -> Node:
    """The tree of a file's content. Raises Refused."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as trouble:
        line = content.count(b"\n", 0, trouble.start) + 1
        raise Refused([Problem(Place(file, line), "is not UTF-8 text")]) from None
    if text.lstrip().startswith(("{", "[")):
        text = text.replace("\t", " ")  # JSON may be indented by tabs, YAML may not; JSON's strings hold none
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
    except yaml.reader.ReaderError as trouble:
        line = text.count("\n", 0, trouble.position) + 1
        raise Refused([Problem(Place(file, line), "holds a character that YAML does not allow")]) from None
    except yaml.MarkedYAMLError as trouble:
        mark = trouble.problem_mark or trouble.context_mark
        raise Refused([Problem(Place(file, mark.line + 1 if mark else 1), f"is not YAML: {trouble.problem}")]) from None
    except RecursionError:
        raise Refused([Problem(Place(file, 1), f"is nested deeper than {_DEEPEST} levels")]) from None
    if root is None:
        return Mapping((), Place(file, 1))
    conversion = _Conversion(file, loader)
    tree = conversion.node(root, depth=0)
    if conversion.problems:
        raise Refused(conversion.problems)
    return tree


@dataclass
class _Conversion:
    file: str
    loader: yaml.SafeLoader
    problems: list[Problem] = field(default_factory=list)
    seen: int = 0

    def node(self, node: yaml.Node, depth: int) -> Node:
        place = self._place(node)
        self.seen += 1
        if depth > _DEEPEST:
            raise Refused([Problem(place, f"is nested deeper than {_DEEPEST} levels")])
        if self.seen > _MOST_NODES:
            raise Refused([Problem(place, f"holds more than {_MOST_NODES} values")])
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place, depth)
        if isinstance(node, yaml.SequenceNode):
            return Items(tuple(self.node(each, depth + 1) for each in node.value), place)
        is_quoted = isinstance(node, yaml.ScalarNode) and node.style is not None
        return Scalar(_whole(node.value), is_quoted, place)

    def _mapping(self, node: yaml.MappingNode, place: Place, depth: int) -> Mapping:
        own: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise Refused([Problem(self._place(key), "a key must be plain text")])
            if key.value in own and key.value != "<<":
                self.problems.append(Problem(self._place(key), f'the key "{key.value}" stands here twice'))
            own.add(key.value)
        if "<<" in own:
            self._merge(node)
        # What `<<` brought in stands first, so that the mapping's own keys replace it.
        entries = {
            key.value: Entry(_whole(key.value), self.node(value, depth + 1), self._place(key))
            for key, value in node.value
        }
        return Mapping(tuple(entries.values()), place)

    def _merge(self, node: yaml.MappingNode) -> None:
        try:
            self.loader.flatten_mapping(node)
        except yaml.MarkedYAMLError as trouble:
            mark = trouble.problem_mark or node.start_mark
            raise Refused([Problem(Place(self.file, mark.line + 1), f"is not YAML: {trouble.problem}")]) from None
        except RecursionError:
            raise Refused([Problem(self._place(node), '"<<" leads back to itself')]) from None

    def _place(self, node: yaml.Node) -> Place:
        return Place(self.file, node.start_mark.line + 1)


def _whole(text: str) -> str:
    """JSON writes what stands beyond 16 bits as two escapes; here it becomes the one character it is."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
