"""No message and no integration holds up another, whatever it does to the worker."""

import gzip
import json
import os
import subprocess
import sys
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.db.models import F

from alerts.models import Event, EventStatus
from alerts.pipeline import turns
from core import clock
from tests.alerts.doorstep import Doorstep, Sender, a_sender, from_alertmanager, prometheus_alert
from tests.factories import a_service
from tests.world import MovedEngine

_WORKER = "import django; django.setup(); from alerts.pipeline import turns; turns.run()"


@pytest.fixture
def prometheus(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "alertmanager", service=a_service("checkout"), name="prometheus")


def _a_worker_dies_at(place: str) -> None:
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "TOCSIN_FAILPOINT": place,
    }
    died = subprocess.run(
        [sys.executable, "-c", _WORKER], env=environment, cwd=settings.BASE_DIR, timeout=60, check=False
    )
    assert died.returncode == 9


def _leases_lapse() -> None:
    Event.objects.update(due_at=F("received_at"))


def _large(name: str = "large") -> dict[str, object]:
    return from_alertmanager({**prometheus_alert(name), "padding": "x" * 300_000}, group=name)


@pytest.mark.parametrize("packed", [False, True])
def test_a_message_that_twice_ended_its_worker_is_put_away_and_those_behind_it_go_on(
    prometheus: Sender, engine: MovedEngine, packed: bool
) -> None:
    body = json.dumps(_large()).encode()
    if packed:
        body = gzip.compress(json.dumps({"n": [os.urandom(3000).hex()], **_large()}).encode())
    prometheus.post(body, {"content-encoding": "gzip"} if packed else {})
    prometheus.post(from_alertmanager(prometheus_alert("small")))

    _a_worker_dies_at("ingest.started")
    engine.run()
    assert [event.status for event in prometheus.events()] == [EventStatus.RECEIVED] * 2  # nobody overtakes it yet
    _leases_lapse()
    _a_worker_dies_at("ingest.started")
    _leases_lapse()
    engine.run()

    large, small = prometheus.events()
    assert (large.status, large.reason, large.failures) == (EventStatus.QUARANTINED, "ended_the_worker", 0)
    assert (small.status, large.marks) == (EventStatus.PROCESSED, [])
    assert {incident.title for incident in prometheus.incidents()} == {
        "small",
        "prometheus sent something that could not be read",
    }


def test_a_large_message_is_read_in_its_order_and_keeps_no_trace_of_its_start(
    prometheus: Sender, engine: MovedEngine
) -> None:
    for name in ("before", "after"):
        prometheus.post(from_alertmanager(prometheus_alert(name), group=name))
        prometheus.post(_large(f"large {name}"))

    engine.run()

    assert [event.marks for event in prometheus.events()] == [[]] * 4
    assert [incident.title for incident in prometheus.incidents()] == ["before", "large before", "after", "large after"]


def test_a_worker_that_died_once_costs_a_large_message_seconds(prometheus: Sender, engine: MovedEngine) -> None:
    prometheus.post(_large())

    _a_worker_dies_at("ingest.started")
    engine.fast_forward(minutes=1)

    (event,) = prometheus.events()
    assert (event.status, event.marks) == (EventStatus.PROCESSED, [])


def test_an_integration_whose_incident_somebody_holds_holds_up_no_other(
    prometheus: Sender, doorstep: Doorstep, engine: MovedEngine
) -> None:
    other = a_sender(doorstep, "alertmanager", service=a_service("search"), name="other")
    prometheus.post(from_alertmanager(prometheus_alert()))
    engine.run()
    prometheus.post(from_alertmanager(prometheus_alert(status="resolved")))
    other.post(from_alertmanager(prometheus_alert()))

    with psycopg.connect(**_parameters()) as somebody:
        somebody.execute("select from incidents_incident for update")
        with connection.cursor() as cursor:
            cursor.execute("set lock_timeout = '200ms'")
        turns.run()
        with connection.cursor() as cursor:
            cursor.execute("reset lock_timeout")
    assert [event.status for event in other.events()] == [EventStatus.PROCESSED]
    assert prometheus.events()[-1].status == EventStatus.RECEIVED
    clock.move(timedelta(seconds=6))
    engine.run()

    assert prometheus.events()[-1].status == EventStatus.PROCESSED


def _parameters() -> dict[str, Any]:
    ours = {"context", "cursor_factory", "prepare_threshold"}
    return {name: value for name, value in connection.get_connection_params().items() if name not in ours}
