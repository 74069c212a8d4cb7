"""A measurement result: value, unit, standard uncertainty, degrees of freedom and a named budget."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy.special import stdtrit

from calibration.errors import EstimateError
from calibration.rounding import with_uncertainty

COVERAGE = 0.9545
"""Coverage probability of expanded uncertainties: that of ±2 standard deviations of a normal law."""


@dataclass(frozen=True)
class Contribution:
    """One line of an uncertainty budget.

    Args:
        name: where it comes from, in the field's words.
        u: standard uncertainty it gives the result, in the result's unit (sensitivity included).
        dof: its degrees of freedom; infinite when its size is taken as known.
    """

    name: str
    u: float
    dof: float = math.inf

    def __post_init__(self) -> None:
        if not (math.isfinite(self.u) and self.u >= 0):
            raise EstimateError(
                f"budget line {self.name!r}: u = {self.u}, expected a finite number, not negative"
            )
        if not self.dof > 0:
            raise EstimateError(
                f"budget line {self.name!r}: {self.dof} degrees of freedom, expected more than 0"
            )


@dataclass(frozen=True)
class Measured:
    """A value that can be believed as far as it says.

    Args:
        value: best estimate, corrections applied.
        unit: its unit.
        u: combined standard uncertainty.
        dof: effective degrees of freedom.
        k: coverage factor for :data:`COVERAGE`.
        budget: what ``u`` is made of.
        as_read: the value before corrections, where any were applied.
        equation: the model it was computed by, as a person writes it.
        method: how the uncertainty of the inputs was propagated: first order, or Monte Carlo.

    Raises:
        EstimateError: a number that no result has: not finite, negative u, no degrees of freedom.
    """

    value: float
    unit: str
    u: float
    dof: float
    k: float
    budget: tuple[Contribution, ...] = ()
    as_read: float | None = None
    equation: str = ""
    method: str = ""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and math.isfinite(self.u) and self.u >= 0):
            raise EstimateError(
                f"{self.value} {self.unit} with u = {self.u}, expected finite numbers, u not negative"
            )
        if not (self.dof > 0 and 0 < self.k < math.inf):
            raise EstimateError(
                f"{self.value} {self.unit} with {self.dof} degrees of freedom and k = {self.k}, "
                f"expected both more than 0"
            )

    @property
    def U(self) -> float:
        """Expanded uncertainty, k·u."""
        return self.k * self.u

    def explained(self, equation: str, method: str, *, as_read: float | None = None) -> Measured:
        """Return the same result with the equation it came by, and its value before corrections."""
        return replace(self, equation=equation, method=method, as_read=as_read)

    def __str__(self) -> str:
        text = with_uncertainty(self.value, self.U)
        text += "" if self.unit == "1" else f" {self.unit}"
        return f"{text} (k = {self.k:.2f})" if self.u > 0 else text


def combine(
    value: float, unit: str, budget: Sequence[Contribution], *, as_read: float | None = None
) -> Measured:
    """Combine independent contributions into a result.

    u² = Σ uᵢ² (GUM 5.1.2); effective degrees of freedom after Welch–Satterthwaite, u⁴/Σ(uᵢ⁴/νᵢ)
    (GUM G.4.1); k from Student's law for :data:`COVERAGE` (GUM G.3).

    Raises:
        EstimateError: the value is not finite, or nothing is said of its uncertainty.
    """
    if not budget:
        raise EstimateError(f"value {value} {unit} without a budget, expected at least one line")
    u = math.hypot(*(line.u for line in budget))
    spread = sum((line.u / u) ** 4 / line.dof for line in budget) if u > 0 else 0.0
    dof = 1.0 / spread if spread > 0 else math.inf
    return Measured(value, unit, u, dof, coverage_factor(dof), tuple(budget), as_read)


def exact(value: float, unit: str = "1") -> Measured:
    """Return a count or a yes/no as a result without uncertainty."""
    return Measured(float(value), unit, 0.0, math.inf, 2.0)


def coverage_factor(dof: float) -> float:
    """Return k for :data:`COVERAGE`, two-sided, with ``dof`` degrees of freedom (GUM table G.2).

    Raises:
        EstimateError: no degrees of freedom.
    """
    if not dof > 0:
        raise EstimateError(f"{dof} degrees of freedom, expected more than 0")
    if math.isinf(dof):
        return 2.0
    return float(stdtrit(dof, 0.5 + COVERAGE / 2))


def scaled(measured: Measured, factor: float, unit: str) -> Measured:
    """Return a result in another unit that is ``factor`` times smaller.

    Raises:
        EstimateError: a factor of zero, or not finite.
    """
    if not math.isfinite(factor) or factor == 0:
        raise EstimateError(f"scaled by {factor}, expected a finite number other than 0")
    size = abs(factor)
    budget = tuple(replace(line, u=line.u * size) for line in measured.budget)
    as_read = None if measured.as_read is None else measured.as_read * factor
    return replace(
        measured,
        value=measured.value * factor,
        unit=unit,
        u=measured.u * size,
        budget=budget,
        as_read=as_read,
    )
