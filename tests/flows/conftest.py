"""What the flows through a whole installation share: the stack, its configuration, the fake carriers."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import fakes
from tests.fakes import Carriers
from tests.stack import Stack, new_database

ADA_AND_BEN = """
teams:
  - {name: platform, members: [ada, ben]}
users:
  - username: ada
    email: ada@example.com
    role: responder
    time_zone: Europe/Berlin
    contact_methods:
      - {name: mail, channel: email, address: ada@example.com, verified: true}
      - {name: mobile, channel: sms, address: "+12025550101", verified: true}
      - {name: slack, channel: slack, address: U0ADA, verified: true}
    notification_rules:
      high: [{after: 0s, use: slack}, {after: 3s, use: mobile}]
      low: [{after: 0s, use: mail}]
  - username: ben
    email: ben@example.com
    role: responder
    time_zone: America/New_York
    contact_methods:
      - {name: mobile, channel: sms, address: "+12025550102", verified: true}
    notification_rules:
      high: [{after: 0s, use: mobile}]
      low: [{after: 0s, use: mobile}]
  - {username: rob, email: rob@example.com, role: admin}
schedules:
  - name: platform primary
    team: platform
    time_zone: Europe/Berlin
    rotations:
      - {name: weekly, layer: 1, every: 1w, start: "2026-01-05T09:00", people: [ada]}
escalation_policies:
  - name: platform
    team: platform
    steps:
      - {notify: [{schedule: platform primary}], wait: 5m}
      - {notify: [{user: ben}], wait: 10m}
services:
  - {name: checkout, team: platform, escalation_policy: platform, urgency: by_severity}
integrations:
  - name: prometheus
    source: alertmanager
    routes:
      - {service: checkout}
  - name: scripts
    source: generic
    routes:
      - {service: checkout}
api_keys:
  - {name: ci, user: rob, scope: write}
"""


def program(name: str) -> str:
    """Path of a program of Debian's; the test is skipped without it, but never in CI."""
    found = shutil.which(name) or shutil.which(name, path="/usr/bin:/usr/sbin:/sbin")
    if found:
        return found
    if os.environ.get("CI"):
        pytest.fail(f"{name} is not installed, and in CI nothing may be skipped.")
    pytest.skip(f"{name} is not installed.")


@pytest.fixture
def stack_carriers() -> Iterator[Carriers]:
    """Fake carriers of this test alone."""
    with fakes.start() as carriers:
        yield carriers


@pytest.fixture
def stack(tmp_path: Path, stack_carriers: Carriers) -> Iterator[Stack]:
    """An installation with its front and one worker, on a database of its own."""
    database_url = new_database(os.environ["TOCSIN_TEST_DATABASE_URL"])
    with Stack(
        tmp_path,
        database_url=database_url,
        redis_url=os.environ["REDIS_URL"],
        environment=stack_carriers.environment,
    ) as stack:
        stack_carriers.point_at(stack.url)
        stack.start("web", "worker")
        yield stack
