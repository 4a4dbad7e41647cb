"""Whether one process of an installation does its work: for the health checks of containers. Imports no Django.

`python -m config.up.health web|worker|beat|mail` ends with 0 or, after a sentence, with 1.
"""

import contextlib
import os
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from config import env

_FRESH = 30.0  # seconds; signed every five (worker, mail) to ten (beat)
_LOCAL = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - compared, not bound


def main(arguments: Sequence[str]) -> int:
    """The exit code a health check ends with."""
    if list(arguments) == ["web"]:
        host, port = env.text("HOST"), env.number("PORT")
        if answers(host, port, "/readyz"):
            return 0
        sys.stderr.write(f"The web front on {host}:{port} is not ready.\n")
        return 1
    if list(arguments) in (["worker"], ["beat"], ["mail"]):
        if is_signed(env.data_dir(), arguments[0]):
            return 0
        sys.stderr.write(f"The {arguments[0]} has not given a sign of life for {_FRESH:.0f} seconds.\n")
        return 1
    sys.stderr.write("Name one of: web, worker, beat, mail.\n")
    return 2


def answers(host: str, port: int, path: str) -> bool:
    """Whether the front answers a path with 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((_LOCAL.get(host, host), port), timeout=5) as connection:
            connection.sendall(request.encode())
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def sign(data_folder: Path, name: str) -> None:
    """Say that the process works, now."""
    with contextlib.suppress(OSError):  # a full disk is no reason to stop working
        _file(data_folder, name).touch(mode=0o600)


def is_signed(data_folder: Path, name: str) -> bool:
    """Whether the process of this machine or container has signed lately."""
    try:
        return time.time() - _file(data_folder, name).stat().st_mtime < _FRESH
    except FileNotFoundError:
        return False


def _file(data_folder: Path, name: str) -> Path:
    # Containers share the folder; each has a host name of its own.
    return data_folder / f"alive-{name}-{os.uname().nodename}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
