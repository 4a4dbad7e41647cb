"""The one command, with its real processes: what it prints, keeps, restarts, refuses and leaves behind."""

import os
import re
import signal
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from tests.fakes.waiting import wait_for
from tests.stack import new_database
from tests.up.installation import READY, Installation, left_of

pytestmark = [pytest.mark.stack, pytest.mark.xdist_group("up"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One installation for all tests that leave it as they found it, below a folder closed to everyone else."""
    closed = tmp_path_factory.mktemp("closed")
    closed.chmod(0o700)
    with Installation(closed) as installation:
        yield installation


def test_it_prints_what_a_person_needs_to_begin(running: Installation) -> None:
    assert f"Address   {running.url}/\n" in running.output
    assert "User      admin\n" in running.output
    assert re.search(r"Password  \S{12,}   \(shown this once\)\n", running.output)
    assert re.search(rf"Webhook   {running.url}/integrations/generic/\w{{32,}}/\n", running.output)
    assert re.search(rf"\n  curl .*{running.url}/integrations/generic/\w{{32,}}/", running.output)


def test_other_commands_talk_to_the_embedded_servers(running: Installation) -> None:
    done = running.manage("migrate", "--check")

    assert done.returncode == 0, done.stderr


def test_what_it_writes_down_is_for_its_owner_only(running: Installation) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in running.data.iterdir() if path.is_file()}

    assert {"runtime.json", "secret_key", "demo_key", "postgres-password"} <= modes.keys()
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(running.data.stat().st_mode) == 0o700


def test_a_second_one_on_the_same_data_is_refused_with_a_sentence(running: Installation, tmp_path: Path) -> None:
    second = Installation(tmp_path, {"TOCSIN_DATA_DIR": str(running.data)})

    code = second.begin().wait(timeout=60)

    assert code == 1
    assert re.fullmatch(r"Tocsin cannot start: it is already running on .* \(process \d+\)\. Stop .*\n", second.log)


def test_a_taken_port_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code = (refused := Installation(tmp_path, {"PORT": str(port)})).begin().wait(timeout=60)

    assert code == 1
    assert refused.log == (
        f"Tocsin cannot start: port {port} on 127.0.0.1 is taken by another program. Set PORT to a free one.\n"
    )


@pytest.mark.parametrize("words", [" worker ", " beat ", "valkey-server", "bin/postgres", "granian"])
def test_a_killed_child_comes_back(running: Installation, words: str) -> None:
    killed = running.child(words)
    assert killed is not None
    below = [killed, *killed.children(recursive=True)]

    killed.kill()

    def is_back() -> bool:
        now = running.child(words)
        return now is not None and now.pid != killed.pid

    wait_for(is_back, 30, f"another {words}")
    wait_for(lambda: not left_of(below), 30, f"the end of what {words} left behind")
    wait_for(_answers(f"{running.url}/readyz"), 60, "readiness")


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_no_process_and_the_next_run_keeps_the_data(tmp_path: Path, by: signal.Signals) -> None:
    installation = Installation(tmp_path)
    with installation:
        first_output = installation.output
        with psycopg.connect(installation.runtime()["database_url"]) as connection:
            connection.execute("CREATE TABLE kept (n int)")
        processes = installation.processes()
        code = installation.stop(by)
        left = left_of(processes)

        installation.start()
        with psycopg.connect(installation.runtime()["database_url"]) as connection:
            kept = connection.execute("SELECT count(*) FROM kept").fetchone()
        second_output = installation.output

    assert code == 0
    assert left == []
    assert kept == (0,)
    assert "shown this once" not in second_output
    assert second_output.partition("Webhook")[2] == first_output.partition("Webhook")[2]


def test_kill_9_of_the_supervisor_leaves_no_process_and_the_next_run_starts(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    with installation:
        processes = installation.processes()
        installation.stop(signal.SIGKILL)

        installation.start()
        left = left_of(processes)

    assert len(processes) > 10
    assert left == []


def test_a_killed_guardian_is_replaced(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    with installation:
        guardian = installation.child("manage.py up")
        assert guardian is not None
        guardian.kill()
        wait_for(lambda: installation.child("manage.py up") not in {None, guardian}, 30, "another guardian")
        processes = installation.processes()
        # A stopped process cannot end by itself: only the guardian gets it.
        stopped = installation.child(" beat ")
        assert stopped is not None
        stopped.suspend()
        installation.stop(signal.SIGKILL)

        wait_for(lambda: not left_of(processes), 30, "the end of all processes")


def test_servers_of_ones_own_replace_the_embedded_ones(tmp_path: Path) -> None:
    database_url = new_database(os.environ["TOCSIN_TEST_DATABASE_URL"])
    (tmp_path / "url").write_text(database_url + "\n")
    environment = {"DATABASE_URL_FILE": str(tmp_path / "url"), "REDIS_URL": os.environ["TOCSIN_TEST_REDIS_URL"]}

    with Installation(tmp_path, environment) as installation:
        names = {process.name() for process in installation.processes()}
        with psycopg.connect(database_url) as connection:
            admins = connection.execute("SELECT username FROM accounts_user").fetchall()

    assert not names & {"postgres", "valkey-server"}
    assert admins == [("admin",)]


def test_it_runs_for_a_user_who_is_not_root(tmp_path: Path) -> None:
    through: list[str] = []
    if os.geteuid() == 0:
        # Somebody else who may read the code wherever the clone lies, and owns only the folder.
        os.chown(tmp_path, 65534, 65534)
        through = [
            "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
            "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search",
        ]  # fmt: skip

    with Installation(tmp_path, through=through) as installation:
        users = {process.uids().effective for process in installation.processes()}
        code = installation.stop(signal.SIGTERM)

    assert READY in installation.output
    assert users == {65534 if through else os.geteuid()}
    assert code == 0


def test_its_supervisor_stays_small(running: Installation) -> None:
    assert running.process is not None
    private = psutil.Process(running.process.pid).memory_full_info().uss

    assert private < 16 * 2**20


def _answers(url: str) -> Callable[[], bool]:
    def answers() -> bool:
        try:
            return httpx.get(url, timeout=5).status_code < 500
        except httpx.HTTPError:
            return False

    return answers
