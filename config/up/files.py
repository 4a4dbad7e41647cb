"""Private folders and files of the data folder: made 0700 and 0600, and never seen half written."""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# sun_path holds 108 bytes with its closing zero. The longest name put below a socket folder is
# ".s.PGSQL.5432.lock", whose folder PostgreSQL shares with the socket.
LONGEST_SOCKET_PATH = 107
# Holds the first admin's generated password from before her account is made until it was shown.
FIRST_PASSWORD = "first_password"  # noqa: S105 - the name of a file


@dataclass(frozen=True)
class Owner:
    """The account a folder or file is given to; only root can give things away."""

    uid: int
    gid: int


def private_folder(path: Path, owner: Owner | None = None) -> Path:
    """Make the folder (and plain parents) and close it to everyone but its owner."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if stat.S_IMODE(path.stat().st_mode) != 0o700:
        path.chmod(0o700)
    if owner is not None:
        os.chown(path, owner.uid, owner.gid)
    return path


def write_private(path: Path, text: str, owner: Owner | None = None) -> None:
    """Replace the file in one move. A link planted at its place is replaced, not followed."""
    unfinished = path.with_name(f".{path.name}.{random_secret()}")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            if owner is not None:
                os.fchown(file.fileno(), owner.uid, owner.gid)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """The secret kept in this file, made on first use."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        secret = make()
        write_private(path, secret + "\n")
        return secret


def random_secret() -> str:
    """192 random bits that need no quoting in a URL, a shell or SQL."""
    return os.urandom(24).hex()


def new_folder(parent: Path) -> Path:
    """A new 0700 folder under a name nobody could have taken before.

    `tempfile` does the same, but brings OpenSSL into the supervisor, and with it a third of its memory.
    """
    folder = parent / f"tocsin-{os.urandom(6).hex()}"
    folder.mkdir(mode=0o700)
    return folder


def socket_folder(wanted: Path, longest_name: str, owner: Owner | None = None) -> Path:
    """A 0700 folder whose sockets fit into a socket address: the wanted one, or where that lies too
    deep a short one, remembered by a link so that the next run uses it again."""
    if len(os.fsencode(wanted / longest_name)) <= LONGEST_SOCKET_PATH and not wanted.is_symlink():
        return private_folder(wanted, owner)
    if wanted.is_symlink():
        remembered = wanted.readlink()
        if _is_ours(remembered, owner):
            return remembered
        wanted.unlink()
    short = new_folder(_short_parent())
    wanted.symlink_to(short)
    return private_folder(short, owner)


def _short_parent() -> Path:
    run_time = os.environ.get("XDG_RUNTIME_DIR", "")
    for candidate in (run_time, os.environ.get("TMPDIR", ""), "/tmp"):  # noqa: S108 - only for a private folder in it
        if candidate and len(candidate) <= 50 and os.access(candidate, os.W_OK | os.X_OK):
            return Path(candidate)
    raise OSError("No folder with a short path is writable: set TOCSIN_DATA_DIR to a shorter path.")


def _is_ours(folder: Path, owner: Owner | None) -> bool:
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    uid = os.geteuid() if owner is None else owner.uid
    return stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o700 and found.st_uid == uid
