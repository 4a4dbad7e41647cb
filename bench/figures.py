"""Figures of one run: collected by name, printed as a table with ratios, written as JSON."""

import json
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One measured thing. `against` names the bare figure of the same run that `ratio` compares it with."""

    name: str
    value: float
    unit: str
    against: str = ""
    ratio: float | None = None
    target: str = ""
    is_met: bool | None = None


@dataclass
class Figures:
    """All of one run."""

    machine: str = field(default_factory=lambda: f"{platform.processor() or platform.machine()}, {platform.system()}")
    rows: list[Figure] = field(default_factory=list)

    def add(
        self, name: str, value: float, unit: str, *, at_most: float | None = None, at_least: float | None = None
    ) -> float:
        """Keep a figure, with the limit it has to stay under or to reach, if there is one."""
        target, is_met = "", None
        if at_most is not None:
            target, is_met = f"<= {at_most:g}", value <= at_most
        elif at_least is not None:
            target, is_met = f">= {at_least:g}", value >= at_least
        self.rows.append(Figure(name, value, unit, target=target, is_met=is_met))
        print(_line(self.rows[-1]), flush=True)
        return value

    def compare(
        self,
        name: str,
        value: float,
        unit: str,
        *,
        bare: str,
        ratio: float | None = None,
        at_least: float | None = None,
    ) -> float:
        """Keep a figure beside the bare one of this run, with the ratio it has to reach, if there is one.

        `ratio` is given where both were measured in turns: then it is the middle one of the turns.
        """
        ratio = value / self.of(bare) if ratio is None else ratio
        target = "" if at_least is None else f">= {at_least:.3g}x"
        met = None if at_least is None else ratio >= at_least
        self.rows.append(Figure(name, value, unit, bare, ratio, target, met))
        print(_line(self.rows[-1]), flush=True)
        return value

    def of(self, name: str) -> float:
        """The value of a figure by name."""
        return next(row.value for row in self.rows if row.name == name)

    def table(self) -> str:
        """For people."""
        return "\n".join(_line(row) for row in self.rows)

    def write(self, path: Path) -> None:
        """For machines."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"machine": self.machine, "figures": [asdict(row) for row in self.rows]}, indent=1))

    @property
    def are_met(self) -> bool:
        """Whether every target is."""
        return all(row.is_met is not False for row in self.rows)


def percentile(values: Iterable[float], share: float) -> float:
    """The value that the given share of all values stays under; 0 of nothing is 0."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def _line(row: Figure) -> str:
    ratio = "" if row.ratio is None else f"{row.ratio:6.2f}x of {row.against}"
    met = {None: "", True: "met", False: "MISSED"}[row.is_met]
    return f"{row.name:<58} {row.value:>12,.1f} {row.unit:<9} {ratio:<52} {row.target:<9} {met}"
