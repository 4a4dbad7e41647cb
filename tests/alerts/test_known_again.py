"""How alerts are found by their identity, whatever else is stored."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection
from pytest_django.fixtures import DjangoAssertNumQueries

from alerts import identities
from alerts.models import Alert, AlertStatus
from alerts.pipeline import rows
from core import clock
from tests.alerts.doorstep import Sender, from_alertmanager, prometheus_alert
from tests.world import MovedEngine

OVER = "2026-03-01T10:30:00Z"


def test_what_fired_for_weeks_is_known_still_when_it_is_over(prometheus: Sender, engine: MovedEngine) -> None:
    prometheus.post(from_alertmanager(prometheus_alert()))
    engine.run()
    engine.fast_forward(hours=24 * 40)
    prometheus.post(from_alertmanager(prometheus_alert(status="resolved", ends=OVER)))
    engine.run()
    engine.fast_forward(minutes=1)

    prometheus.post(from_alertmanager(prometheus_alert()))  # late: it began before that end
    engine.run()

    (alert,) = prometheus.alerts()
    assert (alert.status, alert.count) == (AlertStatus.RESOLVED, 3)


@pytest.mark.parametrize(("days", "known"), [(6, True), (36, False)])
def test_what_is_over_is_known_for_a_week_at_least(
    prometheus: Sender, engine: MovedEngine, days: int, known: bool
) -> None:
    prometheus.post(from_alertmanager(prometheus_alert()))
    prometheus.post(from_alertmanager(prometheus_alert(status="resolved", ends=OVER)))
    engine.run()
    engine.fast_forward(hours=24 * days)

    prometheus.post(from_alertmanager(prometheus_alert(status="resolved", ends=OVER)))
    engine.run()

    assert [alert.count for alert in prometheus.alerts()] == ([3] if known else [2, 1])
    assert all(alert.status == AlertStatus.RESOLVED for alert in prometheus.alerts())


@pytest.mark.parametrize("at", [datetime(2026, 2, 22, 23, 59, tzinfo=UTC), datetime(2026, 2, 23, tzinfo=UTC), None])
def test_periods_are_those_of_the_index(prometheus: Sender, engine: MovedEngine, at: datetime | None) -> None:
    prometheus.post(from_alertmanager(prometheus_alert()))
    engine.run()
    at = at or clock.now()
    Alert.objects.update(status=AlertStatus.RESOLVED, resolved_at=at)

    period = Alert.objects.values_list(identities.period_of_end(), flat=True).get()

    assert identities.periods(at)[0] == period
    assert all(period in identities.periods(at + timedelta(days=day)) for day in range(8))
    assert period not in identities.periods(at + timedelta(days=36))


def test_what_was_put_away_for_weeks_is_known_by_what_was_over_then() -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)

    for weeks in (0, 1, 3, 5, 9, 30):
        then = now - timedelta(weeks=weeks)
        found = identities.periods(now, since=then)
        assert {*identities.periods(now), *identities.periods(then)} <= set(found)
        assert found == sorted(found, reverse=True)
        assert [a - b for a, b in pairwise(found)] == [timedelta(weeks=4)] * (len(found) - 1)
    assert len(identities.periods(now, since=datetime(2001, 1, 2, tzinfo=UTC))) == 13


@pytest.mark.django_db
@pytest.mark.parametrize("at", [datetime(2026, 2, 24, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)])
def test_each_way_has_an_index(at: datetime, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
    with django_assert_num_queries(1) as asked:
        rows.newest(1, ["a", "b"], at=at)
    with connection.cursor() as cursor:
        cursor.execute(f"explain {asked[0]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert len(re.findall(r"alert_open_once.*\n +Index Cond: .*fingerprint.* = wanted", plan)) == 1, plan
    over = len(identities.periods(at))
    assert over == (2 if at.day == 24 else 1)
    assert plan.count("alert_by_end_and_identity") == plan.count("= hashtextextended(wanted") == over, plan
    assert "Sort" not in plan, plan
