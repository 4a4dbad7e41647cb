"""Housekeeping: what beat sends is known to the workers, and does what it says."""

import subprocess
import sys
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session

from config import beat
from config.celery import app as workers
from config.celery import clear_sessions
from core import clock


def test_the_workers_know_every_task_that_beat_sends() -> None:
    sent = {entry["task"] for entry in beat.app.conf.beat_schedule.values()}

    assert sent <= set(workers.tasks)


def test_a_worker_that_is_started_plainly_keeps_its_doorbells_in_the_engines_process() -> None:
    assert workers.conf.worker_pool == "threads"


@pytest.mark.django_db
def test_sign_ins_that_ran_out_are_forgotten() -> None:
    for name, hours in (("old", -1), ("new", 1)):
        Session.objects.create(session_key=name, session_data="", expire_date=clock.now() + timedelta(hours=hours))

    clear_sessions()

    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]


@pytest.mark.parametrize("module", ["config.beat", "config.alive", "config.up.command", "config.up.health"])
def test_what_should_stay_small_imports_no_django(module: str) -> None:
    look = f"import sys, {module}; sys.exit('django.conf' in sys.modules)"  # kombu takes a type from elsewhere in it

    assert subprocess.run([sys.executable, "-c", look], timeout=60, check=False).returncode == 0
