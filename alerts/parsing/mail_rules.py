"""What a mail tells of: which alert it is, whether it is over, how bad. Pure.

By default from the words senders put into subjects; an integration may have regular expressions of its own (RE2, so
that none takes longer than its text).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import re2

from alerts.models import AlertStatus
from alerts.parsing.mails import Mail
from alerts.parsing.source import severity_of
from incidents.models import Severity

Json = Any

LONGEST_PATTERN = 500
PATTERNS = ("identity", "title", "resolved", "ignore")
_SEVERITIES = tuple(Severity.values)
_MOST_MEMORY = 1024 * 1024  # of a pattern's machine, in bytes

_OVER = "resolved|recovered|recovery|ok|okay|up|cleared|clear|closed|normal|fixed|back to normal"
_ON = (
    "problem|firing|alert|alerting|triggered|down|failed|failure|error|critical|crit|warning|warn|alarm|unknown"
    "|unreachable|no data|info|acknowledged|emergency|fatal|major|minor|disaster|high"
)
_STATE = f"(?:{_OVER}|{_ON})"
_REPLY = r"(?:re|aw|sv|antw|fwd?|wg|tr)\s*(?:\[\d+\])?:"
# What senders put before a subject: Re:, [RESOLVED], [FIRING:2], PROBLEM:, ** RECOVERY Service Alert: …
_PREFIX = re.compile(
    rf"\s*(?:{_REPLY}|\[{_STATE}(?::\d+)?\]|{_STATE}\s*[:\-–]\s+|\*\*\s*{_STATE}\s+(?:service|host)\s+alert:)",
    re.IGNORECASE,
)
_ANSWER = re.compile(rf"\s*{_REPLY}", re.IGNORECASE)
# States within a subject: in brackets, in capitals, or after "is".
_INNER = re.compile(
    rf"\[{_STATE}(?::\d+)?\]|\b(?:is|are|now|has|went)\s+(?:now\s+|back\s+)?{_STATE}\b|\*\*", re.IGNORECASE
)
_CAPITALS = re.compile(rf"\b(?:{_OVER.upper()}|{_ON.upper()})\b")
_IS_OVER = re.compile(
    rf"\[(?:{_OVER})(?::\d+)?\]|\b(?:is|are|now|has|went)\s+(?:now\s+|back\s+)?(?:{_OVER})\b", re.IGNORECASE
)
_BEGINS_OVER = re.compile(rf"\s*(?:\*\*\s*)?(?:{_OVER})(?:\s*[:\-–]\s|\s+(?:service|host)\s+alert|\s*$)", re.IGNORECASE)
_ENDS_OVER = re.compile(r"\b(?:RESOLVED|RECOVERED|RECOVERY|OK|CLEARED|UP)\W*$")
_CAPITAL_ON = re.compile(
    r"\b(?:PROBLEM|FIRING|DOWN|FAILED|FAILURE|ERROR|CRITICAL|WARNING|ALARM)\b|\bnot\s+ok\b", re.IGNORECASE
)
_BODY_OVER = re.compile(r"(?:resolved|recovered|ok)[.!]?", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Rules:
    """Patterns over a mail's subject, an empty line and its text."""

    identity: str = ""
    title: str = ""
    resolved: str = ""
    ignore: str = ""
    severity: Mapping[str, str] = field(default_factory=dict)


def rules_of(stored: Json) -> Rules:
    """The rules as an integration keeps them; what is none is left out."""
    if not isinstance(stored, dict):
        return Rules()
    severity = stored.get("severity")
    texts = {name: stored[name] for name in PATTERNS if isinstance(stored.get(name), str)}
    return Rules(**texts, severity=severity if isinstance(severity, dict) else {})


def problem_with(stored: Json) -> str:
    """What is wrong with rules, as a sentence; empty where they will do."""
    if not isinstance(stored, dict):
        return "The rules are an object with identity, title, resolved, ignore and severity."
    for name, value in stored.items():
        if name == "severity":
            if not isinstance(value, dict) or not set(value) <= set(_SEVERITIES):
                return f"“severity” is an object whose names are of {', '.join(_SEVERITIES)}."
            problems = [problem for each in value.values() if (problem := _pattern_problem(f"severity {each}", each))]
            if problems:
                return problems[0]
        elif name not in PATTERNS:
            return f"Unknown “{name[:40]}”. Known are {', '.join(PATTERNS)} and severity."
        elif problem := _pattern_problem(name, value):
            return problem
    return ""


def is_ignored(rules: Rules, mail: Mail) -> bool:
    """Whether the rules say that this tells of nothing."""
    return bool(rules.ignore) and _search(rules.ignore, mail) is not None


def title(rules: Rules, mail: Mail) -> str:
    """The subject without what mail programs put before it; the first line of the text where there is none."""
    found = _found(rules.title, mail)
    if found:
        return found
    subject = mail.subject
    while (answer := _ANSWER.match(subject)) is not None:
        subject = subject[answer.end() :].strip()
    return subject or mail.text.partition("\n")[0].strip()[:200]


def identity(rules: Rules, mail: Mail) -> str:
    """What stays the same from problem to recovery: the subject without what says how it stands."""
    found = _found(rules.identity, mail)
    if found:
        return found
    subject = mail.subject
    while (prefix := _PREFIX.match(subject)) is not None:
        subject = subject[prefix.end() :]
    stripped = _CAPITALS.sub(" ", _INNER.sub(" ", subject))
    words = " ".join(stripped.split()).strip(" :-–*.").casefold()
    return words or " ".join(subject.split()).casefold() or mail.subject.casefold() or title(rules, mail).casefold()


def status(rules: Rules, mail: Mail) -> AlertStatus:
    """Whether it is over. With a rule only what fits it is."""
    if rules.resolved:
        is_over = _search(rules.resolved, mail) is not None
        return AlertStatus.RESOLVED if is_over else AlertStatus.FIRING
    subject = mail.subject
    while (answer := _ANSWER.match(subject)) is not None:
        subject = subject[answer.end() :]
    if _BODY_OVER.fullmatch(mail.text.strip()):
        return AlertStatus.RESOLVED
    if _BEGINS_OVER.match(subject) or _IS_OVER.search(subject):
        return AlertStatus.RESOLVED
    if _ENDS_OVER.search(subject) and not _CAPITAL_ON.search(subject):
        return AlertStatus.RESOLVED
    return AlertStatus.FIRING


def severity(rules: Rules, mail: Mail) -> Severity | None:
    """By rule, worst first; else by a word of the subject that is one."""
    for name in _SEVERITIES:
        pattern = rules.severity.get(name, "")
        if pattern and _search(pattern, mail) is not None:
            return Severity(name)
    if rules.severity:
        return None
    words = (word for word in _WORD.findall(mail.subject) if word.isupper() or word.lower() in ("critical", "warning"))
    return next((found for word in words if word != "OK" and (found := severity_of(word)) is not None), None)


def _found(pattern: str, mail: Mail) -> str:
    """What a pattern finds: its groups, or all of it where it has none."""
    match = _search(pattern, mail) if pattern else None
    if match is None:
        return ""
    groups = match.groups()
    return "/".join(each for each in groups if each) if groups else match.group(0)


def _search(pattern: str, mail: Mail) -> Any:
    compiled = _compiled(pattern)
    return None if compiled is None else compiled.search(f"{mail.subject}\n\n{mail.text}")


@lru_cache(maxsize=500)
def _compiled(pattern: str) -> Any:
    try:
        return re2.compile(pattern, _options())
    except re2.error:
        return None


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MOST_MEMORY
    return options


def _pattern_problem(name: str, pattern: Json) -> str:
    if not isinstance(pattern, str) or not pattern or len(pattern) > LONGEST_PATTERN:
        return f"“{name}” is a regular expression of at most {LONGEST_PATTERN} characters."
    try:
        re2.compile(pattern, _options())
    except re2.error as trouble:
        cause = trouble.args[0] if trouble.args else trouble
        text = cause.decode(errors="replace") if isinstance(cause, bytes) else str(cause)
        return f"“{name}” is not a regular expression that can be used: {text[:200]}."
    return ""
