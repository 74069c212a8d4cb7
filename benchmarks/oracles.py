"""Programs of others: compared with where `make oracles` has installed them, never needed.

Which ones, and under what licences, is in `oracles.txt`. They take turns with the rig's own functions in one
process, so that a busy machine treats all alike: what counts is the ratio of their times. A comparison whose
answers differ is worth nothing, so every one of them checks that first.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import TypeVar

from benchmarks.figures import Figure

OWN = "own"
"""The name of the rig's own function among the jobs."""

Answer = TypeVar("Answer")


def oracle(name: str) -> ModuleType | None:
    """Return another program's module, or None where it is not installed."""
    try:
        return import_module(name)
    except ImportError:
        return None


def missing(name: str) -> str:
    """Say that an oracle is missing, and how to get it."""
    return f"{name}: not installed, see `make oracles`"


def in_turn(
    jobs: Mapping[str, Callable[[], Answer]], rounds: int, *, warm: bool = True
) -> tuple[dict[str, float], dict[str, Answer]]:
    """Run all jobs one after the other, several times.

    Args:
        jobs: by name.
        rounds: how often.
        warm: run one round before, which pays for imports and is not counted.

    Returns:
        The median time (s) and the last answer of every job.
    """
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    answers: dict[str, Answer] = {}
    for number in range(rounds + warm):
        for name, job in jobs.items():
            start = time.perf_counter()
            answers[name] = job()
            if number >= warm:
                taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in taken.items()}, answers


def beside(seconds: Mapping[str, float], absent: list[str]) -> str:
    """Return the others' times, and how many times as long as the rig's they took."""
    others = [
        f"{name}: {taken * 1e3:.3g} ms ({taken / seconds[OWN]:.2g} ×)"
        for name, taken in seconds.items()
        if name != OWN
    ]
    return ", ".join(others + absent)


def agreement(what: str, apart: float | None, tolerance: float) -> Figure:
    """Return how far the answers differ.

    Args:
        what: the answers compared.
        apart: their largest difference; None when there was no other program.
        tolerance: how far they may.

    Raises:
        SystemExit: they differ by more.
    """
    if apart is None:
        return Figure(f"… {what} differ by", "nothing to compare", "", f"≤ {tolerance:g}")
    if not apart <= tolerance:
        raise SystemExit(
            f"{what} differ by {apart:.3g}, expected at most {tolerance:g}: one of them is wrong"
        )
    return Figure(f"… {what} differ by", f"{apart:.1g}", "", f"≤ {tolerance:g}")
