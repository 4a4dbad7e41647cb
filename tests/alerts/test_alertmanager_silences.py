"""Whose silences amtool and Grafana see by an integration's key, and which of them they may change."""

from datetime import timedelta

import pytest
from django.test import Client

from alerts.muting import silences
from alerts.muting.models import Silence
from alerts.muting.silences import SilenceWish
from core import clock
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service

SUFFIX = "changed and ended there)"


@pytest.fixture
def prod(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "alertmanager", service=a_service("checkout"), name="prod")


@pytest.fixture
def staging(doorstep: Doorstep, prod: Sender) -> Sender:
    return a_sender(doorstep, "alertmanager", service=a_service("storage"), name="staging")


def _silence(comment: str, **scope: object) -> Silence:
    wish = SilenceWish(['alertname="DiskFull"'], clock.now() + timedelta(hours=1), comment, **scope)  # type: ignore[arg-type]  # parts by name
    return silences.create(wish, owner="ada")


def _listed(client: Client, sender: Sender) -> list[str]:
    return [each["comment"] for each in client.get(f"/alertmanager/{sender.key}/api/v2/silences").json()]


def test_a_key_sees_its_integrations_silences_and_those_for_all(prod: Sender, staging: Sender, client: Client) -> None:
    _silence("own", integration=prod.integration)
    _silence("other", integration=staging.integration)
    _silence("all")
    _silence("one service", service=a_service("db"))

    listed = _listed(client, prod)

    assert sorted(listed) == [
        f"all (made in Tocsin for all integrations; {SUFFIX}",
        f"one service (made in Tocsin for the service db; {SUFFIX}",
        "own",
    ]
    assert "own" not in _listed(client, staging)


def test_what_is_for_all_is_read_only_here(prod: Sender, client: Client) -> None:
    for_all = _silence("all")
    (shown,) = client.get(f"/alertmanager/{prod.key}/api/v2/silences").json()

    ended = client.delete(f"/alertmanager/{prod.key}/api/v2/silence/{shown['id']}")
    changed = client.post(f"/alertmanager/{prod.key}/api/v2/silences", shown, content_type="application/json")

    for_all.refresh_from_db()
    assert (ended.status_code, changed.status_code) == (403, 403)
    assert (for_all.state, for_all.comment) == ("active", "all")


def test_another_integrations_silence_is_none_to_this_key(prod: Sender, staging: Sender, client: Client) -> None:
    _silence("other", integration=staging.integration)
    (shown,) = client.get(f"/alertmanager/{staging.key}/api/v2/silences").json()

    assert client.get(f"/alertmanager/{prod.key}/api/v2/silence/{shown['id']}").status_code == 404
    assert client.delete(f"/alertmanager/{prod.key}/api/v2/silence/{shown['id']}").status_code == 404
