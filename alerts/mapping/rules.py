"""What an integration's own expressions make of an alert, after its source has read it. Pure.

An expression that comes to nothing leaves what the source read. So does one that fails, and that is told with the alert
and on the message: a mapping never costs an alert.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alerts.mapping import expressions
from alerts.mapping.expressions import Expression, Result
from alerts.models import AlertStatus
from alerts.parsing.source import HAD, OVER, Json, ParsedAlert, as_text, severity_of

FIELDS = ("title", "description", "severity", "identity", "status")
LABELS = "labels"
ROOTS = (
    *("payload", "message", "labels", "annotations", "title", "description", "severity", "status", "dedup_key"),
    "links",
)
MOST_LABELS = 50
LONGEST_LABEL = 200
FAILED = "mapping_failed"  # the mark of a message, and the reason of an alert
MAPPED = "mapped"
_LONGEST_WORK = 5.0  # seconds at one message
_MOST_TOLD = 5
_FIRING = frozenset({"firing", "fire", "trigger", "triggered", "alert", "alerting", "problem", "down", "open", "opened",
                     "active", "new", "failed", "failure", "error", "critical", "warning", "red"})  # fmt: skip

Flat = Mapping[str, str]


def flat(given: Mapping[str, Any]) -> dict[str, str]:
    """`{"title": ..., "labels": {"team": ...}}` as `{"title": ..., "labels.team": ...}`, without what is empty."""
    found = {name: str(given.get(name) or "").strip() for name in FIELDS}
    for name, text in (given.get(LABELS) or {}).items():
        found[f"{LABELS}.{name}"] = str(text or "").strip()
    return {name: text for name, text in found.items() if text}


def nested(flat_ones: Flat) -> dict[str, Any]:
    """The other way round."""
    labels = {name.partition(".")[2]: text for name, text in flat_ones.items() if name.startswith(f"{LABELS}.")}
    found: dict[str, Any] = {name: flat_ones[name] for name in FIELDS if flat_ones.get(name)}
    return {**found, LABELS: labels} if labels else found


def check(flat_ones: Flat) -> dict[str, str]:
    """What is wrong, by the name of the field; empty where nothing is."""
    problems = {name: expressions.check(text, ROOTS) for name, text in flat_ones.items()}
    names = [name.partition(".")[2] for name in flat_ones if name.startswith(f"{LABELS}.")]
    if len(names) > MOST_LABELS:
        problems[LABELS] = f"There are more than {MOST_LABELS} labels."
    for name in names:
        if not name.strip() or len(name) > LONGEST_LABEL:
            problems[f"{LABELS}.{name}"] = f"A label's name has between 1 and {LONGEST_LABEL} letters."
    return {name: problem for name, problem in problems.items() if problem}


@dataclass(frozen=True, slots=True)
class AlertMapping:
    """One version, compiled."""

    version: int
    programs: Sequence[tuple[str, Expression]]

    def apply(self, alerts: Sequence[ParsedAlert], message: Callable[[], Json]) -> list[str]:
        """Change the alerts of one message; what failed, a sentence each, without repeating."""
        whole = _once(message)
        problems: dict[str, None] = {}
        ends = time.monotonic() + _LONGEST_WORK
        for alert in alerts:
            if time.monotonic() > ends:
                done: dict[str, Result] = {"": Result(problem="It took too long for the rest of this message.")}
            else:
                done = self.results(alert, whole)
            failures = [{"field": name, "problem": each.problem} for name, each in self.put_into(alert, done).items()]
            alert.mapped = {"reason": FAILED if failures else MAPPED, "version": self.version}
            if failures:
                alert.mapped["failures"] = failures
                problems.update((f"{each['field'] or 'mapping'}: {each['problem']}", None) for each in failures)
        return list(problems)[:_MOST_TOLD]

    def results(self, alert: ParsedAlert, whole: Callable[[], Json]) -> dict[str, Result]:
        """What each expression comes to for this alert."""
        facts = _Facts(alert, whole)
        return {name: program.evaluate(facts) for name, program in self.programs}

    def put_into(self, alert: ParsedAlert, done: Mapping[str, Result]) -> dict[str, Result]:
        """Change the alert by these results; those that failed or cannot be used."""
        return {name: result for name, result in _set(alert, done).items() if result.problem}


def compile_mapping(flat_ones: Flat, *, version: int = 0) -> AlertMapping:
    """Ready to be applied, whatever is wrong with some of its expressions."""
    return AlertMapping(version, [(name, expressions.compiled(text, ROOTS)) for name, text in flat_ones.items()])


class _Facts(Mapping[str, Json]):
    """What expressions may ask for; the message is read only if one does."""

    def __init__(self, alert: ParsedAlert, whole: Callable[[], Json]) -> None:
        self._alert, self._whole = alert, whole

    def __getitem__(self, name: str) -> Json:
        alert = self._alert
        if name == "payload":
            return alert.element if alert.element is not None else self._whole()
        if name == "message":
            return self._whole()
        if name == "links":
            return [{"text": each.text, "href": each.href} for each in alert.links]
        value = getattr(alert, name)
        return "" if value is None else value

    def __iter__(self) -> Iterator[str]:
        return iter(ROOTS)

    def __len__(self) -> int:
        return len(ROOTS)


def _once(message: Callable[[], Json]) -> Callable[[], Json]:
    kept: list[Json] = []

    def read() -> Json:
        if not kept:
            kept.append(message())
        return kept[0]

    return read


def _set(alert: ParsedAlert, done: Mapping[str, Result]) -> dict[str, Result]:
    """Put into the alert what was found; the results, with what cannot be used as a problem."""
    told: dict[str, Result] = {}
    labels: dict[str, str] = {}
    for name, result in done.items():
        told[name] = result
        if result.problem:
            continue
        text = as_text(result.value).strip() if name != "status" else _status_word(result.value)
        if not text:
            continue
        if name.startswith(f"{LABELS}."):
            labels[name.partition(".")[2]] = text
            continue
        problem = _SETTERS[name](alert, text)
        if problem:
            told[name] = Result(result.value, problem)
    if labels:
        alert.labels = {**alert.labels, **labels}  # the source's may be the message's own
    return told


def _status_word(value: Json) -> str:
    """Whether it fires may be given as such."""
    if isinstance(value, bool):
        return "firing" if value else "resolved"
    return as_text(value).strip().lower()


def _set_title(alert: ParsedAlert, text: str) -> str:
    alert.title = text.partition("\n")[0].strip()
    return ""


def _set_description(alert: ParsedAlert, text: str) -> str:
    alert.description = text
    return ""


def _set_severity(alert: ParsedAlert, text: str) -> str:
    severity = severity_of(text)
    if severity is None:
        return f"“{text[:50]}” is no severity. Use critical, error, warning or info."
    alert.severity = severity
    return ""


def _set_identity(alert: ParsedAlert, text: str) -> str:
    alert.dedup_key = text
    return ""


def _set_status(alert: ParsedAlert, text: str) -> str:
    status = _status_of(text)
    if status is None:
        return f"“{text[:50]}” is no status. Use firing, acknowledged or resolved."
    if status is not AlertStatus.RESOLVED:
        alert.ended_at = None
    alert.status = status
    return ""


_SETTERS: dict[str, Callable[[ParsedAlert, str], str]] = {
    "title": _set_title,
    "description": _set_description,
    "severity": _set_severity,
    "identity": _set_identity,
    "status": _set_status,
    "": lambda alert, text: "",
}


def _status_of(word: str) -> AlertStatus | None:
    if word in OVER:
        return AlertStatus.RESOLVED
    if word in HAD:
        return AlertStatus.ACKNOWLEDGED
    return AlertStatus.FIRING if word in _FIRING else None
