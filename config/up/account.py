"""Under root the embedded servers run as an account of their own; elsewhere as whoever started us.

That account can usually not walk to a clone below /root, and no parent folder is opened for it. Instead
it inherits open folders (`/proc/self/fd/N` leads there without asking the parents), and programs it
cannot reach are copied to a place it can.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from config.up.files import Owner, new_folder

ACCOUNT = "tocsin"
_PROGRAMS = Path("/var/cache/tocsin")  # root's, like everything in it: the account may read, not write


class CannotStart(Exception):
    """Something this machine lacks; reads as a sentence that says what to do."""


def server_account(existing: Path | None = None) -> Owner | None:
    """None where we are not root. Makes the account on first use; `existing` data of another user stays theirs."""
    if os.geteuid() != 0:
        return None
    if existing is not None and existing.exists() and (found := existing.stat()).st_uid != 0:
        return Owner(found.st_uid, found.st_gid)
    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError:
        entry = _make_account()
    return Owner(entry.pw_uid, entry.pw_gid)


def _make_account() -> pwd.struct_passwd:
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    advice = (
        f"PostgreSQL refuses to run as root, and the account '{ACCOUNT}' for it could not be made: {{}}. "
        "Start as another user, make that account yourself, or set DATABASE_URL and REDIS_URL."
    )
    if program is None:
        raise CannotStart(advice.format("there is no useradd"))
    made = subprocess.run(
        [program, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
         "--shell", "/usr/sbin/nologin", ACCOUNT],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    try:
        return pwd.getpwnam(ACCOUNT)  # also when another start made it at the same moment
    except KeyError:
        raise CannotStart(advice.format(made.stderr.strip())) from None


def account_name(uid: int) -> str:
    """The account's name; initdb and peer authentication need it to have one."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise CannotStart(
            f"The embedded PostgreSQL needs user {uid} to have a name in /etc/passwd. Add one, or set DATABASE_URL."
        ) from None


def inherited(folder: Path) -> int:
    """An open folder for a child to inherit; its name there is `/proc/self/fd/<number>`."""
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def reachable_program(program: Path, parts: Sequence[Path], owner: Owner | None) -> Path:
    """The program where the account can run it: at its place, or a copy of it and the parts it needs.

    `parts` are files and folders beside or above the program; below their common parent the copy has the
    same shape, so that what the program finds relative to itself is found again.
    """
    if owner is None or _runs(program, owner):
        return program
    root = Path(os.path.commonpath([program.parent, *(part.parent for part in parts)]))
    stamp = program.stat()
    copy = _PROGRAMS / f"{program.name}-{stamp.st_size}-{stamp.st_mtime_ns}"
    if not copy.exists():
        _copy(root, [program, *parts], copy)
    moved = copy / program.relative_to(root)
    if not _runs(moved, owner):
        raise CannotStart(f"The account '{ACCOUNT}' cannot run {moved}. Set DATABASE_URL and REDIS_URL.")
    return moved


def _runs(program: Path, owner: Owner) -> bool:
    try:
        tried = subprocess.run(
            [program, "--version"], user=owner.uid, group=owner.gid, extra_groups=[], cwd="/", env={},
            capture_output=True, timeout=30, check=False,
        )  # fmt: skip
    except PermissionError:
        return False
    return tried.returncode == 0


def _copy(root: Path, parts: Sequence[Path], copy: Path) -> None:
    _PROGRAMS.mkdir(mode=0o755, parents=True, exist_ok=True)
    _PROGRAMS.chmod(0o755)
    unfinished = new_folder(_PROGRAMS)
    try:
        unfinished.chmod(0o755)
        for part in parts:
            target = unfinished / part.relative_to(root)
            target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            if part.is_dir():
                shutil.copytree(part, target, ignore=shutil.ignore_patterns("*.a", "doc"), dirs_exist_ok=True)
            else:
                shutil.copy2(part, target)
        for folder, _, files in os.walk(unfinished):
            Path(folder).chmod(0o755)
            for name in files:
                file = Path(folder, name)
                file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)
        unfinished.rename(copy)
    except OSError:
        if not copy.exists():  # else another start was faster
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
