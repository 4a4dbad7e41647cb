"""Which processes belong to a child. Each child leads a session, and what it starts stays in it."""

import contextlib
import os
import signal
from collections.abc import Collection
from pathlib import Path


def members(sessions: Collection[int]) -> list[int]:
    """Living processes of these sessions. Where there is no /proc, the leaders alone."""
    if not Path("/proc/self/stat").exists():
        return [leader for leader in sessions if _lives(leader)]
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208 - plain names are wanted
        if not name.isdigit():
            continue
        try:
            # The program's name stands in brackets and may hold anything; state, parent, group, session follow.
            fields = Path("/proc", name, "stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue
        if fields[0] not in (b"Z", b"X") and int(fields[3]) in sessions:
            found.append(int(name))
    return found


def send(pids: Collection[int], number: signal.Signals) -> None:
    """Signal those that still live."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
