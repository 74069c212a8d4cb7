"""From factors to points: which combinations are measured, in which order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rig.errors import ConfigError
from rig.studies.libraries import TO_DESIGN, check_libraries
from rig.studies.study_file import PEN, Factor, Level, StudyFile
from rig.twin.randomness import noise_source

MOST_POINTS = 20_000
"""More than any bench does in a day; a design that is larger was written by mistake."""


@dataclass(frozen=True)
class Point:
    """One combination of levels to be measured.

    Args:
        number: its place in the design, from 0.
        run: its place in the order of running, from 0.
        replicate: from 1.
        levels: of every factor, by name.
    """

    number: int
    run: int
    replicate: int
    levels: dict[str, Level]


def design_points(study: StudyFile) -> list[Point]:
    """Return the points of a study in the order in which they are run; the same for the same file.

    Designs are pyDOE's. Replicates are whole repetitions of the design, so that what drifts shows
    between them.

    Raises:
        ConfigError: more than ``MOST_POINTS``.
        RefusedToStart: pyDOE is not installed.
    """
    count = count_points(study)
    if count > MOST_POINTS:
        raise ConfigError(
            f"a design of {count:,} points",
            expected=f"at most {MOST_POINTS:,}",
            do="Take fewer levels or replicates, or draw a latin hypercube",
        )
    check_libraries([TO_DESIGN])
    rows = _combinations(study)
    replicates = study.design.replicates
    levels = rows * replicates
    return [
        Point(number, run, number // len(rows) + 1, levels[number])
        for run, number in enumerate(_order(levels, study))
    ]


def count_points(study: StudyFile) -> int:
    """Return how many points a study has, without laying them out."""
    factors, design = study.factors, study.design
    match design.kind:
        case "full factorial":
            each = math.prod(len(factor.levels or ()) for factor in factors.values())
        case "latin hypercube":
            each = design.samples or 0
        case "central composite":
            each = 2 ** len(factors) + 2 * len(factors) + design.centre_points
    return each * design.replicates


def _combinations(study: StudyFile) -> list[dict[str, Level]]:
    import pydoe

    factors, design = study.factors, study.design
    random = noise_source(study.seed, "design")
    shares: Any
    match design.kind:
        case "full factorial":
            counts = [len(factor.levels or ()) for factor in factors.values()]
            indices = pydoe.fullfact(np.array(counts)).astype(int)
            return [
                {name: _level(factor, i) for (name, factor), i in zip(factors.items(), row, strict=True)}
                for row in indices
            ]
        case "latin hypercube":
            shares = pydoe.lhs(len(factors), samples=design.samples, seed=random)
        case "central composite":
            coded = pydoe.ccdesign(len(factors), center=(0, design.centre_points), face="faced")
            shares = (coded + 1.0) / 2.0
    return [
        {name: _at_share(factor, share) for (name, factor), share in zip(factors.items(), row, strict=True)}
        for row in shares.tolist()
    ]


def _level(factor: Factor, index: int) -> Level:
    assert factor.levels is not None
    level = factor.levels[index]
    return int(level) if factor.sets == PEN and isinstance(level, float) else level


def _at_share(factor: Factor, share: float) -> Level:
    """Return the value a share (0 to 1) of the way along a factor; words and pens fall into equal parts."""
    if factor.levels is not None and not factor.is_numeric:
        return _level(factor, min(int(share * len(factor.levels)), len(factor.levels) - 1))
    low, high = factor.range
    return float(np.round(low + share * (high - low), 9))


def _order(levels: Sequence[dict[str, Level]], study: StudyFile) -> list[int]:
    """Return places in the order of running: shuffled, but block after block where there are blocks."""
    order = list(range(len(levels)))
    if study.design.randomised:
        order = [int(place) for place in noise_source(study.seed, "order").permutation(len(levels))]
    block = study.design.block
    if not block:
        return order
    blocks = list(dict.fromkeys(levels[place][block] for place in order))
    return sorted(order, key=lambda place: blocks.index(levels[place][block]))
