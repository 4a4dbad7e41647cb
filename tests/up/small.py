"""A supervisor of shell commands, to see how it behaves in a second and without a database.

`python -m tests.up.small NAME=COMMAND ...` runs them until it is asked to stop.
"""

import contextlib
import os
import sys

from config.up.launching import Launch
from config.up.log import Log
from config.up.supervisor import Leaving, Part, Supervisor


def main() -> None:
    """Start the commands one after another, so that each is stopped by itself, the last first."""
    lock = os.open(os.devnull, os.O_RDONLY)
    with contextlib.suppress(Leaving), Supervisor(Log(sys.stdout.fileno()), lock) as supervisor:
        for argument in sys.argv[1:]:
            name, _, command = argument.partition("=")
            launch = Launch(["/bin/sh", "-c", command], {"PATH": os.environ["PATH"]})
            supervisor.add(Part(name, lambda launch=launch: launch, grace=1.0))  # type: ignore[misc]
        supervisor.serve()


if __name__ == "__main__":
    main()
