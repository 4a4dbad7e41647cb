"""The figures `/metrics` shows about the engine. What belongs to one app is declared in that app.

What engines count goes into `SHARED`: `/metrics` is answered by another process, so it is carried there by the
database (`web.figures`), added up over all engines and all time. So with other buckets a histogram needs another name.
What a web process counts itself needs no carrying.
"""

from prometheus_client import CollectorRegistry, Counter

SHARED = CollectorRegistry()

lane_batches = Counter("tocsin_lane_batches_total", "Batches of due rows handled", ["lane"], registry=SHARED)
lane_failures = Counter(
    "tocsin_lane_failures_total", "Times a lane raised and was tried again", ["lane"], registry=SHARED
)
