"""From files to a plan, and from the plan to the database: what is made, what changes, what stays as it is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from django.db import connection, transaction

from accounts.models import User
from config.apply import document
from config.apply.document import Items, Node, Place, Problem, Refused, Scalar
from config.apply.heartbeats import Heartbeats
from config.apply.integrations import Integrations
from config.apply.keys import ApiKeys
from config.apply.mutes import InhibitionRules, MaintenanceWindows
from config.apply.people import Users
from config.apply.policies import Policies
from config.apply.schedules import Schedules
from config.apply.schema import Fields, Gathered, Wrong
from config.apply.section import Form, Given, Made, Plain, Section
from config.apply.services import Services
from config.apply.teams import Teams
from core.spelling import near

# In the order of writing: what a section names stands in a section before it.
SECTIONS: tuple[Section[Any], ...] = (
    Users(),
    Teams(),
    Schedules(),
    Policies(),
    Services(),
    Integrations(),
    Heartbeats(),
    MaintenanceWindows(),
    InhibitionRules(),
    ApiKeys(),
)
# Any number that no other program uses on the same database will do.
_LOCK = 0x746F6374

CREATE, CHANGE, UNCHANGED = "create", "change", "unchanged"


@dataclass(frozen=True)
class Change:
    """What becomes of one object, with lines for people."""

    action: str
    kind: str
    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class _Step:
    section: Section[Any]
    given: Given
    form: Form
    change: Change


@dataclass(frozen=True)
class Plan:
    """Every object of the files, in the order of writing."""

    steps: tuple[_Step, ...]

    def changes(self) -> list[Change]:
        """What becomes of each."""
        return [each.change for each in self.steps]

    def count(self, action: str) -> int:
        """How many of them."""
        return sum(each.change.action == action for each in self.steps)


@dataclass(frozen=True)
class Outcome:
    """A plan, carried out or not, with the keys that are known: those just made and those in the files."""

    plan: Plan
    made: Made
    sources: Mapping[str, str] = field(default_factory=dict)  # of the integrations in the files, by name


@dataclass
class _Read:
    givens: dict[str, list[Given]] = field(default_factory=lambda: {each.key: [] for each in SECTIONS})
    names: dict[str, dict[str, Place]] = field(default_factory=lambda: {each.kind: {} for each in SECTIONS})
    gathered: Gathered = field(default_factory=Gathered)
    problems: list[Problem] = field(default_factory=list)


@transaction.atomic
def apply(paths: Sequence[Path], *, only_plan: bool = False) -> Outcome:
    """Plan, and unless `only_plan` carry it out, all in one transaction. Raises Refused; then nothing has changed."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [_LOCK])  # two at once would plan on sand
    list(User.objects.admins().order_by("pk").select_for_update(no_key=True))  # they are counted, as elsewhere
    plan = _planned(_read(paths))
    made = Made()
    for step in plan.steps:
        _note_given_key(step, made)
        if not only_plan and step.change.action != UNCHANGED:
            step.section.write(step.form, step.given, made)
    sources = {
        each.given.name: str(getattr(each.form, "source", ""))
        for each in plan.steps
        if each.section.key == Integrations.key
    }
    return Outcome(plan, made, sources)


def export() -> str:
    """Everything as a file that `apply` reads, without secrets."""
    described: dict[str, Plain] = {}
    for section in SECTIONS:
        forms = section.current()
        if forms:
            described[section.key] = [forms[name].plain() for name in sorted(forms)]
    return yaml.safe_dump(described, sort_keys=False, allow_unicode=True, width=110) if described else ""


def _read(paths: Iterable[Path]) -> _Read:
    read = _Read()
    for path in paths:
        try:
            root = document.read(path)
        except Refused as refused:
            read.problems.extend(refused.problems)
            continue
        if not isinstance(root, document.Mapping):
            known = ", ".join(each.key for each in SECTIONS)
            read.problems.append(Problem(root.place, f"must be a mapping with the keys {known}"))
            continue
        for entry in root:
            _read_section(entry, read)
    return read


def _read_section(entry: document.Entry, read: _Read) -> None:
    by_key = {each.key: each for each in SECTIONS}
    section = by_key.get(entry.key)
    if section is None:
        read.problems.append(Problem(entry.place, f'unknown key "{entry.key}"{near(entry.key, by_key)}'))
        return
    if isinstance(entry.value, Scalar) and entry.value.is_null:
        return
    if not isinstance(entry.value, Items):
        read.problems.append(Problem(entry.place, f'"{entry.key}" must be a list'))
        return
    fields: Fields[dict[str, Any]] = Fields(section.fields, dict, required=(section.name_key,))
    for node in entry.value.items:
        _note_name(section, node, read)
        try:
            values = fields(node, read.gathered)
        except Wrong as found:
            read.problems.extend(found.problems)
            continue
        read.givens[section.key].append(Given(str(values[section.name_key]), node.place, values))


def _note_name(section: Section[Any], node: Node, read: _Read) -> None:
    """Remember the name even of what turns out to be wrong, so that its faults are not told twice."""
    entries: Iterator[document.Entry] = iter(node) if isinstance(node, document.Mapping) else iter(())
    for entry in entries:
        if entry.key == section.name_key and isinstance(entry.value, Scalar) and entry.value.text:
            first = read.names[section.kind].setdefault(entry.value.text, entry.place)
            if first != entry.place:
                said = f'the {section.kind} "{entry.value.text}" stands at {first} already'
                read.problems.append(Problem(entry.place, said))


def _planned(read: _Read) -> Plan:
    current = {each.kind: each.current() for each in SECTIONS}
    problems = read.problems
    for each in read.gathered.references:
        known = current[each.kind].keys() | read.names[each.kind].keys()
        if each.name not in known:
            problems.append(Problem(each.place, f'no {each.kind} is called "{each.name}"{near(each.name, known)}'))
    problems.extend(_keys_given_twice(read))
    steps: list[_Step] = []
    for section in SECTIONS:
        for given in read.givens[section.key]:
            try:
                steps.append(_step(section, given, current[section.kind].get(given.name)))
            except Wrong as found:
                problems.extend(found.problems)
        wanted = {each.given.name: (each.given, each.form) for each in steps if each.section is section}
        try:
            section.check_together(current[section.kind], wanted)
        except Wrong as found:
            problems.extend(found.problems)
    if problems:
        raise Refused(problems)
    return Plan(tuple(steps))


def _step(section: Section[Any], given: Given, old: Form | None) -> _Step:
    form: Form = section.merged(old, given)
    lines = [*_difference(old, form), *section.unread_changes(old, given)]
    action = CREATE if old is None else CHANGE if lines else UNCHANGED
    return _Step(section, given, form, Change(action, section.kind, given.name, tuple(lines)))


def _difference(old: Form | None, new: Form) -> list[str]:
    before, after = (old.plain() if old else {}), new.plain()
    lines: list[str] = []
    for name in [*after, *(each for each in before if each not in after)]:
        was, becomes = before.get(name), after.get(name)
        if was == becomes or (old is None and name in {"name", "username"}):
            continue
        if isinstance(was, list) or isinstance(becomes, list):
            lines.extend(_list_difference(name, was or [], becomes or []))
        elif was is None:
            lines.append(f"{name}: {_flow(becomes)}")
        else:
            lines.append(f"{name}: {_flow(was)} -> {_flow(becomes)}")
    return lines


def _list_difference(name: str, was: Plain, becomes: Plain) -> list[str]:
    before = was if isinstance(was, list) else []
    after = becomes if isinstance(becomes, list) else []
    gone = [f"{name}: - {_flow(each)}" for each in before if each not in after]
    new = [f"{name}: + {_flow(each)}" for each in after if each not in before]
    return gone + new or [f"{name}: {_flow(before)} -> {_flow(after)}"]


def _flow(value: Plain) -> str:
    """A value on one line."""
    if value is None:
        return "none"
    return (
        yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000)
        .removesuffix("\n...\n")
        .strip()
    )


def _keys_given_twice(read: _Read) -> Iterator[Problem]:
    seen: dict[str, Place] = {}
    for section in (Integrations.key, Heartbeats.key, ApiKeys.key):
        for given in read.givens[section]:
            key = given.values.get("key")
            if key is None:
                continue
            if key in seen:
                yield Problem(key.place, f"the same key stands at {seen[key]} already; every key opens one thing")
            seen.setdefault(key, key.place)


def _note_given_key(step: _Step, made: Made) -> None:
    key = step.given.values.get("key")
    if key is None:
        return
    if step.section.key == Integrations.key:
        made.integration_keys[step.given.name] = str(key)
    elif step.section.key == Heartbeats.key:
        made.heartbeat_keys[step.given.name] = str(key)
    else:
        made.api_keys[step.given.name] = str(key)
