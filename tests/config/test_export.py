"""`export` writes what `apply` reads, and no secrets."""

import pytest

from accounts.models import ApiKey
from alerts.models import Integration
from catalog.models import Service
from escalation.models import Coverage, PolicyVersion
from oncall.models import Override, Rotation
from tests.config.applying import WHOLE, Files, exported

pytestmark = pytest.mark.django_db


def test_an_export_applied_changes_nothing(files: Files) -> None:
    files.apply(
        WHOLE.read_text(),
        """
        users: [{username: gone, active: false}]
        services:
          - {name: low, team: platform, urgency: low, description: "Two\\nlines", runbook_url: "https://x.example/"}
        integrations:
          - {name: all, source: generic, group_by: [], hold: 90s, reopen_within: 1h, resolve_after: 4h,
             flap_changes: 0, flap_window: 1h, group_expression: labels.team,
             group_window: 2h, group_window_rolls: true, routes: [
               {service: low, hours: "sat-sun 00:00-24:00 Europe/Berlin"},
               {if: 'severity == "error"', service: low, threshold: {more_than: 5, within: 10m}}, {service: low}]}
        heartbeats:
          - {name: nightly, service: low, period: 1d, grace: 1h, severity: warning, labels: {job: dump}, paused: true}
          - {name: watchdog, integration: all, period: 5m, title: Prometheus is silent}
        schedules:
          - name: autumn
            time_zone: Europe/Berlin
            overrides:
              - {person: ada, from: "2026-10-25T02:30", to: "2026-10-25T02:30+01:00"}  # the hour that comes twice
        """,
    )

    text = exported()

    assert files.changes(text) == []
    assert exported() == text


def test_what_was_written_in_a_browser_is_exported_and_read_again(files: Files) -> None:
    files.apply(WHOLE.read_text())
    Service.objects.filter(name="checkout").update(description="Two\r\nlines, \u2028 and more")

    text = exported()

    assert files.changes(text) == []
    assert exported() == text


def test_a_step_may_page_a_schedule_and_a_team_of_one_name(files: Files) -> None:
    files.apply("""
        teams: [{name: platform}]
        schedules: [{name: platform, time_zone: Europe/Berlin}]
        escalation_policies:
          - {name: both, steps: [{notify: [{schedule: platform}, {team: platform}], wait: 5m}]}
        """)

    assert files.changes(exported()) == []


def test_an_export_fills_an_empty_installation(files: Files) -> None:
    files.apply(WHOLE.read_text())
    text = exported()
    for model in (ApiKey, Integration, Coverage, Service, PolicyVersion, Override, Rotation):
        model.objects.all().delete()

    files.apply(text)

    assert exported() == text


def test_an_export_holds_no_secret(files: Files) -> None:
    answer = files.apply(WHOLE.read_text())

    text = exported()

    assert "staple" not in text
    assert answer["integrations"]["prometheus"]["key"] not in text
    assert answer["api_keys"]["ci"] not in text
    assert "argon2" not in text
