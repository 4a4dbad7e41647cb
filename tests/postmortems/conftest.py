"""A resolved incident with people, alerts and pages, and its draft."""

from datetime import timedelta

import pytest

from accounts.models import Role, User
from alerts.models import Alert, Integration
from core import clock
from incidents import lifecycle
from incidents.actor import Via
from incidents.models import Incident
from notifications.models import Delivery
from notifications.states import Status
from postmortems import drafting
from postmortems.models import Postmortem
from tests.factories import a_service, a_team, a_user, an_incident, by


@pytest.fixture
def ada(db: None) -> User:
    return a_user("ada", time_zone="Europe/Berlin")


@pytest.fixture
def ben(db: None) -> User:
    return a_user("ben")


@pytest.fixture
def mia(db: None) -> User:
    return a_user("mia", role=Role.MANAGER)


@pytest.fixture
def root(db: None) -> User:
    return a_user("root", role=Role.ADMIN)


@pytest.fixture
def incident(ada: User, ben: User) -> Incident:
    """Told of at once, taken by ada by SMS after 65 seconds, noted, resolved after 42 minutes; ben slept."""
    service = a_service("checkout", team=a_team("platform", members=[ada, ben]))
    incident = an_incident("Replica lag | 5 min", service=service)
    _alert_of(incident)
    _page(incident, ada, sent_after=timedelta(seconds=2))
    _page(incident, ben, status=Status.FAILED, reason="channel_not_configured")
    clock.move(timedelta(seconds=65))
    lifecycle.acknowledge(incident.pk, by=by(ada, Via.SMS))
    clock.move(timedelta(minutes=10))
    lifecycle.note(incident.pk, text="Replica of *db-1*\nrestarted", by=by(ada))
    clock.move(timedelta(minutes=30, seconds=55))
    lifecycle.resolve(incident.pk, by=by(ada))
    incident.refresh_from_db()
    return incident


@pytest.fixture
def postmortem(incident: Incident, ada: User) -> Postmortem:
    return drafting.draft(incident.pk, by=ada)


def _alert_of(incident: Incident) -> Alert:
    integration = Integration.objects.create(name="prometheus", source="alertmanager", key_hash=b"k", key_prefix="k")
    return Alert.objects.create(
        integration=integration,
        fingerprint="f",
        dedup_key="f",
        title="ReplicaLag on db-1",
        severity="critical",
        count=7,
        first_seen_at=clock.now(),
        last_seen_at=clock.now(),
        service=incident.service,
        incident=incident,
    )


def _page(
    incident: Incident, user: User, *, sent_after: timedelta | None = None, status: str = Status.SENT, reason: str = ""
) -> Delivery:
    now = clock.now()
    return Delivery.objects.create(
        incident=incident,
        user=user,
        channel="sms",
        address="+12025550101",
        status=status,
        reason=reason,
        idempotency_key=f"{incident.pk}-{user.pk}",
        due_at=now,
        created_at=now,
        sent_at=now + sent_after if sent_after else None,
    )
