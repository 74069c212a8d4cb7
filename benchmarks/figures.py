"""What a benchmark tells: figures, each beside what it is compared with, and how they are timed."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Figure:
    """One line of the table: what was measured, the figure, what it stands beside, and the aim."""

    what: str
    value: str
    beside: str = ""
    aim: str = ""


def table(figures: Iterable[Figure]) -> str:
    """Return the figures as a Markdown table."""
    rows = [("figure", "measured", "beside it", "aim"), ("---",) * 4]
    rows += [(figure.what, figure.value, figure.beside, figure.aim) for figure in figures]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def median_s(act: Callable[[], object], times: int) -> float:
    """Return the median time of one call in s."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        act()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


@dataclass(frozen=True)
class Spent:
    """What commands took, in s: on the wall, and of processors, their own children included."""

    wall_s: float
    cpu_s: float


def spent(
    command: Sequence[str], *, times: int, variables: Mapping[str, str] | None = None, warm: bool = True
) -> Spent:
    """Run a command several times and return the medians.

    Args:
        command: program and arguments; its output is thrown away.
        times: how often.
        variables: more environment variables for it.
        warm: run once before, so that compiled files and the disk's cache are there.

    Raises:
        CalledProcessError: the command failed; its standard error is shown.
    """
    # Programs are measured as installed: with their compiled files kept.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **(variables or {})}

    def run() -> Spent:
        wall_s, before = time.perf_counter(), os.times()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
        after = os.times()
        cpu_s = sum(after[2:4]) - sum(before[2:4])
        return Spent(time.perf_counter() - wall_s, cpu_s)

    if warm:
        run()
    runs = [run() for _ in range(times)]
    return Spent(statistics.median(one.wall_s for one in runs), statistics.median(one.cpu_s for one in runs))
