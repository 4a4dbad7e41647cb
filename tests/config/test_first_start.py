"""`prepare`, `seed_demo` and `engine`: the first minutes of an installation."""

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from accounts.models import Role, User
from alerts.models import Integration
from alerts.receiving.letters import hashed
from catalog.models import Service
from config import first_start
from escalation.models import Coverage, Target
from oncall.models import RotationMember

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path / "var"
    return tmp_path / "var"


def prepare(*options: str) -> dict[str, str | None]:
    output = StringIO()
    call_command("prepare", *options, stdout=output)
    answer: dict[str, str | None] = json.loads(output.getvalue().splitlines()[-1])
    return answer


@pytest.mark.django_db
def test_the_first_start_makes_an_admin_who_can_sign_in_with_the_printed_password() -> None:
    answer = prepare()

    admin = User.objects.get(username="admin")
    assert admin.role == Role.ADMIN
    assert answer["admin_password"]
    assert admin.check_password(answer["admin_password"])


@pytest.mark.django_db
def test_a_given_password_is_used_and_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_ADMIN_PASSWORD", "correct horse battery staple")

    answer = prepare()

    assert answer["admin_password"] is None
    assert User.objects.get(username="admin").check_password("correct horse battery staple")


@pytest.mark.django_db
def test_a_second_start_changes_nothing_and_shows_the_same_way_in() -> None:
    first = prepare()

    second = prepare()

    assert second == {**first, "admin_password": None}
    assert User.objects.count() == Service.objects.count() == Integration.objects.count() == 1


@pytest.mark.django_db
def test_a_password_that_nobody_was_shown_is_kept_for_the_next_start(data_dir: Path) -> None:
    first = prepare("--keep-password")
    file = data_dir / "first_password"

    assert file.stat().st_mode & 0o777 == 0o600
    assert prepare("--keep-password") == first
    assert prepare() == first
    assert not file.exists()
    assert prepare()["admin_password"] is None


@pytest.mark.django_db
def test_a_kept_password_that_was_changed_meanwhile_is_not_shown() -> None:
    prepare("--keep-password")
    admin = User.objects.get()
    admin.set_password("correct horse battery staple")
    admin.save(update_fields=["password"])

    assert prepare("--keep-password")["admin_password"] is None


@pytest.mark.django_db
def test_the_demo_pages_the_admin() -> None:
    prepare()

    admin = User.objects.get()
    coverage = Coverage.objects.get(service__name="demo")
    assert RotationMember.objects.get().user == admin
    targets = Target.objects.filter(step__version__policy=coverage.policy).order_by("step__number")
    assert [(target.schedule and target.schedule.name, target.user) for target in targets] == [
        ("demo primary", None),
        (None, admin),
    ]


@pytest.mark.django_db
def test_the_curl_line_posts_json_to_the_webhook_url() -> None:
    answer = prepare()

    words = shlex.split(answer["curl"] or "")
    assert words[0] == "curl"
    assert answer["webhook_url"] in words
    assert json.loads(words[words.index("-d") + 1])["severity"] == "critical"


@pytest.mark.django_db
def test_the_key_is_kept_where_only_its_owner_reads_it(data_dir: Path) -> None:
    answer = prepare()

    file = data_dir / "demo_key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().strip() in (answer["webhook_url"] or "")
    assert len(file.read_text().strip()) >= 32


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["environment", "option"])
def test_no_demo_where_none_is_wanted(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_DEMO", "0" if how == "environment" else "1")

    answer = prepare(*(["--no-demo"] if how == "option" else []))

    assert answer["webhook_url"] is answer["curl"] is None
    assert not Service.objects.exists()


@pytest.mark.django_db
def test_a_demo_that_was_deleted_does_not_come_back() -> None:
    prepare()
    Integration.objects.all().delete()

    answer = prepare()

    assert answer["curl"] is None
    assert not Integration.objects.exists()


@pytest.mark.django_db
def test_the_key_of_a_rotated_integration_is_not_shown() -> None:
    prepare()
    Integration.objects.update(key_hash=b"x" * 32)

    assert prepare()["curl"] is None


@pytest.mark.django_db
def test_seed_demo_brings_back_what_is_missing() -> None:
    first = prepare()
    Integration.objects.all().delete()
    output = StringIO()

    call_command("seed_demo", stdout=output)
    call_command("seed_demo", stdout=output)

    assert output.getvalue().splitlines() == [first["curl"]] * 2


def seeded(*options: str) -> str:
    output = StringIO()
    call_command("seed_demo", *options, stdout=output)
    return output.getvalue()


@pytest.mark.django_db
def test_a_rotated_key_stays_until_a_new_one_is_asked_for(data_dir: Path) -> None:
    prepare()
    old = (data_dir / "demo_key").read_text().strip()
    Integration.objects.update(key_hash=b"x" * 32)

    assert "seed_demo --new-key" in seeded()
    assert bytes(Integration.objects.get().key_hash) == b"x" * 32

    line = seeded("--new-key")

    new = (data_dir / "demo_key").read_text().strip()
    assert new != old
    assert f"/{new}/" in line
    assert bytes(Integration.objects.get().key_hash) == hashed(new)
    assert (data_dir / "demo_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.django_db
def test_a_demo_that_is_switched_off_is_said_to_be() -> None:
    prepare()
    Integration.objects.update(is_active=False)

    assert "switched off" in seeded()


@pytest.mark.django_db
def test_seed_demo_without_an_admin_says_what_to_run() -> None:
    with pytest.raises(CommandError, match="prepare"):
        call_command("seed_demo")


@pytest.mark.django_db(transaction=True)
def test_of_two_starters_one_waits_for_the_other() -> None:
    order: list[str] = []

    def start_too() -> None:
        try:
            with first_start.alone():
                order.append("second")
        finally:
            connection.close()

    with first_start.alone():
        second = threading.Thread(target=start_too)
        second.start()
        second.join(timeout=0.3)
        order.append("first")
    second.join(timeout=10)

    assert order == ["first", "second"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_engine_runs_without_a_broker_and_stops_cleanly(stop: signal.Signals, tmp_path: Path) -> None:
    name = connection.settings_dict["NAME"]
    url = os.environ["DATABASE_URL"]
    environment = {**os.environ, "DATABASE_URL": _other_database(url, name), "TOCSIN_DATA_DIR": str(tmp_path)}
    environment.pop("REDIS_URL", None)
    with subprocess.Popen(
        [sys.executable, "manage.py", "engine"], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        seen = ""
        for line in process.stderr:
            seen += line
            if "engine.running" in line:
                break
        process.send_signal(stop)
        end = threading.Timer(20, process.kill)
        end.start()
        seen += process.stderr.read()
        end.cancel()

    assert process.returncode == 0, seen
    assert "engine.stopped" in seen
    assert "Traceback" not in seen


def _other_database(url: str, name: str) -> str:
    base, _, query = url.partition("?")
    return base.rsplit("/", 1)[0] + "/" + name + (f"?{query}" if query else "")
