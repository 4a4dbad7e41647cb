"""A small installation to look at: one service with a schedule and a policy, and an integration to post to.

Everything is called `demo`. What exists under that name is left as it is, so seeding twice changes nothing.
"""

import json
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction

from accounts.models import Membership, Team, User
from alerts.integrations import keys
from alerts.integrations.keys import RouteWish
from alerts.models import Integration
from alerts.receiving.letters import hashed
from catalog.models import Service
from config.up.files import kept_secret, random_secret, write_private
from core import clock
from escalation.models import Coverage, Policy
from escalation.policies import StepDraft, save_policy
from oncall.models import Rotation, RotationMember, Schedule

NAME = "demo"
SOURCE = "generic"
_ALERT = {"title": "Disk almost full on db-1", "severity": "critical", "labels": {"host": "db-1"}}


@dataclass(frozen=True)
class Way:
    """How to post an alert to the demo integration. The key stands in the URL: show it, do not log it."""

    webhook_url: str
    curl: str


@transaction.atomic
def seed(admin: User) -> None:
    """Make what is missing of the demo, with `admin` on call."""
    team, _ = Team.objects.get_or_create(name=NAME)
    Membership.objects.get_or_create(team=team, user=admin)
    schedule = _schedule(team, admin)
    policy = _policy(team, schedule, admin)
    service, _ = Service.objects.get_or_create(
        name=NAME, defaults={"team": team, "description": "Something to try Tocsin on. Delete it when you are done."}
    )
    Coverage.objects.get_or_create(service=service, defaults={"policy": policy})
    if not Integration.objects.filter(name=NAME).exists():
        keys.create_integration(name=NAME, source=SOURCE, routes=[RouteWish(service)], key=kept_key())


def way() -> Way | None:
    """How to post to the demo; None where there is none, or where its key is not (any more) the one kept here."""
    if not _key_file().exists():
        return None
    key = kept_key()
    integration = Integration.objects.filter(name=NAME, key_hash=hashed(key), is_active=True).first()
    if integration is None:
        return None
    url = settings.PUBLIC_URL + keys.webhook_path(integration, key)
    body = json.dumps(_ALERT)
    return Way(url, f"curl -i -X POST {url} -H 'Content-Type: application/json' -d '{body}'")


@transaction.atomic
def renew_key() -> None:
    """Give the demo integration a key of its own again, kept here; the one it had is dead at once."""
    integration = Integration.objects.select_for_update(no_key=True).get(name=NAME)
    key = keys.new_key_for(integration)
    path = _key_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, key + "\n")


def is_switched_off() -> bool:
    """Whether the demo integration is there, and takes nothing."""
    return Integration.objects.filter(name=NAME, is_active=False).exists()


def kept_key() -> str:
    """The demo integration's key, from its 0600 file in the data folder; made on first use."""
    path = _key_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    return kept_secret(path, random_secret)


def _key_file() -> Path:
    return Path(settings.DATA_DIR) / "demo_key"


def _schedule(team: Team, admin: User) -> Schedule:
    schedule, is_new = Schedule.objects.get_or_create(
        name="demo primary", defaults={"team": team, "time_zone": admin.time_zone}
    )
    if is_new:
        today = clock.now().date()
        rotation = Rotation.objects.create(
            schedule=schedule,
            name="weekly",
            # A week back: in every time zone somebody is on call by now.
            start_date=today - timedelta(days=today.weekday() + 7),
            handoff_time=time(9),
        )
        RotationMember.objects.create(rotation=rotation, position=1, user=admin)
    return schedule


def _policy(team: Team, schedule: Schedule, admin: User) -> Policy:
    policy = Policy.objects.filter(name=NAME).first()
    if policy is None:
        steps = [StepDraft([schedule], timedelta(minutes=5)), StepDraft([admin], timedelta(minutes=10))]
        policy = save_policy(name=NAME, team=team, repeat=1, steps=steps).policy
    return policy
