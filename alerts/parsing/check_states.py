"""The words of Nagios and its descendants: kinds of notification, and states of hosts and services. Pure."""

from alerts.models import AlertStatus
from alerts.parsing.source import Ignored
from incidents.models import Severity

SEVERITIES = {
    **dict.fromkeys(("CRITICAL", "CRIT", "DOWN"), Severity.CRITICAL),
    **dict.fromkeys(("UNKNOWN", "UNKN", "UNREACHABLE", "UNREACH"), Severity.ERROR),
    **dict.fromkeys(("WARNING", "WARN"), Severity.WARNING),
    **dict.fromkeys(("OK", "UP"), Severity.INFO),
}
_WELL = frozenset({"OK", "UP"})
_NO_NEWS = {
    "CUSTOM": "Somebody sent a notification of their own.",
    "DOWNTIME": "It tells of a downtime.",
    "FLAPPING": "It tells that a check changes its state often.",
    "ALERTHANDLER": "It tells of an alert handler.",
}


def status_of(notification: str, state: str) -> AlertStatus:
    """What a notification of this kind tells of a check in this state. Raises Ignored.

    Without a kind the state tells all.
    """
    kind, state = notification.upper(), state.upper()
    for beginning, text in _NO_NEWS.items():
        if kind.startswith(beginning):
            raise Ignored(beginning.lower(), text)
    if kind.startswith("RECOVERY") or state in _WELL:
        return AlertStatus.RESOLVED
    return AlertStatus.ACKNOWLEDGED if kind.startswith("ACKNOWLEDGEMENT") else AlertStatus.FIRING


def title_of(check: str, state: str) -> str:
    """The check and its state as people say it."""
    return f"{check} is {state.upper()}" if state else check
