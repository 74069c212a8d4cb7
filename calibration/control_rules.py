"""Patterns on a control chart that chance seldom makes: the Western Electric and the Nelson rules.

A rule looks at points counted in standard deviations from the centre and says at which of them the
pattern is complete; only that point fires, and it is itself part of the pattern. Rules with zones are
meant for charts of means or single values; on a chart of ranges or standard deviations use the first
alone, since those are not symmetric. The more rules are used, the sooner a process in control raises an
alarm: on average every 370 points with the first, every 92 with the four Western Electric ones
(Champ and Woodall 1987).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.control_chart import Chart
from calibration.errors import EstimateError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Rule:
    """A named pattern.

    Args:
        name: how the rule is asked for.
        says: the pattern in words.
        fires: from deviations in σ, shape (…, m), to the points that complete the pattern, same shape.
    """

    name: str
    says: str
    fires: Callable[[Floats], Bools]


def _beyond(sigmas: float, hits: int, window: int) -> Callable[[Floats], Bools]:
    """``hits`` of the last ``window`` points beyond ``sigmas`` on one side, the last one among them."""

    def fires(z: Floats) -> Bools:
        above, below = z > sigmas, z < -sigmas
        return (above & (_recent(above, window) >= hits)) | (below & (_recent(below, window) >= hits))

    return fires


def _row(test: Callable[[Floats], Bools], window: int) -> Callable[[Floats], Bools]:
    """``window`` points in a row that each pass ``test``."""

    def fires(z: Floats) -> Bools:
        fired: Bools = _recent(test(z), window) == window
        return fired

    return fires


def _trend(z: Floats, window: int = 6) -> Bools:
    steps = np.diff(z, axis=-1)
    rising = _recent(steps > 0, window - 1) == window - 1
    falling = _recent(steps < 0, window - 1) == window - 1
    return _padded(rising | falling, z)


def _alternating(z: Floats, window: int = 14) -> Bools:
    steps = np.diff(z, axis=-1)
    turns = steps[..., 1:] * steps[..., :-1] < 0
    return _padded(_recent(turns, window - 2) == window - 2, z)


_ROWS: tuple[tuple[str, str, Callable[[Floats], Bools]], ...] = (
    ("western electric 1", "a point beyond 3σ", _beyond(3, 1, 1)),
    ("western electric 2", "two of three points beyond 2σ on one side", _beyond(2, 2, 3)),
    ("western electric 3", "four of five points beyond 1σ on one side", _beyond(1, 4, 5)),
    ("western electric 4", "eight points in a row on one side", _beyond(0, 8, 8)),
    ("nelson 1", "a point beyond 3σ", _beyond(3, 1, 1)),
    ("nelson 2", "nine points in a row on one side", _beyond(0, 9, 9)),
    ("nelson 3", "six points in a row rising, or falling", _trend),
    ("nelson 4", "fourteen points in a row alternating up and down", _alternating),
    ("nelson 5", "two of three points beyond 2σ on one side", _beyond(2, 2, 3)),
    ("nelson 6", "four of five points beyond 1σ on one side", _beyond(1, 4, 5)),
    ("nelson 7", "fifteen points in a row within 1σ", _row(lambda z: np.abs(z) < 1, 15)),
    ("nelson 8", "eight points in a row beyond 1σ, on either side", _row(lambda z: np.abs(z) > 1, 8)),
)

RULES: dict[str, Rule] = {name: Rule(name, says, fires) for name, says, fires in _ROWS}
"""Every rule by name: Statistical Quality Control Handbook (Western Electric 1956) and Nelson (1984)."""

WESTERN_ELECTRIC = tuple(name for name in RULES if name.startswith("western electric"))
NELSON = tuple(name for name in RULES if name.startswith("nelson"))


def signals(chart: Chart, rules: Iterable[str] = WESTERN_ELECTRIC) -> dict[str, tuple[int, ...]]:
    """Say which points fired, rule by rule.

    Args:
        chart: the chart; its centre and the σ of its points define the zones.
        rules: names from :data:`RULES`.

    Returns:
        For each rule asked for, the positions (from 0) of the points that completed its pattern.

    Raises:
        EstimateError: a rule nobody knows, or a chart whose σ is not positive.
    """
    if not chart.sigma > 0:
        raise EstimateError(f"chart {chart.name}: σ = {chart.sigma}, expected more than 0")
    z = (chart.points - chart.centre) / chart.sigma
    return {name: tuple(int(i) for i in np.flatnonzero(_rule(name).fires(z))) for name in rules}


def _rule(name: str) -> Rule:
    if name not in RULES:
        raise EstimateError(f"rule {name!r}, expected one of: {', '.join(RULES)}")
    return RULES[name]


def _recent(hit: Bools, window: int) -> NDArray[np.intp]:
    """Number of hits among the last ``window`` points, at every point; fewer are there at the start."""
    total: NDArray[np.intp] = np.cumsum(hit, axis=-1, dtype=np.intp)
    counts = total.copy()
    counts[..., window:] -= total[..., :-window]
    return counts


def _padded(fired: Bools, like: Floats) -> Bools:
    """Put ``fired`` at the end of an array shaped as ``like``: the first points cannot complete a pattern."""
    whole = np.zeros(like.shape, dtype=bool)
    if fired.shape[-1]:
        whole[..., -fired.shape[-1] :] = fired
    return whole
