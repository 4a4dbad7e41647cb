"""A migrated database, made once for all that use the same server: the others are copies of it."""

import hashlib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

_CODE = Path(__file__).resolve().parents[1]
_LOCK = 7_060_615  # any number: whoever holds it makes the template


@cache
def template(server_url: str) -> str:
    """The name of an empty database with every table. It is made anew when a migration has changed."""
    name = f"migrated_{_fingerprint()}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
        if connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone() is None:
            unfinished = f"unfinished_{name}"
            connection.execute(f'drop database if exists "{unfinished}"')
            connection.execute(f'create database "{unfinished}"')
            _migrate(of_name(server_url, unfinished))
            connection.execute(f'alter database "{unfinished}" rename to "{name}"')
    return name


def of_name(server_url: str, name: str) -> str:
    """The URL of another database of a server."""
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))


def _migrate(database_url: str) -> None:
    done = subprocess.run(
        [sys.executable, str(_CODE / "manage.py"), "migrate", "--verbosity", "0"],
        env={**os.environ, "DATABASE_URL": database_url, "TOCSIN_DB_POOL": "0"},
        cwd=_CODE,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, f"manage.py migrate failed:\n{done.stdout}\n{done.stderr}"


def _fingerprint() -> str:
    found = hashlib.sha256()
    for path in sorted(_CODE.glob("*/migrations/*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()[:16]
