"""`manage.py doctor` and the problems page: plain words about what is missing or late, and what to do."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from accounts.models import Role, User
from alerts.models import Event, Integration
from core import clock
from incidents.models import Incident
from notifications.models import Delivery
from tests import factories
from tests.certificates import Files
from tests.web.test_health import engine_connection
from web import findings, missing
from web.findings import Weight

__all__ = ["engine_connection"]


def doctor(*arguments: str) -> tuple[int, str]:
    """Its exit code and what it says."""
    said = StringIO()
    try:
        call_command("doctor", *arguments, stdout=said)
    except SystemExit as end:
        return int(str(end.code)), said.getvalue()
    return 0, said.getvalue()


@pytest.fixture
def in_order(db: None, settings: Settings, engine_connection: None) -> User:
    """An installation without a fault; its admin."""
    settings.PUBLIC_URL = "https://tocsin.example"
    settings.EMAIL_IS_CONFIGURED = True
    return factories.a_user("root", role=Role.ADMIN)


def test_an_installation_in_order_is_told_so(in_order: User) -> None:
    code, said = doctor()

    assert code == 0, said
    assert "The engine runs." in said
    assert "FAIL" not in said


def test_without_an_engine_it_fails_and_says_what_to_do(db: None) -> None:
    code, said = doctor()

    assert code == 1
    assert "FAIL  No engine runs: nothing that is due goes out.\n      Start a Celery worker" in said


def test_as_json_each_finding_has_a_status_and_a_remedy(in_order: User) -> None:
    code, said = doctor("--json")

    found = json.loads(said)
    assert (code, found["healthy"]) == (0, True)
    assert {"name", "status", "says", "remedy"} == set(found["findings"][0])
    assert {"database", "migrations", "clock", "broker", "engine", "lateness"} <= {
        each["name"] for each in found["findings"]
    }


def test_a_person_on_call_without_any_address_is_named(in_order: User) -> None:
    lost = factories.a_user("lost")
    User.objects.filter(pk=lost.pk).update(email="")
    factories.a_schedule(people=[lost])

    finding = missing.reachable()

    assert finding.weight is Weight.BROKEN
    assert "lost" in finding.says


def test_an_empty_schedule_and_an_uncovered_service_are_named(in_order: User) -> None:
    factories.a_schedule("nights")
    factories.a_service("checkout")

    assert "nights" in missing.covered_now().says
    assert "checkout" in missing.services().says


def test_an_https_address_without_a_trusted_proxy_is_a_warning(in_order: User, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 0
    assert missing.proxies().weight is Weight.WARNING
    assert "TOCSIN_TRUSTED_PROXIES" in doctor()[1]

    settings.TRUSTED_PROXIES = 1
    assert missing.proxies().weight is Weight.OK
    assert "TOCSIN_TRUSTED_PROXIES" not in doctor()[1]


def test_a_redis_that_evicts_is_found_out(in_order: User, settings: Settings) -> None:
    assert findings.broker().weight is Weight.OK
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert "Redis does not answer" in findings.broker().says


def test_problems_page_is_calm_where_there_are_none(in_order: User, client: Client) -> None:
    client.force_login(in_order)

    page = client.get("/problems/").content.decode()

    assert "Pages that did not arrive" not in page
    assert "Messages that could not be read" not in page


def test_problems_page_lists_what_failed_was_not_read_and_is_tried_again(in_order: User, client: Client) -> None:
    client.force_login(in_order)
    incident = factories.an_incident("Replica lag")
    Delivery.objects.create(
        incident=incident,
        user=in_order,
        channel="sms",
        address="+12025550101",
        status="failed",
        reason="number_invalid",
        idempotency_key="k",
        due_at=clock.now(),
    )
    integration = Integration.objects.create(name="uptime", source="generic", key_hash=b"k")
    Event.objects.create(
        integration=integration, status="quarantined", problem="The body ends too early.", body=b"{", due_at=clock.now()
    )
    Incident.objects.filter(pk=incident.pk).update(failures=4)

    page = client.get("/problems/").content.decode()

    assert "This is not a valid number." in page
    assert "The body ends too early." in page
    assert "failed 4 times" in page


def test_old_failures_leave_the_page(in_order: User, client: Client) -> None:
    client.force_login(in_order)
    Delivery.objects.create(
        user=in_order, channel="sms", address="+1", status="failed", reason="blocked", idempotency_key="k",
        due_at=clock.now(), created_at=clock.now() - timedelta(days=8),
    )  # fmt: skip

    assert "blocks our messages" not in client.get("/problems/").content.decode()


def test_the_mail_listeners_certificate_is_looked_at(settings: Settings, tmp_path: Path) -> None:
    settings.SMTP_IN = ""
    nowhere = missing.mail_in()
    settings.SMTP_IN = "127.0.0.1:2525"
    plain = missing.mail_in()
    files = Files(tmp_path / "chain.pem", tmp_path / "key.pem")
    settings.SMTP_IN_CERTIFICATE, settings.SMTP_IN_KEY = files
    absent = missing.mail_in()
    files.write(until=clock.now() + timedelta(days=3))
    ending = missing.mail_in()
    files.write()
    good = missing.mail_in()

    weights = [each.weight for each in (nowhere, plain, absent, ending, good)]
    assert weights == [Weight.OK, Weight.OK, Weight.BROKEN, Weight.WARNING, Weight.OK]
    assert "chain.pem cannot be read" in absent.says
    assert "without TLS" in plain.says
    assert good.says.endswith("good until 2040-01-01.")
