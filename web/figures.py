"""What engines count, kept in the database: `/metrics` is answered by another process, maybe on another machine.

An engine counts in its memory (`core.metrics.SHARED`) and adds what is new to the rows every few seconds, so that any
number of engines add up, and a restart takes nothing back. What is lost when one is killed is what it counted since.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple

import structlog
from django.db import Error, connection
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from core import jobs
from core.metrics import SHARED, lane_batches, lane_failures
from notifications import metrics as channel_metrics
from notifications.channel import CHANNELS
from web.models import Figure

log = structlog.get_logger(__name__)

_SUFFIXES = ("_total", "_bucket", "_count", "_sum")
EVERY = 5.0  # seconds between two additions
_ADD = """
insert into web_figure (name, labels, value)
select name, labels, value
from jsonb_to_recordset(%s::jsonb) as counted(name text, labels jsonb, value double precision)
order by name, labels
on conflict (name, labels) do update set value = web_figure.value + excluded.value where excluded.value <> 0
"""


class _Key(NamedTuple):
    name: str
    labels: tuple[tuple[str, str], ...]


class Ledger:
    """Adds to the rows what this process has counted since it last did."""

    def __init__(self, registry: CollectorRegistry = SHARED) -> None:
        self._registry = registry
        self._written: dict[_Key, float] = {}
        self._lock = threading.Lock()

    def write(self) -> int:
        """Add what is new; how many rows that concerned.

        Raises Error where the database is away: nothing is lost. What was committed just as the line was cut counts
        twice.
        """
        with self._lock:
            counted = self._counted()
            rows = [
                {"name": key.name, "labels": dict(key.labels), "value": value - self._written.get(key, 0.0)}
                for key, value in counted.items()
                if value != self._written.get(key)  # a histogram's empty buckets are written once, too
            ]
            if rows:
                with connection.cursor() as cursor:
                    cursor.execute(_ADD, [json.dumps(rows)])
            self._written = counted
            return len(rows)

    def unwritten(self) -> dict[_Key, float]:
        """What this process has counted and not added to the rows; every figure there is, nought among them."""
        with self._lock:
            return {key: value - self._written.get(key, 0.0) for key, value in self._counted().items()}

    def _counted(self) -> dict[_Key, float]:
        return {
            _key(each.name, each.labels): each.value
            for family in self._registry.collect()
            for each in family.samples
            if not each.name.endswith("_created")  # moments, which do not add up
        }


_ours = Ledger()


def write() -> None:
    """Add what this process has counted. Where that cannot be done now, the next time adds it all."""
    _expect()
    try:
        _ours.write()
    except Error as trouble:
        log.warning("figures.not_written", reason=type(trouble).__name__)


def _expect() -> None:
    """What may be counted one day stands there as nought before."""
    for slug in CHANNELS.all():
        channel_metrics.expect(slug)
    for lane in jobs.lanes():
        lane_batches.labels(lane.name)
        lane_failures.labels(lane.name)


class Keeper:
    """A thread that writes every few seconds, beside an engine, and once more when that has stopped."""

    def __init__(self) -> None:
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._run, name="figures", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Write what is left, for at most `timeout` seconds."""
        self._leaving.set()
        self._thread.join(timeout=timeout)

    def _run(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._leaving.wait(EVERY)
            write()
            connection.close()  # lanes are in need of connections; this is of none until the next time


def told() -> Iterator[Metric]:
    """The figures of all engines, as they stand in the database, with what this process has counted itself.

    Raises ProgrammingError where the table is not there yet.
    """
    _expect()
    values = _ours.unwritten()
    bounds = {(key.name, dict(key.labels).get("le")) for key in values}
    for name, labels, value in Figure.objects.values_list("name", "labels", "value"):
        if (name, labels.get("le")) in bounds:  # an older release may have had other buckets, or other figures
            key = _key(name, labels)
            values[key] = values.get(key, 0.0) + value
    for family in SHARED.collect():
        names = {family.name + suffix: place for place, suffix in enumerate(_SUFFIXES)}
        whole = Metric(family.name, family.documentation, family.type)
        for key in sorted((key for key in values if key.name in names), key=partial(_place, names)):
            whole.add_sample(key.name, dict(key.labels), values[key])
        yield whole


def _key(name: str, labels: Mapping[str, str]) -> _Key:
    return _Key(name, tuple(sorted(labels.items())))


def _place(names: Mapping[str, int], key: _Key) -> tuple[list[tuple[str, str]], int, float]:
    """What belongs to the same labels together, and the buckets of a histogram by their bound."""
    labels = dict(key.labels)
    bound = float(labels.pop("le", "inf"))
    return sorted(labels.items()), names[key.name], bound
