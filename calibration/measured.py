"""A measurement result: value, unit, standard uncertainty, degrees of freedom and a named budget."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy.special import stdtrit

from calibration.errors import EstimateError

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
    """

    value: float
    unit: str
    u: float
    dof: float
    k: float
    budget: tuple[Contribution, ...] = ()
    as_read: float | None = None

    @property
    def U(self) -> float:
        """Expanded uncertainty, k·u."""
        return self.k * self.u

    def __str__(self) -> str:
        return f"{self.value:.6g} ± {self.U:.2g} {self.unit} (k = {self.k:.2f})"


def combine(
    value: float, unit: str, budget: Sequence[Contribution], *, as_read: float | None = None
) -> Measured:
    """Combine independent contributions into a result.

    u² = Σ uᵢ² (GUM 5.1.2); effective degrees of freedom after Welch–Satterthwaite, u⁴/Σ(uᵢ⁴/νᵢ)
    (GUM G.4.1); k from Student's law for :data:`COVERAGE` (GUM G.3).

    Raises:
        EstimateError: the value is not finite.
    """
    if not math.isfinite(value):
        raise EstimateError(f"value {value} {unit}, expected a finite number")
    u = math.sqrt(sum(line.u**2 for line in budget))
    spread = sum(line.u**4 / line.dof for line in budget)
    dof = u**4 / spread if spread > 0 else math.inf
    return Measured(value, unit, u, dof, coverage_factor(dof), tuple(budget), as_read)


def exact(value: float, unit: str = "1") -> Measured:
    """Return a count or a yes/no as a result without uncertainty."""
    return Measured(float(value), unit, 0.0, math.inf, 2.0)


def coverage_factor(dof: float) -> float:
    """Return k for :data:`COVERAGE`, two-sided, with ``dof`` degrees of freedom (GUM table G.2)."""
    if math.isinf(dof):
        return 2.0
    return float(stdtrit(dof, 0.5 + COVERAGE / 2))


def scaled(measured: Measured, factor: float, unit: str) -> Measured:
    """Return a result in another unit that is ``factor`` times smaller."""
    size = abs(factor)
    budget = tuple(replace(line, u=line.u * size) for line in measured.budget)
    as_read = None if measured.as_read is None else measured.as_read * factor
    return Measured(
        measured.value * factor, unit, measured.u * size, measured.dof, measured.k, budget, as_read
    )
