"""`make chaos`: kills processes many times at each point and prints what was lost and what came twice."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.chaos.kills import POINTS, Chaos


def main() -> int:
    """Exit code 0 when nothing was lost and no kill cost more than one duplicate."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=10, help="kills at each point")
    parser.add_argument("--only", choices=sorted(POINTS), action="append", help="only this point")
    arguments = parser.parse_args()
    tallies = []
    with tempfile.TemporaryDirectory(prefix="tocsin-chaos-") as folder, Chaos(Path(folder)) as chaos:
        for name in arguments.only or POINTS:
            tallies.append(POINTS[name](chaos, arguments.kills))
            print(tallies[-1], flush=True)
    lost = sum(len(tally.lost) for tally in tallies)
    duplicates = sum(tally.duplicates for tally in tallies)
    kills = sum(tally.kills for tally in tallies)
    print(f"{kills} kills in all: {lost} lost pages, {duplicates} duplicates.")
    return 0 if all(tally.is_kept for tally in tallies) else 1


if __name__ == "__main__":
    sys.exit(main())
