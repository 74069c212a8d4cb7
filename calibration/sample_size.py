"""How many units to test, and what testing them has shown: pass or fail, no normal law needed.

Every plan here is the same statement about a binomial count: if the share of good units were only just
``reliability``, then at most ``failures`` failures among n units would be seen with a probability of at
most 1 − ``confidence``. With no failures it is the success run, n = ln(1 − C)/ln R; with the count of
values outside the extremes of a sample it is Wilks's distribution-free tolerance interval (Wilks 1941).
"""

from __future__ import annotations

import math

from scipy.special import bdtr, betainc, betaincinv

from calibration.errors import EstimateError
from calibration.subgroup import as_share

LARGEST_SAMPLE = 10**9

_ROUNDING = 1e-12
"""Share by which a risk met exactly may seem missed: 2 units at 50 % show 75 %, whatever the last bit."""


def attribute_sample_size(*, confidence: float, reliability: float, failures: int = 0) -> int:
    """Return the fewest units to test so that at most ``failures`` failures show ``reliability``.

    Exact binomial (Hahn and Meeker, Statistical Intervals, 1991, ch. 9).

    Args:
        confidence: probability that a lot worse than ``reliability`` does not pass, between 0 and 1.
        reliability: share of good units to be shown, between 0 and 1.
        failures: failures that still pass.

    Raises:
        EstimateError: a share out of range, failures negative, or more than a billion units.
    """
    as_share(confidence, "confidence")
    as_share(reliability, "reliability")
    _count(failures, "failures")
    risk = (1 - confidence) * (1 + _ROUNDING) + math.ulp(1.0)

    def enough(n: int) -> bool:
        return float(bdtr(failures, n, 1 - reliability)) <= risk

    high = failures + 1
    while not enough(high):
        high *= 2
        if high > LARGEST_SAMPLE:
            raise EstimateError(
                f"reliability {reliability}: more than {LARGEST_SAMPLE} units needed; ask for less"
            )
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if middle > failures and enough(middle) else (middle, high)
    return high


def success_run(*, confidence: float, reliability: float) -> int:
    """Return the units to test without a single failure: the least n with Rⁿ ≤ 1 − C."""
    return attribute_sample_size(confidence=confidence, reliability=reliability)


def wilks_sample_size(*, confidence: float, coverage: float, sides: int = 2, order: int = 1) -> int:
    """Return the sample whose extremes hold ``coverage`` of any continuous population (Wilks 1941).

    Args:
        confidence: probability that they do, between 0 and 1.
        coverage: share of the population, between 0 and 1.
        sides: 2 for an interval, 1 for a lower or an upper bound only.
        order: 1 for the extremes themselves, 2 for the values next to them, and so on.

    Raises:
        EstimateError: a share out of range, or sides or order not as above.
    """
    as_share(coverage, "coverage")
    if sides not in (1, 2):
        raise EstimateError(f"{sides} sides, expected 1 or 2")
    if order < 1:
        raise EstimateError(f"order {order}, expected 1 or more")
    return attribute_sample_size(confidence=confidence, reliability=coverage, failures=sides * order - 1)


def wilks_coverage(n: int, *, confidence: float = 0.95, sides: int = 2) -> float:
    """Return the share of any continuous population that the extremes of ``n`` values hold (Wilks 1941).

    Args:
        n: values in the sample, at least as many as sides.
        confidence: probability that they hold at least that share, between 0 and 1.
        sides: 2 for the interval between the extremes, 1 for what lies on one side of one of them.

    Raises:
        EstimateError: too few values, sides not as above, or the confidence out of range.
    """
    if sides not in (1, 2):
        raise EstimateError(f"{sides} sides, expected 1 or 2")
    return reliability_shown(n, sides - 1, confidence=confidence)


def reliability_shown(units: int, failures: int = 0, *, confidence: float = 0.95) -> float:
    """Return the lower confidence limit of the share of good units (Clopper and Pearson 1934).

    Raises:
        EstimateError: no units, failures not within 0 to units, or the confidence out of range.
    """
    _outcome(units, failures)
    as_share(confidence, "confidence")
    return 0.0 if failures == units else float(betaincinv(units - failures, failures + 1, 1 - confidence))


def confidence_shown(units: int, failures: int = 0, *, reliability: float) -> float:
    """Return the confidence with which a test shows ``reliability``: 1 − P(this few failures or fewer).

    Raises:
        EstimateError: no units, failures not within 0 to units, or the reliability out of range.
    """
    as_share(reliability, "reliability")
    return 1.0 - acceptance_probability(1 - reliability, units=units, failures=failures)


def acceptance_probability(defective: float, *, units: int, failures: int = 0) -> float:
    """Return the probability that a lot passes a plan: its operating characteristic.

    Args:
        defective: share of bad units in the lot, 0 to 1.
        units: units tested.
        failures: failures that still pass.

    Raises:
        EstimateError: no units, failures not within 0 to units, or the share out of range.
    """
    _outcome(units, failures)
    if not 0 <= defective <= 1:
        raise EstimateError(f"share of bad units {defective}, expected 0 to 1")
    return 1.0 if failures == units else float(betainc(units - failures, failures + 1, 1 - defective))


def _outcome(units: int, failures: int) -> None:
    if units < 1:
        raise EstimateError(f"{units} units tested, expected one or more")
    _count(failures, "failures")
    if failures > units:
        raise EstimateError(f"{failures} failures among {units} units, expected no more than units")


def _count(value: int, what: str) -> None:
    if value < 0 or value != int(value):
        raise EstimateError(f"{what} {value}, expected a whole number, not negative")
