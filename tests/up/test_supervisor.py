"""How the supervisor keeps, restarts and ends what it started, seen on small programs."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.fakes.waiting import wait_for
from tests.up.installation import CODE, child_of, left_of

_SLEEPS = "echo ready; exec sleep 600"
# Does not end when asked, and has a child of its own.
_STUBBORN = "trap '' TERM; sleep 601 & echo ready; while :; do wait; done"


@contextmanager
def supervising(output: Path, *commands: str) -> Iterator[subprocess.Popen[bytes]]:
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.up.small", *commands], cwd=CODE, stdout=file, stderr=file
        )
    try:
        wait_for(lambda: output.read_text().count("ready") >= len(commands), 30, "every command to be ready")
        yield process
    finally:
        below = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.kill()
        process.wait()
        for each in left_of(below):
            each.kill()


def below(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_all_the_last_started_first(tmp_path: Path, by: signal.Signals) -> None:
    says = "trap 'echo leaving; exit 0' TERM; echo ready; while :; do sleep 0.1; done"
    with supervising(tmp_path / "out", f"first={says}", f"second={says}") as process:
        processes = below(process)

        process.send_signal(by)

        assert process.wait(timeout=30) == 0
    lines = (tmp_path / "out").read_text().splitlines()
    assert [line for line in lines if "leaving" in line] == ["second   | leaving", "first    | leaving"]
    assert left_of(processes) == []


def test_what_does_not_stop_in_time_is_killed_with_all_it_started(tmp_path: Path) -> None:
    with supervising(tmp_path / "out", f"stubborn={_STUBBORN}") as process:
        processes = below(process)

        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=30) == 0
    assert "stubborn is killed: it did not stop in time." in (tmp_path / "out").read_text()
    assert left_of(processes) == []


def test_a_program_that_keeps_dying_is_started_again_ever_more_slowly(tmp_path: Path) -> None:
    with supervising(tmp_path / "out", "dying=echo ready; exit 3"):
        wait_for(lambda: (tmp_path / "out").read_text().count("again in") >= 3, 30, "three restarts")

    said = [line for line in (tmp_path / "out").read_text().splitlines() if "again in" in line]
    assert said[:3] == [
        "tocsin   | dying ended (exit code 3); starting it again in 0.25 s.",
        "tocsin   | dying ended (exit code 3); starting it again in 0.5 s.",
        "tocsin   | dying ended (exit code 3); starting it again in 1 s.",
    ]


def test_kill_9_of_the_supervisor_ends_even_what_refuses_to_stop(tmp_path: Path) -> None:
    with supervising(tmp_path / "out", f"quiet={_SLEEPS}", f"stubborn={_STUBBORN}") as process:
        processes = below(process)

        process.kill()
        process.wait()

        wait_for(lambda: not left_of(processes), 30, "the end of every process")
    assert len(processes) == 4  # the guardian, both commands, and the child of one


def test_a_killed_guardian_is_replaced_and_the_new_one_knows_its_duty(tmp_path: Path) -> None:
    with supervising(tmp_path / "out", f"stubborn={_STUBBORN}") as process:
        first = child_of(process.pid, "tests.up.small")
        assert first is not None
        os.kill(first.pid, signal.SIGKILL)
        wait_for(lambda: child_of(process.pid, "tests.up.small") not in {None, first}, 30, "another guardian")
        processes = below(process)

        process.kill()
        process.wait()

        wait_for(lambda: not left_of(processes), 30, "the end of every process")


def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    patient = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
    with supervising(tmp_path / "out", f"one={patient}", f"two={patient}") as process:
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=30) == 0
