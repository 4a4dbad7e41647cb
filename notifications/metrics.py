"""The figures `/metrics` shows about pages: how late they start, and what becomes of them."""

from prometheus_client import Counter, Histogram

from core.metrics import SHARED
from notifications.channel import Accepted, OutcomeUnknown, PermanentFailure, TemporaryFailure

_OUTCOMES = {
    Accepted: "accepted",
    TemporaryFailure: "temporary_failure",
    PermanentFailure: "permanent_failure",
    OutcomeUnknown: "unknown",
}

lateness = Histogram(
    "tocsin_delivery_lateness_seconds",
    "From the moment a message is due to its claim by a sender",
    ["channel"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300),
    registry=SHARED,
)
_outcomes = Counter(
    "tocsin_delivery_outcomes_total", "What became of attempts to send", ["channel", "outcome"], registry=SHARED
)


def attempted(channel: str, result: Accepted | TemporaryFailure | PermanentFailure | OutcomeUnknown) -> None:
    """Count what became of an attempt to send by this channel."""
    outcome = next(name for kind, name in _OUTCOMES.items() if isinstance(result, kind))
    _outcomes.labels(channel, outcome).inc()


def expect(channel: str) -> None:
    """Tell of this channel from the start, as nought: whoever watches a rate misses what a figure begins with."""
    lateness.labels(channel)
    for outcome in _OUTCOMES.values():
        _outcomes.labels(channel, outcome)
