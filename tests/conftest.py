"""Fixtures for every test. The clock of this process is put back after each."""

import gc
import os
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django
from django.db import connection
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis
from pytest_django import Settings

from core import clock
from tests import fakes, migrated
from tests.fakes import Carriers, through_django
from tests.world import MovedEngine, World

# How long an example takes tells of the machine's other work, not of the code; where time matters a test says so.
hypothesis.register_profile("tocsin", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.load_profile("tocsin")

django.WHITENOISE_AUTOREFRESH = True  # or every test's client lists all static files anew


def pytest_collection_finish() -> None:
    """What was imported stays to the end: looked through for garbage again and again it costs a run a twentieth."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """The workers' databases are copies of one: migrating takes as long as hundreds of tests."""
    connection.settings_dict["TEST"]["TEMPLATE"] = migrated.template(os.environ["TOCSIN_TEST_DATABASE_URL"])


@pytest.fixture(autouse=True)
def _clock_is_put_back() -> Iterator[None]:
    yield
    clock.unmove()


@pytest.fixture
def world(transactional_db: None) -> World:
    """An empty world. Its database is real and commits, as what happens after a commit is a part of a flow."""
    return World()


@pytest.fixture
def engine(transactional_db: None) -> MovedEngine:
    """The engine, and the clock that only it moves."""
    return MovedEngine()


@pytest.fixture(scope="session")
def _running_carriers() -> Iterator[Carriers]:
    with fakes.start() as carriers:
        yield carriers


@pytest.fixture
def carriers(_running_carriers: Carriers, engine: MovedEngine, settings: Settings) -> Iterator[Carriers]:
    """Slack, Twilio and a mail exchanger on real sockets; this installation is configured to use them.

    They reach Tocsin through Django's test client, and their clock goes with the engine's.
    """
    carriers = _running_carriers
    for name, value in carriers.environment.items():
        setattr(settings, name, value)
    mail = urlsplit(carriers.environment["EMAIL_URL"])
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # pytest-django replaces it
    settings.EMAIL_IS_CONFIGURED, settings.EMAIL_HOST, settings.EMAIL_PORT = True, mail.hostname, mail.port
    carriers.reset()
    carriers.point_at("http://testserver", settings.PUBLIC_URL, call=through_django.call)
    moved = timedelta()

    def follow(by: timedelta) -> None:
        nonlocal moved
        moved += by
        carriers.shift_clock(moved.total_seconds())

    engine.on_move.append(follow)
    engine.at_each_stop.append(carriers.settle)
    yield carriers
    carriers.reset()
