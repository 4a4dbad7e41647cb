"""How loudly to notify, from what the service wishes and how bad it is. Pure."""

from catalog.models import UrgencyRule
from incidents.models import Severity, Urgency

# A missing one weighs as much as an error: nobody has said that it can wait.
RANK = {Severity.INFO: 1, Severity.WARNING: 2, Severity.ERROR: 3, None: 3, Severity.CRITICAL: 4}
_LOW = frozenset({Severity.WARNING, Severity.INFO})


def urgency_for(rule: UrgencyRule | str, severity: Severity | str | None) -> Urgency:
    """By severity: critical, error and a missing one are high; warning and info are low."""
    if rule == UrgencyRule.BY_SEVERITY:
        return Urgency.LOW if severity in _LOW else Urgency.HIGH
    return Urgency(rule)
