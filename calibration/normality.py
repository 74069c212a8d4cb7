"""Does a sample look normal? Asked before a statement that stands on it, such as a tolerance interval.

A sample that passes is not shown to be normal: small ones hide much. One that does not pass must not be used
as if it were; what needs no law is in :mod:`calibration.sample_size`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from calibration.errors import EstimateError
from calibration.subgroup import as_values

LEAST_SAMPLE, LARGEST_SAMPLE = 3, 5000
"""Sizes for which the test's p-value was worked out (Royston 1995)."""


@dataclass(frozen=True)
class Normality:
    """What Shapiro and Wilk's test says of a sample.

    Args:
        w: their statistic; 1 for values that lie as those of a normal law are expected to.
        p: probability of so small a ``w`` from a normal law.
        n: values in the sample.
    """

    w: float
    p: float
    n: int

    def is_rejected(self, significance: float = 0.05) -> bool:
        """Say whether a normal law is refused; one sample of a normal law in 1/``significance`` is."""
        return self.p < significance


def shapiro_wilk(values: ArrayLike) -> Normality:
    """Return Shapiro and Wilk's test of a sample (Biometrika 52, 1965; p by Royston's AS R94, 1995).

    Args:
        values: shape (n,), 3 ≤ n ≤ 5000, independent.

    Raises:
        EstimateError: too few or too many values, not finite, or all equal.
    """
    from scipy.stats import shapiro

    sample = as_values(values, "sample", ndim=1, least=LEAST_SAMPLE)
    if len(sample) > LARGEST_SAMPLE:
        raise EstimateError(f"sample of {len(sample)}, expected {LARGEST_SAMPLE} values at most")
    if np.ptp(sample) == 0:
        raise EstimateError("all values equal: no scatter to judge by; is the resolution too coarse?")
    # About their own mean and scatter: the statistic does not change, and no digit is lost to a large offset.
    w, p = shapiro((sample - sample.mean()) / sample.std(ddof=1))
    return Normality(float(w), float(p), len(sample))
