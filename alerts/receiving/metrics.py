"""The figures `/metrics` shows about what arrives."""

from prometheus_client import Counter, Histogram

door_answers = Counter("tocsin_door_answers_total", "Webhooks by entrance and answer", ["entrance", "answer"])
_answers: dict[tuple[str, int | None], Counter] = {}


def answered(entrance: str, status: int | None) -> None:
    """Count an answer; None where the sender left before it."""
    # Looking a labelled counter up costs more than counting.
    counter = _answers.get((entrance, status))
    if counter is None:
        counter = _answers[entrance, status] = door_answers.labels(entrance, str(status or "left"))
    counter.inc()


door_seconds = Histogram(
    "tocsin_door_seconds",
    "From the request's head until its answer, the commit included",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
