"""Where a yes or no turns over: the setting at which half of all trials succeed.

At each visit of a setting x some of N trials succeed: as soon as the first of a few competitors does
(needles, each with a normal error of σ), so the share is 1 − (1 − Φ((x − x50)/σ + c))³, with c such that
it is ½ at x50. A share of successes is never seen (lapse), and every visit is off by something of its own,
common to its trials: another place on the film, another approach. So counts scatter more than a binomial
law lets them, and a hundred trials at one place are not worth a hundred places: they follow a beta-binomial
law, whose correlation ρ between the trials of a visit is found with the rest.

x50, σ, ρ and the lapse are weighed on a grid by their likelihood (Bayes: half-Cauchy law of σ, √ρ
anywhere alike); x50 is the mean of its law, and its standard uncertainty the law's standard deviation. So a
transition that is sharper than the steps is known to a part of the step, not to nothing. Functions with
lapse: Wichmann and Hill, Percept. Psychophys. 63 (2001) 1293; beta-binomial: Schütt et al., Vision Res.
122 (2016) 105.

Refused: counts that do not pass from few to many as the setting grows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtr, ndtri

from calibration.errors import EstimateError

Floats = NDArray[np.float64]

MINIMUM_VISITS = 4
FEW, MANY = 1 / 3, 2 / 3
FEWEST_TRIALS = 5
"""A visit with fewer trials says nothing by itself about few or many."""

COMPETITORS = 3
AT_HALF = float(ndtri(1.0 - 0.5 ** (1.0 / COMPETITORS)))
"""Between a single competitor, whose transition is symmetric, and many, whose transition is Gumbel's."""

WIDTHS_MM = np.geomspace(0.0005, 0.08, 10)
LIKELY_WIDTH_MM = 0.01
WIDTH_PRIOR = WIDTHS_MM / (1.0 + (WIDTHS_MM / LIKELY_WIDTH_MM) ** 2)
"""A half-Cauchy law, on widths of equal ratio: a few visits that look sharp are not taken for sharp."""

CORRELATIONS = np.array([0.05, 0.2, 0.35, 0.5, 0.65, 0.8]) ** 2
LAPSES = np.array([0.002, 0.03])
FALSE_SHARE = 1e-4
PLACES = 31
PADDING_MM = 0.02
ZOOM_SIGMAS = 8.0
CUT_OFF = 1e-3
STEPS_PER_SIGMA = 1.5
MOST_ZOOMS = 8
OUTSIDE = 0.05
"""More of the law than this beyond the outermost settings means that they do not bracket x50."""


@dataclass(frozen=True)
class Transition:
    """Where half the trials succeed, mm, with its standard uncertainty and what the transition looks like.

    ``width_mm`` is σ of one competitor, ``correlation`` that of trials of one visit, ``lapse`` the share of
    successes that goes unseen; all three are means of their laws.
    """

    at_mm: float
    u_mm: float
    width_mm: float
    correlation: float
    lapse: float
    visits: int
    trials: int


def transition(setting_mm: Floats, succeeded: Floats, trials: Floats) -> Transition:
    """Estimate the setting at which half the trials succeed.

    Args:
        setting_mm: setting of each visit, mm, shape (n,); the same may come again.
        succeeded, trials: counts, shape (n,). Visits without trials are left out.

    Raises:
        EstimateError: too few visits, counts that are none, or no transition within the settings.
    """
    x, k, n = _checked(setting_mm, succeeded, trials)
    low, high = _bracket(x, k, n)
    middle = (low + high) / 2
    half = (high - low) / 2 + PADDING_MM
    for _ in range(MOST_ZOOMS):
        places = middle + np.linspace(-half, half, PLACES)
        weights = _weights(places, x, k, n)
        by_place = weights.sum(axis=(1, 2, 3))
        middle = float(by_place @ places)
        u = math.sqrt(float(by_place @ (places - middle) ** 2))
        step = float(places[1] - places[0])
        cut_off = max(by_place[0], by_place[-1]) > CUT_OFF * by_place.max()
        if u >= STEPS_PER_SIGMA * step and not cut_off:
            break
        half = 2 * half if cut_off else max(ZOOM_SIGMAS * u, 2 * step)
    outside = float(by_place[(places < x.min()) | (places > x.max())].sum())
    if outside > OUTSIDE:
        raise EstimateError(
            f"half the trials may succeed beyond the settings from {x.min():.4f} to {x.max():.4f} mm: "
            "expected settings on both sides of it"
        )
    return Transition(
        middle,
        math.hypot(u, step / math.sqrt(12)),
        float(weights.sum(axis=(0, 2, 3)) @ WIDTHS_MM),
        float(weights.sum(axis=(0, 1, 3)) @ CORRELATIONS),
        float(weights.sum(axis=(0, 1, 2)) @ LAPSES),
        len(x),
        int(n.sum()),
    )


def _checked(setting_mm: Floats, succeeded: Floats, trials: Floats) -> tuple[Floats, Floats, Floats]:
    x, k, n = (np.asarray(values, dtype=float) for values in (setting_mm, succeeded, trials))
    if x.ndim != 1 or not x.shape == k.shape == n.shape:
        raise EstimateError(
            f"settings, successes and trials of shapes {x.shape}, {k.shape}, {n.shape}, expected one (n,)"
        )
    if not (np.isfinite(x).all() and np.isfinite(k).all() and np.isfinite(n).all()):
        raise EstimateError("settings or counts that are not finite")
    if (k < 0).any() or (k > n).any() or (k != np.round(k)).any() or (n != np.round(n)).any():
        raise EstimateError("counts that are none: expected whole numbers, 0 ≤ successes ≤ trials")
    x, k, n = (values[n > 0] for values in (x, k, n))
    if len(x) < MINIMUM_VISITS:
        raise EstimateError(f"{len(x)} visits with trials, expected {MINIMUM_VISITS} or more")
    return x, k, n


def _bracket(x: Floats, k: Floats, n: Floats) -> tuple[float, float]:
    """Return settings between which the transition lies, or refuse."""
    telling = n >= FEWEST_TRIALS
    few, many = x[telling & (k < FEW * n)], x[telling & (k > MANY * n)]
    if not len(few) or not len(many):
        missing = "fewer than a third" if not len(few) else "more than two thirds"
        raise EstimateError(
            f"no setting from {x.min():.4f} to {x.max():.4f} mm at which {missing} of the trials succeed: "
            "no transition is bracketed"
        )
    if float(np.median(few)) >= float(np.median(many)):
        raise EstimateError("fewer trials succeed at the larger settings, expected more")
    ends = sorted((float(few.max()), float(many.min())))
    return ends[0], ends[1]


def _weights(places: Floats, x: Floats, k: Floats, n: Floats) -> Floats:
    """Return how likely each (x50, σ, ρ, lapse) is, shape (places, widths, correlations, lapses), sum 1."""
    away = (x[:, None, None] - places[:, None]) / WIDTHS_MM  # (visits, places, widths)
    share = 1.0 - ndtr(-away - AT_HALF) ** COMPETITORS
    seen = FALSE_SHARE + (1.0 - LAPSES - FALSE_SHARE) * share[..., None, None]
    # A beta law with this sum of its two parameters correlates trials by 1/(1 + sum).
    both = (1.0 / CORRELATIONS - 1.0)[:, None]
    yes, no = both * seen, both * (1.0 - seen)
    hits, misses = (counts[:, None, None, None, None] for counts in (k, n - k))
    # The beta-binomial law, but for factors that no parameter changes.
    total = (gammaln(hits + yes) - gammaln(yes) + gammaln(misses + no) - gammaln(no)).sum(axis=0)
    total -= (gammaln(hits + misses + both) - gammaln(both)).sum(axis=0)
    weights: Floats = np.exp(total - total.max()) * WIDTH_PRIOR[:, None, None]
    weights /= weights.sum()
    return weights
