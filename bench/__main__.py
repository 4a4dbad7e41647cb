"""`make bench`: measures Tocsin and the bare parts in one run, prints the ratios and writes them as JSON."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import measures, pipeline, storm
from bench.figures import Figures
from bench.installation import Bench

MEASURES = {
    "webhooks": measures.webhooks,
    "ceilings": measures.ceilings,
    "grouping": pipeline.grouping,
    "singles": pipeline.singles,
    "routing": pipeline.routing,
    "paging": measures.paging,
    "storm": storm.storm,
    "lateness": measures.lateness,
    "growth": pipeline.growth,
}
# On an installation of its own: few alerts are stored there at first, and no step of another's pages comes due.
_ALONE = frozenset({"growth"})


def _measure(names: Sequence[str], figures: Figures) -> None:
    if not names:
        return
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder, Bench(Path(folder)) as bench:
        for name in names:
            MEASURES[name](bench, figures)


def main() -> int:
    """Exit code 0 when every target is met."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=sorted(MEASURES), action="append", help="only this measure")
    parser.add_argument("--json", type=Path, default=Path("var/bench.json"), help="where the figures go")
    arguments = parser.parse_args()
    wanted = arguments.only or list(MEASURES)
    figures = Figures()
    together = [name for name in MEASURES if name in wanted and name not in _ALONE]
    for names in (together, *([name] for name in MEASURES if name in wanted and name in _ALONE)):
        _measure(names, figures)
    figures.write(arguments.json)
    print(f"\n{figures.table()}\n\nWritten to {arguments.json}.")
    return 0 if figures.are_met else 1


if __name__ == "__main__":
    sys.exit(main())
