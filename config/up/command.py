"""`manage.py up`: the whole installation in the foreground, on embedded servers unless others are named."""

import contextlib
import errno
import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from config import env
from config.up import health, parts
from config.up.account import CannotStart
from config.up.files import FIRST_PASSWORD, private_folder, write_private
from config.up.greeting import greeting
from config.up.launching import Launch
from config.up.log import Log
from config.up.postgres import Postgres
from config.up.supervisor import Leaving, Part, Supervisor
from config.up.valkey import Valkey

USAGE = """\
manage.py up          the whole installation, on embedded servers unless DATABASE_URL and REDIS_URL are set
manage.py up PROGRAM  only web, mail, worker or beat, in place of this process (for containers and systemd)

All else is set by the environment: see docs/reference."""


def main(arguments: Sequence[str]) -> int:
    """Run until asked to stop; returns the exit code."""
    os.umask(0o077)
    try:
        data_folder = private_folder(env.data_dir())
        host, port = env.text("HOST"), env.number("PORT")
        if not arguments:
            return _run_all(data_folder, host, port)
        environment = parts.environment(data_folder, "", "")
        for part in (
            parts.web(environment, host, port), parts.mail(environment), parts.worker(environment),
            parts.beat(environment, data_folder),
        ):  # fmt: skip
            if [part.name] == list(arguments):
                _become(part.launch())
    except CannotStart as reason:
        print(f"Tocsin cannot start: {reason}", file=sys.stderr, flush=True)
        return 1
    except PermissionError as error:
        print(f"Tocsin cannot start: {error.filename} may not be used ({error.strerror}).", file=sys.stderr, flush=True)
        return 1
    print(USAGE, file=sys.stderr)
    return 0 if set(arguments) <= {"-h", "--help"} else 2


def _become(launch: Launch) -> NoReturn:
    """Replace this process by the program, which so gets the signals meant for it."""
    os.chdir(launch.folder)
    os.execve(launch.argv[0], list(launch.argv), dict(launch.environment))  # noqa: S606 - a program of ours


def _run_all(data_folder: Path, host: str, port: int) -> int:
    lock = _hold(data_folder)
    _refuse_taken(host, port)
    with contextlib.suppress(Leaving), Supervisor(Log(sys.stderr.fileno()), lock) as supervisor:
        _run(supervisor, data_folder, host, port)
    return 0


def _run(supervisor: Supervisor, data_folder: Path, host: str, port: int) -> None:
    database_url = env.text("DATABASE_URL") or _start_postgres(supervisor, data_folder)
    redis_url = env.text("REDIS_URL") or _start_valkey(supervisor, data_folder)
    public_url = env.given_url()
    runtime = {"database_url": database_url, "redis_url": redis_url, "public_url": public_url}
    write_private(data_folder / "runtime.json", json.dumps(runtime))
    environment = parts.environment(data_folder, database_url, redis_url)
    code, answer = supervisor.run_once(parts.prepare(environment), timeout=600)
    if code != 0:
        raise CannotStart("the database could not be prepared; its last lines above say why.")
    supervisor.add(parts.worker(environment), parts.beat(environment, data_folder))
    supervisor.add(parts.web(environment, host, port))
    if env.smtp_in() is not None:
        supervisor.add(parts.mail(environment))
    if not supervisor.until(lambda: health.answers(host, port, "/healthz"), timeout=120):
        raise CannotStart(f"the web front did not answer on {host}:{port}; its lines above say why.")
    print(greeting(public_url, answer), flush=True)
    (data_folder / FIRST_PASSWORD).unlink(missing_ok=True)
    supervisor.serve()


def _start_postgres(supervisor: Supervisor, data_folder: Path) -> str:
    server = Postgres(data_folder)
    supervisor.add(Part(server.name, server.launch, grace=30))
    if not supervisor.until(server.is_ready, timeout=120):
        raise CannotStart("the embedded PostgreSQL did not come up; its lines above say why.")
    return server.url


def _start_valkey(supervisor: Supervisor, data_folder: Path) -> str:
    server = Valkey(data_folder)
    supervisor.add(Part(server.name, server.launch, grace=5))
    if not supervisor.until(server.is_ready, timeout=30):
        raise CannotStart("the embedded Valkey did not come up; its lines above say why.")
    return server.url


def _hold(data_folder: Path) -> int:
    """Take the data folder for ourselves; returns the lock, which every child inherits: it is free again when
    the last of them has gone."""
    lock = os.open(data_folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    # The children of a supervisor that was killed may still be on their way out.
    until = time.monotonic() + 15
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            holder = os.pread(lock, 32, 0).decode().strip()
            if _lives(holder) or time.monotonic() > until:
                raise CannotStart(
                    f"it is already running on {data_folder} (process {holder}). "
                    "Stop that one, or set TOCSIN_DATA_DIR and PORT for a second installation."
                ) from None
            time.sleep(0.2)
    os.truncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def _lives(holder: str) -> bool:
    try:
        os.kill(int(holder), 0)
    except PermissionError:
        return True
    except (ValueError, ProcessLookupError):
        return False
    return True


def _refuse_taken(host: str, port: int) -> None:
    if not 0 < port < 65_536:
        raise CannotStart(f"PORT must be between 1 and 65535, not {port}.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotStart(f"port {port} on {host} is taken by another program. Set PORT to a free one.") from None
        raise CannotStart(f"it cannot listen on {host}:{port}: {error.strerror}.") from None
