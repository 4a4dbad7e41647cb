"""Maintenance windows and inhibition rules in configuration files."""

from datetime import timedelta

import pytest

from alerts.muting.models import InhibitionRule, MaintenanceWindow
from tests.config.applying import Files, exported

pytestmark = pytest.mark.django_db

BEFORE = """
teams: [{name: platform}]
services: [{name: checkout, team: platform}]
integrations: [{name: prometheus, source: alertmanager, routes: [{service: checkout}]}]
"""
MUTES = """
maintenance_windows:
  - name: nights
    starts: "2026-01-01T22:00"
    duration: 8h
    time_zone: Europe/Berlin
    recurrence: FREQ=WEEKLY;BYDAY=SA,SU
    comment: backups
    matchers: ['instance =~ db-.*']
    services: [checkout]
  - {name: once, starts: "2026-03-01T10:00", duration: 30m, integrations: [prometheus], active: false}
inhibition_rules:
  - name: db down
    source_matchers: [alertname=DbDown]
    target_matchers: ['severity=~"warning|info"']
    equal: [cluster]
"""


def test_windows_and_rules_arrive_once_and_come_out_again(files: Files) -> None:
    files.apply(BEFORE)
    files.apply(MUTES)

    window = MaintenanceWindow.objects.get(name="nights")
    assert (str(window.start_date), str(window.start_time), window.duration) == (
        "2026-01-01",
        "22:00:00",
        timedelta(hours=8),
    )
    assert (window.matchers, [each.name for each in window.services.all()]) == (['instance=~"db-.*"'], ["checkout"])
    assert window.occurrence_starts_at is not None
    rule = InhibitionRule.objects.get()
    assert (rule.source_matchers, rule.equal) == (['alertname="DbDown"'], ["cluster"])
    assert "recurrence: FREQ=WEEKLY;BYDAY=SA,SU" in exported()
    assert files.changes(MUTES) == files.changes(exported()) == []

    files.apply("maintenance_windows: [{name: nights, duration: 6h}]")
    files.apply("inhibition_rules: [{name: db down, active: false}]")
    window.refresh_from_db()
    rule.refresh_from_db()
    assert (window.duration, window.recurrence, rule.is_active) == (
        timedelta(hours=6),
        "FREQ=WEEKLY;BYDAY=SA,SU",
        False,
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("maintenance_windows: [{name: a, starts: '2026-01-01T22:00', duration: 1h}]", "Say what it mutes"),
        ("maintenance_windows: [{name: a, duration: 1h, services: [checkout]}]", 'needs "starts"'),
        (
            "maintenance_windows: [{name: a, starts: '2026-01-01T22:00', duration: 1h, services: [check]}]",
            "no service is called",
        ),
        (
            "maintenance_windows: [{name: a, starts: '2026-01-01T22:00', duration: 1h, recurrence: FREQ=HOURLY}]",
            "FREQ must be one of",
        ),
        ("inhibition_rules: [{name: a, source_matchers: [b], target_matchers: [c=d]}]", "is missing"),
        ("inhibition_rules: [{name: a, source_matchers: ['b=~.*'], target_matchers: [c=d]}]", "not match the empty"),
        ("inhibition_rules: [{name: a, source_matchers: ['b=(,c=d'], target_matchers: [c=d]}]", "must be one matcher"),
    ],
)
def test_what_would_mute_nothing_or_everything_is_refused(files: Files, text: str, problem: str) -> None:
    files.apply(BEFORE)

    assert any(problem in each for each in files.refusal(text))
