"""The page of heartbeats."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import Role
from alerts.heartbeats import verbs as heartbeats
from alerts.heartbeats.models import Heartbeat, HeartbeatState
from alerts.heartbeats.verbs import Wish
from tests.factories import a_service, a_user

pytestmark = pytest.mark.django_db


def _signed_in(role: Role) -> Client:
    client = Client()
    client.force_login(a_user(role=role))
    return client


def _a_heartbeat(name: str, state: HeartbeatState) -> Heartbeat:
    heartbeat, _ = heartbeats.create(Wish(name, period=timedelta(hours=1), service=a_service()))
    Heartbeat.objects.filter(pk=heartbeat.pk).update(state=state)
    return heartbeat


def test_the_missed_ones_stand_first() -> None:
    _a_heartbeat("a quiet one", HeartbeatState.WAITING)
    _a_heartbeat("b alive", HeartbeatState.ALIVE)
    _a_heartbeat("c missed", HeartbeatState.MISSED)

    page = _signed_in(Role.VIEWER).get("/heartbeats/").content.decode()

    assert page.index("c missed") < page.index("b alive") < page.index("a quiet one")
    assert '<form method="post" action="/heartbeats/' not in page


def test_an_empty_page_says_what_heartbeats_are_for() -> None:
    assert "No heartbeat yet" in _signed_in(Role.VIEWER).get("/heartbeats/").content.decode()


def test_a_responder_pauses_and_resumes() -> None:
    heartbeat = _a_heartbeat("backup", HeartbeatState.ALIVE)
    client = _signed_in(Role.RESPONDER)

    states = []
    for verb in ("pause", "resume"):
        client.post(f"/heartbeats/{heartbeat.pk}/{verb}/")
        states.append(Heartbeat.objects.get().state)

    assert states == [HeartbeatState.PAUSED, HeartbeatState.WAITING]
