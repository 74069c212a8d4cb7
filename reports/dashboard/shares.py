"""A share of runs, and how surely it is known."""

from __future__ import annotations

from dataclasses import dataclass

from calibration.sample_size import reliability_shown

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Share:
    """A share and its two-sided 95 % interval by Clopper and Pearson; None where nothing was counted.

    Args:
        good: how many are of the kind asked for.
        of: how many were counted.
        share: good ÷ of.
        low, high: ends of the interval.
    """

    good: int
    of: int
    share: float | None
    low: float | None
    high: float | None


def share(good: int, of: int) -> Share:
    """Return the share that ``good`` of ``of`` is."""
    if not of:
        return Share(good, of, None, None, None)
    one_sided = (1 + CONFIDENCE) / 2
    low = reliability_shown(of, of - good, confidence=one_sided)
    high = 1 - reliability_shown(of, good, confidence=one_sided)
    return Share(good, of, good / of, low, high)
