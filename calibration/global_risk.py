"""How often decisions about a process are wrong (JCGM 106:2012, clause 9).

The *global consumer's risk* is the share of all units that are accepted and do not conform, the *producer's*
the share that conform and are rejected. Both need the prior: what the process is known to make.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

from scipy.special import ndtr, owens_t

from calibration.errors import EstimateError

if TYPE_CHECKING:
    from calibration.limits import Limits

QUADRATURE_TOLERANCE = 1e-11
REACH = 12.0
"""So many standard deviations away, a normal law is taken to have ended (2·10⁻³³ lie beyond)."""


class Prior(Protocol):
    """What a process makes: any frozen distribution of scipy.stats will do."""

    def pdf(self, x: float, /) -> float:
        """Return the density at ``x``."""
        ...

    def cdf(self, x: float, /) -> float:
        """Return the share at or below ``x``."""
        ...

    def ppf(self, share: float, /) -> float:
        """Return the value that ``share`` of units do not exceed."""
        ...


@dataclass(frozen=True)
class NormalPrior:
    """A process whose true values follow a normal law, in the result's unit.

    Raises:
        EstimateError: not finite, or a standard deviation that is not positive.
    """

    mean: float
    sd: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and math.isfinite(self.sd) and self.sd > 0):
            raise EstimateError(
                f"process mean {self.mean}, standard deviation {self.sd}, expected finite, and more than 0"
            )

    def conformance(self, value: float, u: float, limits: Limits) -> float:
        """Return the probability that a unit measured at ``value`` conforms, its process known (106, 7.4)."""
        share = self.sd**2 / (self.sd**2 + u**2)
        centre = self.mean + share * (value - self.mean)
        spread = u * math.sqrt(share)
        if spread == 0:
            return 1.0 if limits.contain(value) else 0.0
        low, high = ends(limits)
        return float(max(0.0, ndtr((high - centre) / spread) - ndtr((low - centre) / spread)))


@dataclass(frozen=True)
class Risk:
    """Shares of all units: accepted though not conforming, and rejected though conforming."""

    consumer: float
    producer: float


def global_risk(prior: NormalPrior | Prior, u: float, limits: Limits, guard: float = 0.0) -> Risk:
    """Return the risks of accepting results that lie inside the limits by ``guard`` (JCGM 106, 9.3.2, 9.3.3).

    Errors of measurement are normal. A normal prior is solved in closed form (Owen's T function), any other
    by quadrature.

    Args:
        prior: true values the process makes.
        u: standard uncertainty of the measurement.
        limits: tolerance limits; all in the result's unit.
        guard: width of the guard band; negative to accept beyond the limits.

    Raises:
        EstimateError: u negative or not finite, or a guard that leaves nothing to accept.
    """
    if not (math.isfinite(u) and u >= 0):
        raise EstimateError(f"u = {u}, expected a finite number, not negative")
    low, high = ends(limits)
    if not math.isfinite(guard) or low + guard > high - guard:
        raise EstimateError(f"guard band {guard}, expected less than half of what the limits leave")
    if isinstance(prior, NormalPrior):
        return _normal_risk(prior, u, (low, high), (low + guard, high - guard))
    return _any_risk(prior, u, (low, high), (low + guard, high - guard))


def ends(limits: Limits) -> tuple[float, float]:
    """Return both limits, infinite where there is none."""
    low = -math.inf if limits.lower is None else limits.lower
    high = math.inf if limits.upper is None else limits.upper
    return low, high


def _normal_risk(
    prior: NormalPrior, u: float, tolerance: tuple[float, float], accepted: tuple[float, float]
) -> Risk:
    total = math.hypot(prior.sd, u)
    correlation = prior.sd / total
    y = [(end - prior.mean) / prior.sd for end in tolerance]
    seen = [(end - prior.mean) / total for end in accepted]
    conforming = float(ndtr(y[1]) - ndtr(y[0]))
    passing = float(ndtr(seen[1]) - ndtr(seen[0]))
    both = (
        _both_below(y[1], seen[1], correlation) - _both_below(y[0], seen[1], correlation)
        - _both_below(y[1], seen[0], correlation) + _both_below(y[0], seen[0], correlation)
    )  # fmt: skip
    return Risk(max(0.0, passing - both), max(0.0, conforming - both))


def _both_below(h: float, k: float, correlation: float) -> float:
    """Return P(X ≤ h, Y ≤ k) of two standard normal variables (Owen 1956, eq. 2.1)."""
    if -math.inf in (h, k):
        return 0.0
    if h == math.inf or k == math.inf or correlation >= 1.0:
        return float(ndtr(min(h, k)))
    if h == 0 and k == 0:
        return 0.25 + math.asin(correlation) / (2 * math.pi)
    rest = math.sqrt((1.0 - correlation) * (1.0 + correlation))

    def wedge(a: float, b: float) -> float:
        if a == 0:
            return math.copysign(0.25, b)  # T(0, ±∞)
        return float(owens_t(a, (b - correlation * a) / (a * rest)))

    apart = 0.5 if h * k < 0 or (h * k == 0 and h + k < 0) else 0.0
    return float(0.5 * (ndtr(h) + ndtr(k)) - wedge(h, k) - wedge(k, h) - apart)


def _any_risk(prior: Prior, u: float, tolerance: tuple[float, float], accepted: tuple[float, float]) -> Risk:
    from scipy.integrate import quad

    first, last = float(prior.ppf(0.0)), float(prior.ppf(1.0))

    def share(low: float, high: float, taken: bool) -> float:
        """Integrate over true values from low to high the share that is accepted (or rejected)."""

        def density(y: float) -> float:
            inside = _accepted(y, u, accepted)
            return float(prior.pdf(y)) * (inside if taken else 1.0 - inside)

        low, high = max(low, first), min(high, last)
        if low >= high:
            return 0.0
        # Near the edges of acceptance the integrand turns within a few u: cut there.
        edges = [edge + side * u for edge in accepted if math.isfinite(edge) for side in (-REACH, 0.0, REACH)]
        cuts = [low, *sorted(edge for edge in edges if low < edge < high), high]
        parts = pairwise(cuts)
        return math.fsum(
            quad(density, a, b, epsabs=QUADRATURE_TOLERANCE, epsrel=QUADRATURE_TOLERANCE, limit=200)[0]
            for a, b in parts
        )

    consumer = share(-math.inf, tolerance[0], True) + share(tolerance[1], math.inf, True)
    return Risk(consumer, share(*tolerance, False))


def _accepted(y: float, u: float, accepted: tuple[float, float]) -> float:
    if u == 0:
        return 1.0 if accepted[0] <= y <= accepted[1] else 0.0
    return float(ndtr((accepted[1] - y) / u) - ndtr((accepted[0] - y) / u))
