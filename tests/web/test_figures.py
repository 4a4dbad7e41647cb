"""Figures of engines, which reach `/metrics` through the database."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import Error, connection, transaction
from django.test import Client
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries

from core.metrics import lane_batches
from escalation.engine import lateness
from notifications import metrics
from notifications.channel import Accepted, OutcomeUnknown, PermanentFailure, TemporaryFailure
from web import figures
from web.models import Figure

pytestmark = pytest.mark.django_db


def scraped(client: Client) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """What `/metrics` answers, read as Prometheus reads it."""
    text = client.get("/metrics").content.decode()
    families = text_string_to_metric_families(text)
    return {(each.name, tuple(sorted(each.labels.items()))): each.value for one in families for each in one.samples}


def test_what_engines_count_adds_up_and_is_not_counted_twice(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    engines = []
    for _ in range(2):
        registry = CollectorRegistry()
        counter = Counter("pages_total", "Pages", ["channel"], registry=registry)
        engines.append((figures.Ledger(registry), counter))

    for ledger, counter in engines:
        counter.labels("sms").inc(3)
        counter.labels("email").inc()
        assert ledger.write() == 2
        counter.labels("sms").inc()
        assert ledger.write() == 1
        with django_assert_num_queries(0):
            assert ledger.write() == 0

    kept = {(each.name, each.labels["channel"]): each.value for each in Figure.objects.all()}
    assert kept == {("pages_total", "sms"): 8, ("pages_total", "email"): 2}


def test_what_could_not_be_written_is_written_later() -> None:
    registry = CollectorRegistry()
    ledger = figures.Ledger(registry)
    Counter("pages_total", "Pages", registry=registry).inc(5)

    with _no_table(), pytest.raises(Error), transaction.atomic():
        ledger.write()
    ledger.write()

    assert Figure.objects.get(name="pages_total").value == 5


@pytest.mark.django_db(transaction=True)
def test_before_the_table_is_made_the_other_figures_are_told(client: Client) -> None:
    with _no_table():
        text = client.get("/metrics").content.decode()

    assert "tocsin_database_up 1.0" in text


def test_metrics_tell_what_engines_elsewhere_have_counted(client: Client) -> None:
    before = scraped(client)
    Figure.objects.create(name="tocsin_lane_batches_total", labels={"lane": "of another engine"}, value=41)
    Figure.objects.create(name="tocsin_step_lateness_seconds_bucket", labels={"le": "7.0"}, value=9)  # an older release
    Figure.objects.create(name="tocsin_of_a_newer_release_total", labels={}, value=1)
    metrics.attempted("sms", Accepted("SM1"))
    metrics.attempted("sms", TemporaryFailure("busy"))
    metrics.attempted("sms", PermanentFailure("no_such_number"))
    metrics.attempted("sms", OutcomeUnknown("cut"))
    lane_batches.labels("ingest").inc(2)
    lateness.observe(0.3)

    after = scraped(client)
    new = {key: value - before.get(key, 0) for key, value in after.items() if value != before.get(key, 0)}

    def outcomes(outcome: str) -> float:
        return new["tocsin_delivery_outcomes_total", (("channel", "sms"), ("outcome", outcome))]

    assert new["tocsin_lane_batches_total", (("lane", "of another engine"),)] == 41
    assert new["tocsin_lane_batches_total", (("lane", "ingest"),)] == 2
    assert {outcomes(each) for each in ("accepted", "temporary_failure", "permanent_failure", "unknown")} == {1}
    assert new["tocsin_step_lateness_seconds_count", ()] == 1
    assert new["tocsin_step_lateness_seconds_bucket", (("le", "0.5"),)] == 1
    assert ("tocsin_step_lateness_seconds_bucket", (("le", "0.25"),)) not in new
    assert not any(name.startswith("tocsin_of_a_newer_release") for name, _ in after)
    assert ("tocsin_step_lateness_seconds_bucket", (("le", "7.0"),)) not in after


def test_what_was_never_counted_is_nought_and_stands_in_order(client: Client) -> None:
    text = client.get("/metrics").content.decode()

    late = [line for line in text.splitlines() if line.startswith("tocsin_delivery_lateness_seconds")]
    of_sms = [place for place, line in enumerate(late) if 'channel="sms"' in line]
    bounds = [float(line.split('le="')[1].split('"')[0]) for line in late if 'channel="sms",le=' in line]
    assert of_sms == list(range(of_sms[0], of_sms[-1] + 1))  # together, as OpenMetrics wants it
    assert len(bounds) > 5
    assert bounds == sorted(bounds)
    for name in ("tocsin_step_failures_total ", 'tocsin_delivery_outcomes_total{channel="email",outcome="unknown"} '):
        assert name in text


def test_several_histograms_of_one_family_stay_apart() -> None:
    registry = CollectorRegistry()
    late = Histogram("late_seconds", "How late", ["channel"], buckets=(1, 10), registry=registry)
    late.labels("sms").observe(5)
    late.labels("email").observe(0.5)

    figures.Ledger(registry).write()

    kept = {
        (each.labels["channel"], each.labels["le"]): each.value
        for each in Figure.objects.filter(name="late_seconds_bucket")
    }
    assert kept["email", "1.0"] == kept["email", "10.0"] == kept["sms", "10.0"] == 1
    assert kept["sms", "1.0"] == 0


@contextmanager
def _no_table() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("alter table web_figure rename to web_figure_to_be")
        try:
            yield
        finally:
            cursor.execute("alter table web_figure_to_be rename to web_figure")
