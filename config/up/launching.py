"""How one process is started: as whom, with what environment, and bound to the life of its starter."""

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from config.up.files import Owner

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Launch:
    """A program ready to start. `environment` is all it gets: secrets of ours do not leak into servers."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    folder: str = "/"
    owner: Owner | None = None
    pass_fds: Sequence[int] = ()
    # The polite signal: sent to stop it, and by the kernel when its starter dies without a word (SIGKILL).
    stops_by: signal.Signals = signal.SIGTERM


def start(launch: Launch, *, output: int | IO[bytes], also_inherits: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """Start it in a session of its own, so that Ctrl-C on a terminal reaches only the starter.

    To be called from a thread that lives as long as the process should: the kernel's death signal
    follows the starting thread.
    """
    owner = launch.owner
    return subprocess.Popen(
        list(launch.argv),
        env=dict(launch.environment),
        cwd=launch.folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        user=None if owner is None else owner.uid,
        group=None if owner is None else owner.gid,
        extra_groups=None if owner is None else [],
        pass_fds=(*launch.pass_fds, *also_inherits),
        start_new_session=True,
        preexec_fn=_bind_to_starter(launch.stops_by),  # noqa: PLW1509 - the starter has a single thread
    )


def _bind_to_starter(stops_by: signal.Signals) -> Callable[[], None]:
    prctl = getattr(ctypes.CDLL(None, use_errno=True), "prctl", None)
    starter = os.getpid()

    def bind() -> None:
        # After the change of user, which clears the setting.
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, int(stops_by), 0, 0, 0)
        if os.getppid() != starter:  # it died in between
            os._exit(1)

    return bind
