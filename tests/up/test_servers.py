"""The embedded servers: private, durable by default, and unharmed by being killed."""

import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from config.up.account import CannotStart, reachable_program, server_account
from config.up.files import Owner
from config.up.launching import Launch, start
from config.up.postgres import Postgres
from config.up.valkey import Valkey


@contextmanager
def running(server: Postgres | Valkey, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    launch = server.launch()
    with log.open("ab") as output:
        process = start(launch, output=output)
    try:
        wait_until(server.is_ready, log)
        yield process
    finally:
        process.send_signal(launch.stops_by)
        process.wait(timeout=30)


def wait_until(holds: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)


def test_rows_survive_kill_9_of_the_database(tmp_path: Path) -> None:
    log = tmp_path / "log"
    data = tmp_path / "data"
    with running(Postgres(data), log) as process:
        with psycopg.connect(Postgres(data).url) as connection:
            connection.execute("CREATE TABLE kept (n int)")
            connection.execute("INSERT INTO kept VALUES (42)")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    with running(Postgres(data), log), psycopg.connect(Postgres(data).url) as connection:
        row = connection.execute("SELECT n FROM kept").fetchone()

    assert row == (42,)


def test_a_lock_file_left_by_a_reused_process_number_does_not_stop_the_start(tmp_path: Path) -> None:
    log = tmp_path / "log"
    data = tmp_path / "data"
    with running(Postgres(data), log):
        pass
    (data / "postgres" / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n/elsewhere\n")

    with running(Postgres(data), log), psycopg.connect(Postgres(data).url) as connection:
        answer = connection.execute("SELECT 1").fetchone()

    assert answer == (1,)


def test_the_database_is_durable_and_its_user_is_no_superuser(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "data")

    with running(server, tmp_path / "log"), psycopg.connect(server.url) as connection:
        found = connection.execute(
            "SELECT current_setting('fsync'), current_setting('synchronous_commit'), "
            "current_setting('listen_addresses'), rolsuper FROM pg_roles WHERE rolname = current_user"
        ).fetchone()

    assert found == ("on", "on", "", False)


def test_the_database_takes_nobody_without_the_password(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "data")
    wrong = re.sub(r"//tocsin:[^@]+@", "//tocsin:wrong@", server.url)
    as_superuser = re.sub(r"//tocsin:[^@]+@", "//postgres@", server.url)

    with running(server, tmp_path / "log"):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)
        if os.geteuid() == 0:  # the server runs as another account, which alone is its peer
            with pytest.raises(psycopg.OperationalError, match="Peer authentication failed"):
                psycopg.connect(as_superuser)


def test_folders_and_secrets_are_closed_to_other_users(tmp_path: Path) -> None:
    data = tmp_path / "data"
    expected = {
        "": 0o700,
        "postgres": 0o700,
        "valkey": 0o700,
        "postgres-password": 0o600,
        "valkey/valkey.conf": 0o600,
    }

    with running(Postgres(data), tmp_path / "log"), running(Valkey(data), tmp_path / "log"):
        modes = {name: stat.S_IMODE((data / name).stat().st_mode) for name in expected}

    assert modes == expected


def test_a_data_folder_too_deep_for_a_socket_address_works(tmp_path: Path) -> None:
    deep = tmp_path / "/".join(["folder-with-a-long-name"] * 5)
    server = Postgres(deep)

    with running(server, tmp_path / "log"), psycopg.connect(Postgres(deep).url) as connection:
        answer = connection.execute("SELECT 1").fetchone()
    short = (deep / "postgres-socket").readlink()
    server.remove_short_folder()

    assert answer == (1,)
    assert not short.exists()


def test_a_lost_password_file_is_replaced(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(Postgres(data), tmp_path / "log"):
        pass
    (data / "postgres-password").unlink()

    with running(Postgres(data), tmp_path / "log"), psycopg.connect(Postgres(data).url) as connection:
        answer = connection.execute("SELECT 1").fetchone()

    assert answer == (1,)


def test_data_of_another_major_version_is_refused_with_a_sentence(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "data")
    with running(server, tmp_path / "log"):
        pass
    (tmp_path / "data" / "postgres" / "data" / "PG_VERSION").write_text("17\n")

    with pytest.raises(CannotStart, match=r"written by PostgreSQL 17, but PostgreSQL \d+ is installed"):
        server.launch()


def test_data_of_another_user_stays_that_users_when_root_starts(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(Postgres(data), tmp_path / "log"):
        pass
    somebody = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()
    for path in [data / "postgres", *(data / "postgres").rglob("*")]:
        os.chown(path, somebody, -1)

    with running(Postgres(data), tmp_path / "log") as process:
        user = psutil.Process(process.pid).uids().effective

    assert user == somebody


def test_valkey_answers_only_to_the_password(tmp_path: Path) -> None:
    server = Valkey(tmp_path / "data")
    without = re.sub(r"//:[^@]+@", "//", server.url)

    with running(server, tmp_path / "log"):
        policy = redis.Redis.from_url(server.url).config_get("maxmemory-policy")
        with pytest.raises(redis.AuthenticationError):
            redis.Redis.from_url(without).ping()

    assert policy == {"maxmemory-policy": "noeviction"}


def test_a_program_its_account_cannot_reach_is_copied_and_runs_there(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    program = tmp_path / "closed" / "bin" / "echo"
    program.parent.mkdir(parents=True)
    shutil.copy2("/bin/echo", program)
    owner = server_account()

    found = reachable_program(program, [], owner)

    try:
        assert (found == program) is (owner is None)  # only under root is there another account
        assert start_and_read([str(found), "here"], owner) == b"here\n"
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    finally:
        if found != program:
            shutil.rmtree(found.parent)


def start_and_read(argv: list[str], owner: Owner | None) -> bytes:
    reading, writing = os.pipe()
    process = start(Launch(argv, {}, owner=owner), output=writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as output:
        text = output.read()
    assert process.wait() == 0
    return text
