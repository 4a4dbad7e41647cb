"""The figures `/metrics` shows about the engine. What belongs to one app is declared in that app."""

import time

from prometheus_client import Counter, Gauge

lane_batches = Counter("tocsin_lane_batches_total", "Batches of due rows handled", ["lane"])
lane_failures = Counter("tocsin_lane_failures_total", "Times a lane raised and was tried again", ["lane"])
_lane_tick = Gauge(
    "tocsin_lane_last_tick_seconds", "When a lane of this process last finished a batch (unix time)", ["lane"]
)


def lane_ticked(lane: str) -> None:
    """Note that a lane has done a batch, or found nothing due."""
    _lane_tick.labels(lane).set(time.time())
