"""Mappings in configuration files."""

import pytest

from alerts.mapping import versions
from alerts.models import Integration
from incidents.actor import system
from tests.config.applying import Files, exported

pytestmark = pytest.mark.django_db

BEFORE = """
teams: [{name: platform}]
services: [{name: checkout, team: platform}]
integrations: [{name: checker, source: generic, routes: [{service: checkout}]}]
"""
MAPPED = """
integrations:
  - name: checker
    mapping:
      title: payload.check + " on " + payload.host
      severity: |
        {"1": "critical"}
          .get(payload.prio, "info")
      labels: {team: payload.owner, "data center": '"eu-1"'}
"""


def _integration() -> Integration:
    return Integration.objects.select_related("mapping").get(name="checker")


def test_a_mapping_arrives_once_as_a_version_and_comes_out_again(files: Files) -> None:
    files.apply(BEFORE)
    files.apply(MAPPED)

    version = _integration().mapping
    assert version is not None
    assert (version.number, version.author) == (1, "configuration")
    assert version.expressions["labels"] == {"team": "payload.owner", "data center": '"eu-1"'}
    assert files.changes(MAPPED) == files.changes(exported()) == []
    files.apply(MAPPED)
    assert _integration().mapping_versions.count() == 1


def test_a_change_is_a_new_version_and_null_takes_the_mapping_away(files: Files) -> None:
    files.apply(BEFORE)
    files.apply(MAPPED)

    files.apply("integrations: [{name: checker, mapping: {title: payload.check}}]")
    assert versions.in_use(_integration()) == {"title": "payload.check"}
    files.apply("integrations: [{name: checker, mapping: null}]")
    assert _integration().mapping is None
    assert _integration().mapping_versions.count() == 2


def test_files_that_say_nothing_of_a_mapping_leave_it_as_it_is(files: Files) -> None:
    files.apply(BEFORE)
    versions.save(_integration().pk, {"title": '"by hand"'}, by=system("tests"))

    files.apply(BEFORE)

    assert versions.in_use(_integration()) == {"title": '"by hand"'}
    assert "title: '\"by hand\"'" in exported()
