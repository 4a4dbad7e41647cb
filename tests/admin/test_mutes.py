"""Silences, maintenance windows and inhibition rules in the admin."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from alerts.muting import silences
from alerts.muting.models import InhibitionRule, MaintenanceWindow
from alerts.muting.silences import SilenceWish
from core import clock
from tests.admin.filled import filled
from tests.factories import a_service

WINDOW = {
    "name": "nights",
    "start_date": "2026-01-01",
    "start_time": "22:00",
    "duration": "8h",
    "time_zone": "Europe/Berlin",
    "recurrence": "FREQ=DAILY",
}


def test_a_window_is_planned_changed_and_taken_away(admin: Client, db: None) -> None:
    service = a_service("checkout")
    url = reverse("admin:alerts_maintenancewindow_add")

    admin.post(url, {**filled(admin, url), **WINDOW, "services": [str(service.pk)]})

    window = MaintenanceWindow.objects.get()
    assert (window.duration, window.created_by, window.due_at is not None) == (timedelta(hours=8), "the-admin", True)
    assert window.occurrence_starts_at is not None
    assert (window.is_for_services, window.is_for_integrations) == (True, False)
    change = reverse("admin:alerts_maintenancewindow_change", args=[window.pk])
    admin.post(change, {**filled(admin, change), "matchers": 'alertname="DiskFull"\ninstance=~db-.*'})
    window.refresh_from_db()
    assert window.matchers == ['alertname="DiskFull"', 'instance=~"db-.*"']
    assert b"nights" in admin.get(reverse("admin:alerts_maintenancewindow_changelist")).content
    admin.post(reverse("admin:alerts_maintenancewindow_delete", args=[window.pk]), {"post": "yes"})
    assert not MaintenanceWindow.objects.exists()


def test_a_window_whose_services_are_gone_is_not_made_one_for_all(admin: Client, db: None) -> None:
    service = a_service("checkout")
    add = reverse("admin:alerts_maintenancewindow_add")
    admin.post(add, {**filled(admin, add), **WINDOW, "services": [str(service.pk)], "matchers": "severity=critical"})
    window = MaintenanceWindow.objects.get()
    service.delete()
    change = reverse("admin:alerts_maintenancewindow_change", args=[window.pk])

    refused = admin.post(change, {**filled(admin, change), "comment": "longer"})
    switched_off = {name: value for name, value in filled(admin, change).items() if name != "is_active"}
    admin.post(change, {**switched_off, "comment": "over"})

    assert "have been deleted" in refused.content.decode()
    window.refresh_from_db()
    assert (window.comment, window.is_active, window.is_for_services) == ("over", False, True)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "Say what it mutes"),
        ({"matchers": "a=~("}, "not a regular expression"),
        ({"matchers": "a=b", "recurrence": "FREQ=HOURLY"}, "FREQ must be one of"),
    ],
)
def test_a_window_that_means_nothing_is_refused_in_words(
    admin: Client, db: None, changes: dict[str, str], says: str
) -> None:
    url = reverse("admin:alerts_maintenancewindow_add")

    answer = admin.post(url, {**filled(admin, url), **WINDOW, **changes})

    assert says in answer.content.decode()
    assert not MaintenanceWindow.objects.exists()


def test_a_rule_is_made_and_changed(admin: Client, db: None) -> None:
    url = reverse("admin:alerts_inhibitionrule_add")
    sides = {"source_matchers": "alertname=DbDown", "target_matchers": "severity=warning"}

    admin.post(url, {**filled(admin, url), "name": "db down", **sides, "equal": "cluster, region"})

    rule = InhibitionRule.objects.get()
    assert (rule.source_matchers, rule.equal) == (['alertname="DbDown"'], ["cluster", "region"])
    change = reverse("admin:alerts_inhibitionrule_change", args=[rule.pk])
    admin.post(change, {**filled(admin, change), "source_matchers": "alertname=DbGone"})
    rule.refresh_from_db()
    assert rule.source_matchers == ['alertname="DbGone"']
    assert rule.due_at is not None


def test_silences_are_looked_at(admin: Client, db: None) -> None:
    silence = silences.create(SilenceWish(["a=b"], clock.now() + timedelta(hours=1), "deploying"), owner="ada")

    listed = admin.get(reverse("admin:alerts_silence_changelist")).content.decode()
    shown = admin.get(reverse("admin:alerts_silence_change", args=[silence.pk])).content.decode()

    assert "deploying" in listed
    assert "Active" in listed
    assert "a=&quot;b&quot;" in shown
