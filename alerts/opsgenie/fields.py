"""The fields of Opsgenie's query language: what a condition on each finds among our alerts."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime

from django.db.models import F, Q, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce
from django.db.models.lookups import IContains, IExact, IRegex

from alerts.opsgenie.query import All, Condition, Node, Not
from alerts.parsing import moments, opsgenie
from alerts.pipeline.acting import IS_OPEN
from core import clock
from core.errors import Invalid
from incidents.models import Severity
from incidents.states import Status

_IS_ACKNOWLEDGED = IS_OPEN & Q(incident__status=Status.ACKNOWLEDGED)
_IS_SNOOZED = IS_OPEN & Q(incident__status=Status.SNOOZED)
_PERSON = ("username", "email")


def asked(node: Node) -> Q:
    """What a tree finds. Raises Invalid for a field there is not, or a value that makes no sense."""
    if isinstance(node, Not):
        return ~asked(node.part)
    if isinstance(node, Condition):
        return _condition(node)
    found = Q()
    for part in node.parts:
        found = found & asked(part) if isinstance(node, All) else found | asked(part)
    return found


def _condition(condition: Condition) -> Q:
    name = condition.field.lower()
    if name.startswith("details.") and name not in ("details.key", "details.value"):
        _only_equals(condition)
        return _is(_label(condition.field.partition(".")[2]), condition.value)
    ask = _FIELDS.get(name)
    if ask is None:
        known = ", ".join(sorted(each for each in _FIELDS if each))
        raise _wrong(f"there is no field “{condition.field}”. Known are {known}")
    return ask(condition)


def _only_equals(condition: Condition) -> None:
    if condition.operator != ":":
        raise _wrong(f"“{condition.field}” can be compared with “:” only")


def _time(path: str) -> Callable[[Condition], Q]:
    def ask(condition: Condition) -> Q:
        at = moments.moment(condition.value, now=clock.now())
        if at is None:
            raise _wrong(f"“{condition.value}” is no point in time. Give milliseconds since 1970")
        return _compared(path, condition.operator, at)

    return ask


def _number(path: str) -> Callable[[Condition], Q]:
    def ask(condition: Condition) -> Q:
        if not condition.value.isdecimal() or len(condition.value) > 18:
            raise _wrong(f"“{condition.value}” is no number")
        return _compared(path, condition.operator, int(condition.value))

    return ask


def _compared(path: str, operator: str, value: datetime | int) -> Q:
    word = {":": "", "<": "__lt", "<=": "__lte", ">": "__gt", ">=": "__gte"}[operator]
    return Q(**{f"{path}{word}": value})


def _exactly(*texts: Combinable) -> Callable[[Condition], Q]:
    def ask(condition: Condition) -> Q:
        _only_equals(condition)
        return _any(_is(text, condition.value) for text in texts)

    return ask


def _within(*texts: Combinable) -> Callable[[Condition], Q]:
    def ask(condition: Condition) -> Q:
        _only_equals(condition)
        if "*" not in condition.value:
            return _any(Q(IContains(text, condition.value)) for text in texts)
        return _any(Q(IRegex(text, _pattern(condition.value, ".*"))) for text in texts)

    return ask


def _fact(true: Q, yes: tuple[str, ...] = ("true",), no: tuple[str, ...] = ("false",)) -> Callable[[Condition], Q]:
    def ask(condition: Condition) -> Q:
        _only_equals(condition)
        word = condition.value.lower()
        if word not in (*yes, *no):
            raise _wrong(f"“{condition.field}” is one of {', '.join((*yes, *no))}")
        return true if word in yes else ~true

    return ask


def _element(name: str, before: str = "") -> Callable[[Condition], Q]:
    """Of a label that holds several words, with commas between them."""

    def ask(condition: Condition) -> Q:
        _only_equals(condition)
        return Q(IRegex(_label(name), f"(^|, ){before}{_pattern(condition.value, '[^,]*')}(,|$)"))

    return ask


def _alert_id(condition: Condition) -> Q:
    _only_equals(condition)
    return Q(pk=opsgenie.alert_of(condition.value) or 0)


def _alias(condition: Condition) -> Q:
    """As the vendor does: of an alias the open alert is found."""
    _only_equals(condition)
    return IS_OPEN & _is(F("dedup_key"), condition.value)


def _priority(condition: Condition) -> Q:
    name = condition.value.upper()
    if name not in opsgenie.PRIORITIES:
        raise _wrong(f"a priority is one of {', '.join(opsgenie.PRIORITIES)}")
    # P1 is the highest: what is “more than P3” is P1 and P2, and so it is by their names the other way round.
    holds: dict[str, Callable[[str], bool]] = {
        ":": name.__eq__,
        "<": name.__lt__,
        "<=": name.__le__,
        ">": name.__gt__,
        ">=": name.__ge__,
    }
    return _any(_has_priority(each) for each in opsgenie.PRIORITIES if holds[condition.operator](each))


def _has_priority(name: str) -> Q:
    severity = opsgenie.severity_for(name)
    if name == opsgenie.DEFAULT_PRIORITY:
        return Q(severity=severity) | Q(severity__isnull=True)
    if severity is not Severity.INFO:
        return Q(severity=severity)
    is_lowest = _is(_label("priority"), "P5")
    return Q(severity=severity) & (is_lowest if name == "P5" else ~is_lowest)


def _details_key(condition: Condition) -> Q:
    _only_equals(condition)
    return Q(labels__has_key=condition.value)


def _label(name: str) -> Coalesce:
    """The label of this name, empty where there is none. As an expression: the name is the caller's, and no path."""
    return Coalesce(KeyTextTransform(name, "labels"), Value(""), output_field=TextField())


def _person(path: str) -> Callable[[Condition], Q]:
    return _exactly(*(Coalesce(F(f"{path}__{name}"), Value(""), output_field=TextField()) for name in _PERSON))


def _wrong(problem: str) -> Invalid:
    return Invalid(f"The query cannot be read: {problem}.", {"query": problem})


def _is(text: Combinable, value: str) -> Q:
    """As a whole and in whatever case; `*` stands for anything."""
    return Q(IRegex(text, f"^{_pattern(value, '.*')}$")) if "*" in value else Q(IExact(text, value))


def _any(parts: Iterable[Q]) -> Q:
    found = Q(pk__in=[])
    for part in parts:
        found |= part
    return found


def _pattern(value: str, anything: str) -> str:
    return anything.join(re.escape(part) for part in re.split(r"\*+", value))


_FIELDS: dict[str, Callable[[Condition], Q]] = {
    "": _within(F("title"), F("description"), F("dedup_key")),
    "createdat": _time("first_seen_at"),
    "lastoccurredat": _time("last_seen_at"),
    "updatedat": _time("last_seen_at"),
    "snoozeduntil": _time("incident__due_at"),
    "alertid": _alert_id,
    "id": _alert_id,
    "tinyid": _number("pk"),
    "alias": _alias,
    "count": _number("count"),
    "message": _within(F("title")),
    "description": _within(F("description")),
    "source": _exactly(_label("source")),
    "entity": _exactly(_label("entity")),
    "status": _fact(IS_OPEN, ("open",), ("closed", "resolved")),
    "acknowledged": _fact(_IS_ACKNOWLEDGED),
    "isseen": _fact(Q(incident__acknowledged_at__isnull=False)),
    "snoozed": _fact(_IS_SNOOZED),
    "owner": _person("incident__acknowledged_by"),
    "acknowledgedby": _person("incident__acknowledged_by"),
    "closedby": _person("incident__resolved_by"),
    "teams": _element("responders", "team:"),
    "team": _element("responders", "team:"),
    "responders": _element("responders", "[a-z]+:"),
    "integration.name": _exactly(F("integration__name")),
    "integration.type": _exactly(F("integration__source")),
    "tag": _element("tags"),
    "tags": _element("tags"),
    "actions": _exactly(Coalesce(KeyTextTransform("actions", "annotations"), Value(""), output_field=TextField())),
    "details.key": _details_key,
    "details.value": _within(Cast(F("labels"), TextField())),
    "priority": _priority,
}
