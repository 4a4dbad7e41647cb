"""The figures `/metrics` shows about pages: how late they start, and what becomes of them."""

from prometheus_client import Counter, Histogram

lateness = Histogram(
    "tocsin_delivery_lateness_seconds",
    "From the moment a message is due to its claim by a sender",
    ["channel"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300),
)
outcomes = Counter("tocsin_delivery_outcomes_total", "What became of attempts to send", ["channel", "outcome"])
