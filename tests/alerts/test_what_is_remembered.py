"""What the pipeline remembers of alerts that look alike does not grow with what strange senders write."""

import gc
import tracemalloc
from collections.abc import Callable

import pytest

from alerts.decisions.grouping import open_key
from alerts.parsing.labelsets import alerts_of
from alerts.parsing.source import Received
from core import clock

MEGABYTE = 1_000_000


def _alert_with_long_texts(number: int) -> None:
    href = b"http://grafana.example.com/" + b"x" * MEGABYTE + str(number).encode()
    body = b'{"alerts": [{"labels": {"alertname": "A"}, "annotations": {"runbook": "%b"}, "generatorURL": "%b"}]}'
    (alert,) = alerts_of(Received(body % (href, href), clock.now()), "Alertmanager")
    assert alert.links == []


def _long_group(number: int) -> None:
    assert len(open_key(1, 1, "x" * MEGABYTE + str(number))) == 64


@pytest.mark.parametrize("read", [_alert_with_long_texts, _long_group])
def test_long_texts_are_not_kept(read: Callable[[int], None]) -> None:
    read(0)
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(1, 11):
            read(number)
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < MEGABYTE
