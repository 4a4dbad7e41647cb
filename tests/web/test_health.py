"""What machines are told: alive, ready, how late. Details only for this machine or with a key."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import Settings

from accounts import api_keys
from accounts.models import Scope
from core import clock
from incidents import lifecycle
from tests import factories
from web import findings

OUTSIDE = {"REMOTE_ADDR": "203.0.113.5"}
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def engine_connection(db: None) -> Iterator[None]:
    """A connection as an engine's process holds one."""
    values = connection.get_connection_params()
    with psycopg.connect(
        dbname=values["dbname"],
        user=values.get("user"),
        password=values.get("password"),
        host=values.get("host"),
        port=values.get("port"),
        application_name=settings.ENGINE_NAME,
        autocommit=True,
    ) as engine:
        engine.execute("select 1")
        yield


def late_incident() -> None:
    """A hold that ended ten minutes ago, and nobody noticed."""
    incident = factories.an_incident(hold=timedelta(minutes=1))
    assert incident.due_at is not None
    clock.move(timedelta(minutes=11))


def test_alive_without_asking_anybody(client: Client) -> None:
    assert client.get("/healthz").content == b"ok\n"


def test_ready_while_the_database_answers(client: Client, db: None) -> None:
    answer = client.get("/readyz", **OUTSIDE)  # type: ignore[arg-type]

    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


def test_trouble_with_broker_and_engine_is_shown_and_not_failed(client: Client, db: None, settings: Settings) -> None:
    settings.REDIS_URL = NOWHERE

    answer = client.get("/readyz")

    checks = {each["name"]: each["status"] for each in answer.json()["checks"]}
    assert answer.status_code == 200
    assert (checks["broker"], checks["engine"]) == ("warning", "broken")


def test_a_running_engine_is_seen_in_the_database(engine_connection: None) -> None:
    assert findings.engine().says == "The engine runs."


def test_late_rows_are_found(client: Client, db: None) -> None:
    late_incident()

    checks = {each["name"]: each for each in client.get("/readyz").json()["checks"]}

    assert checks["lateness of incident-timers"]["status"] == "broken"
    assert "10 min" in checks["lateness of incident-timers"]["says"]


def test_a_proxy_on_this_machine_does_not_open_the_details(client: Client, db: None) -> None:
    answer = client.get("/readyz", headers={"x-forwarded-for": "203.0.113.5"})

    assert "checks" not in answer.json()


def test_metrics_are_for_this_machine_or_a_key(client: Client, db: None) -> None:
    _, key = api_keys.create(name="prometheus", user=factories.a_user(), scope=Scope.READ)

    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", **OUTSIDE).status_code == 403  # type: ignore[arg-type]
    with_key = client.get("/metrics", headers={"authorization": f"Bearer {key}"}, **OUTSIDE)  # type: ignore[arg-type]
    wrong_key = client.get("/metrics", headers={"authorization": "Bearer x"}, **OUTSIDE)  # type: ignore[arg-type]
    assert (with_key.status_code, wrong_key.status_code) == (200, 403)


def test_metrics_tell_how_late_each_lane_is(client: Client, db: None) -> None:
    late_incident()
    lifecycle.acknowledge(factories.an_incident().pk, by=factories.by(factories.a_user()))

    lines = client.get("/metrics").content.decode().splitlines()

    lateness = {line.split()[0]: float(line.split()[1]) for line in lines if line.startswith("tocsin_oldest_due")}
    assert 599 < lateness['tocsin_oldest_due_seconds{lane="incident-timers"}'] < 620
    assert lateness['tocsin_oldest_due_seconds{lane="deliveries"}'] == 0
    assert 'tocsin_open_incidents{status="acknowledged"} 1.0' in lines
    assert "tocsin_database_up 1.0" in lines


@pytest.fixture
def no_database(db: None) -> None:
    """The server ends our connection, and within a test Django makes no other."""
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(pg_backend_pid())")


@pytest.mark.usefixtures("no_database")
def test_without_a_database_a_key_opens_nothing_and_the_answer_says_so(client: Client) -> None:
    key = {"authorization": "Bearer tocsin_whatever"}

    ready = client.get("/readyz", headers=key, **OUTSIDE)  # type: ignore[arg-type]
    figures = client.get("/metrics", headers=key, **OUTSIDE)  # type: ignore[arg-type]

    told = [line for line in figures.content.decode().splitlines() if not line.startswith("#")]
    assert (ready.status_code, ready.json()) == (503, {"status": "not ready"})
    assert (figures.status_code, told) == (200, ["tocsin_database_up 0.0"])
