"""What every section of a configuration file has in common: how its objects are read, compared and written.

A *form* is an object as the files describe it: a frozen dataclass of names and plain values. What stands in the
database is put into the same form, so that a plan is the comparison of two forms, and an export is a form written out.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from config.apply.document import Place, Problem
from config.apply.schema import Reader, Written, Wrong

Plain = None | bool | int | str | list["Plain"] | dict[str, "Plain"]


class Form(Protocol):
    """An object as the files describe it."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def plain(self) -> dict[str, Plain]:
        """The same as it stands in a file; what has its default is left out."""


F = TypeVar("F", bound=Form)


@dataclass(frozen=True)
class Given:
    """One object of a file. `values` holds only what the file says."""

    name: str
    place: Place
    values: Mapping[str, Any]

    def wrong(self, sentence: str, at: object = None) -> Wrong:
        """Something is wrong with this object; the place is that of the value `at`, if it remembers one."""
        return Wrong(Problem(at.place if isinstance(at, Written) else self.place, sentence))


@dataclass
class Made:
    """Keys that came to be, or were given in the files: shown this once."""

    integration_keys: dict[str, str] = field(default_factory=dict)
    api_keys: dict[str, str] = field(default_factory=dict)
    heartbeat_keys: dict[str, str] = field(default_factory=dict)


class Section(ABC, Generic[F]):
    """One kind of object."""

    key: ClassVar[str]  # of the list in the file
    kind: ClassVar[str]  # of one object, for people
    name_key: ClassVar[str] = "name"
    form: type[F]
    fields: ClassVar[Mapping[str, Reader[Any]]]
    required_when_new: ClassVar[Sequence[str]] = ()
    unread: ClassVar[frozenset[str]] = frozenset()  # what files may set, and nobody can read back: passwords, keys

    @abstractmethod
    def current(self) -> dict[str, F]:
        """What the database holds, by name."""

    @abstractmethod
    def write(self, form: F, given: Given, made: Made) -> None:
        """Make the database hold this form. Everything it names is there already."""

    def merged(self, old: F | None, given: Given) -> F:
        """What the object shall be: what the file says over what it was; defaults where it is new. Raises Wrong."""
        values = {name: value for name, value in given.values.items() if name not in self.unread}
        if old is not None:
            return replace(old, **values)
        missing = [each for each in self.required_when_new if values.get(each) is None]
        if missing:
            keys = " and ".join(f'"{each}"' for each in missing)
            raise given.wrong(f'the {self.kind} "{given.name}" is new and needs {keys}')
        return self.form(**values)

    def unread_changes(self, old: F | None, given: Given) -> list[str]:
        """Lines about what nobody can read back and the file changes. Raises Wrong."""
        return []

    def check_together(self, old: Mapping[str, F], wanted: Mapping[str, tuple[Given, F]]) -> None:
        """Look at all objects at once, by name: what is there, and what the files make of some. Raises Wrong."""


def said(**values: Plain) -> dict[str, Plain]:
    """Without what says nothing: an export holds what differs from the default."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def texts(names: Sequence[str]) -> list[Plain]:
    """A list of names for an export."""
    return [str(each) for each in names]
