"""What a measurement model is fed with: an estimate, its standard uncertainty and the law of its error."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.errors import EstimateError

Floats = NDArray[np.float64]

Model = Callable[..., Any]
"""A function of named inputs, written with operators and numpy functions so that it takes arrays."""

LEAST_STUDENT_DOF = 2.0
"""Student's law has a standard deviation only above so many degrees of freedom."""


class Distribution(StrEnum):
    """The law an input's error follows (JCGM 101, table 1)."""

    NORMAL = "normal"
    RECTANGULAR = "rectangular"
    TRIANGULAR = "triangular"
    ARCSINE = "arcsine"
    T = "t"


@dataclass(frozen=True)
class Input:
    """One input of a measurement model.

    A normal error whose size was itself found from few readings (finite ``dof``) is drawn from Student's
    law, as for ``T``: that is all that is known of it (JCGM 101, 6.4.9). The degrees of freedom of a
    bounded law tell how well its bounds are known (GUM G.4.2); they count in the first order only.

    Args:
        value: best estimate.
        u: standard uncertainty, in the unit of ``value``. Half widths of bounded laws follow from it:
            √3·u rectangular, √6·u triangular, √2·u arcsine.
        dof: degrees of freedom of ``u``; infinite when its size is taken as known.
        distribution: law of the error.
        name: its line in the budget; the argument's name when empty.

    Raises:
        EstimateError: not finite, negative u, no degrees of freedom, Student's law without any.
    """

    value: float
    u: float
    dof: float = math.inf
    distribution: Distribution = Distribution.NORMAL
    name: str = ""

    def __post_init__(self) -> None:
        label = f"input {self.name!r}" if self.name else "input"
        if not math.isfinite(self.value):
            raise EstimateError(f"{label}: value {self.value}, expected a finite number")
        if not (math.isfinite(self.u) and self.u >= 0):
            raise EstimateError(f"{label}: u = {self.u}, expected a finite number, not negative")
        if not self.dof > 0:
            raise EstimateError(f"{label}: {self.dof} degrees of freedom, expected more than 0")
        if self.distribution not in list(Distribution):
            known = ", ".join(Distribution)
            raise EstimateError(f"{label}: distribution {self.distribution!r}, expected one of {known}")
        if self.distribution is Distribution.T and math.isinf(self.dof):
            raise EstimateError(f"{label}: Student's law with infinite degrees of freedom, expected normal")

    @property
    def student(self) -> bool:
        """Whether the error is drawn from Student's law."""
        return self.distribution in (Distribution.NORMAL, Distribution.T) and math.isfinite(self.dof)


def draw(source: Input, count: int, rng: np.random.Generator) -> Floats | float:
    """Draw ``count`` values an input may have, shape (count,); the value itself when its u is 0.

    Sampling after JCGM 101, 6.4.2 to 6.4.9.

    Raises:
        EstimateError: Student's law with 2 degrees of freedom or fewer.
    """
    if source.u == 0:
        return source.value
    if source.student:
        return _student(source, count, rng)
    value, u = source.value, source.u
    match Distribution(source.distribution):
        case Distribution.RECTANGULAR:
            half = math.sqrt(3.0) * u
            return rng.uniform(value - half, value + half, count)
        case Distribution.TRIANGULAR:
            return value + math.sqrt(6.0) * u * (rng.random(count) - rng.random(count))
        case Distribution.ARCSINE:
            return value + math.sqrt(2.0) * u * np.cos(rng.uniform(0.0, math.pi, count))
        case _:
            return rng.normal(value, u, count)


def _student(source: Input, count: int, rng: np.random.Generator) -> Floats:
    if source.dof <= LEAST_STUDENT_DOF:
        raise EstimateError(
            f"input {source.name!r} with {source.dof:g} degrees of freedom has no standard deviation to "
            "draw from, expected more than 2: take 4 readings or more, or propagate to first order"
        )
    return source.value + source.u * rng.standard_t(source.dof, count)


def estimates(inputs: Mapping[str, Input]) -> dict[str, float]:
    """Return the best estimate of every input, by name.

    Raises:
        EstimateError: there are no inputs.
    """
    if not inputs:
        raise EstimateError("a model without inputs, expected one or more")
    return {name: source.value for name, source in inputs.items()}


def line_name(name: str, source: Input) -> str:
    """Return what an input is called in a budget."""
    return source.name or name
