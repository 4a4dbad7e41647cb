"""The one command, with its real processes: what it prints, keeps, restarts, refuses and leaves behind."""

import json
import os
import re
import shlex
import signal
import socket
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from tests.fakes.waiting import wait_for
from tests.stack import new_database
from tests.up.installation import READY, Installation, left_of

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]


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


def test_the_printed_line_is_accepted_and_an_incident_opens_within_two_seconds(running: Installation) -> None:
    line = shlex.split(running.output.split("\n  curl ")[1].splitlines()[0])
    url, body = next(word for word in line if word.startswith("http")), line[line.index("-d") + 1]

    answer = httpx.post(url, content=body, headers={"Content-Type": "application/json"})

    def has_opened() -> bool:
        with psycopg.connect(running.runtime()["database_url"]) as connection:
            found = connection.execute("SELECT title FROM incidents_incident").fetchall()
        return found == [(json.loads(body)["title"],)]

    assert answer.status_code == 202
    wait_for(has_opened, 2, "the incident")


def test_other_commands_talk_to_the_embedded_servers(running: Installation) -> None:
    done = running.manage("migrate", "--check")

    assert done.returncode == 0, done.stderr


def test_what_it_writes_down_is_for_its_owner_only(running: Installation) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in running.data.iterdir() if path.is_file()}

    assert {"runtime.json", "secret_key", "demo_key", "postgres-password"} <= modes.keys()
    assert "first_password" not in modes
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


@pytest.mark.parametrize("words", [" worker ", " beat ", "valkey-server", "bin/postgres", "config.front"])
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


def test_its_supervisor_stays_small(running: Installation) -> None:
    assert running.process is not None
    private = psutil.Process(running.process.pid).memory_full_info().uss

    assert private < 16 * 2**20


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGKILL])
def test_it_leaves_no_process_and_the_next_run_keeps_the_data(running: Installation, by: signal.Signals) -> None:
    output = running.output
    with psycopg.connect(running.runtime()["database_url"]) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        connection.execute("INSERT INTO kept VALUES (%s)", [by.name])
    processes = running.processes()

    code = running.stop(by)
    left = left_of(processes) if by == signal.SIGTERM else None
    running.start()

    with psycopg.connect(running.runtime()["database_url"]) as connection:
        kept = connection.execute("SELECT count(*) FROM kept WHERE word = %s", [by.name]).fetchone()
    assert len(processes) > 10
    assert code == (0 if by == signal.SIGTERM else -signal.SIGKILL)
    assert not left  # after SIGTERM at once, after SIGKILL before the next run begins
    assert left_of(processes) == []
    assert kept == (1,)
    assert "shown this once" not in running.output
    assert running.output.partition("Webhook")[2] == output.partition("Webhook")[2]


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


def test_it_runs_for_a_user_who_is_not_root() -> None:
    # Not in pytest's own folder, which is closed to others.
    with tempfile.TemporaryDirectory(prefix="tocsin-") as name:
        through = _as_somebody_else(name) if os.geteuid() == 0 else []
        with Installation(Path(name), through=through) as installation:
            users = {process.uids().effective for process in installation.processes()}
            output = installation.output
            code = installation.stop(signal.SIGTERM)
        owner = Path(name).stat().st_uid

    assert READY in output
    assert users == {owner}  # nobody changed to another account
    assert code == 0


def _as_somebody_else(folder: str) -> list[str]:
    """The start of a command line that makes root an ordinary user to whom the folder belongs."""
    # In a user namespace root is `nobody`, and still owns a clone that lies below a closed folder.
    namespace = ["unshare", "--user", "--map-user=65534", "--map-group=65534"]
    if subprocess.run([*namespace, "true"], capture_output=True, timeout=30).returncode == 0:
        return namespace
    os.chown(folder, 65534, 65534)
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def _answers(url: str) -> Callable[[], bool]:
    def answers() -> bool:
        try:
            return httpx.get(url, timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    return answers
