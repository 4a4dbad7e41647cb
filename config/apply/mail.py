"""How mail is read, in a configuration file: the rules of an integration whose source is e-mail."""

from dataclasses import dataclass
from typing import Any

from alerts.parsing import mail_rules
from config.apply.document import Node
from config.apply.schema import Fields, Gathered, wrong
from config.apply.section import Plain, said
from config.apply.values import text
from incidents.models import Severity

Patterns = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class MailRules:
    """Patterns, as `alerts.parsing.mail_rules` takes them."""

    identity: str = ""
    title: str = ""
    resolved: str = ""
    ignore: str = ""
    severity: Patterns = ()

    def plain(self) -> dict[str, Plain]:
        """As in a file, and as it is kept."""
        patterns: dict[str, Plain] = {name: str(getattr(self, name)) for name in mail_rules.PATTERNS}
        return said(**patterns, severity={name: str(pattern) for name, pattern in self.severity})


def kept_rules(stored: Any) -> MailRules | None:
    """What the database holds, in the form of files."""
    if not stored:
        return None
    rules = mail_rules.rules_of(stored)
    patterns = {name: getattr(rules, name) for name in mail_rules.PATTERNS}
    return MailRules(**patterns, severity=tuple(rules.severity.items()))


def _pairs(**patterns: str) -> Patterns:
    return tuple(patterns.items())


_PATTERN = text(longest=mail_rules.LONGEST_PATTERN)
_FIELDS = Fields(
    {
        **dict.fromkeys(mail_rules.PATTERNS, _PATTERN),
        "severity": Fields(dict.fromkeys(map(str, Severity.values), _PATTERN), _pairs),
    },
    MailRules,
)


def read_rules(node: Node, gathered: Gathered) -> MailRules:
    """Rules that can be used."""
    rules = _FIELDS(node, gathered)
    problem = mail_rules.problem_with(rules.plain())
    if problem:
        raise wrong(node, problem)
    return rules
