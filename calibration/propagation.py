"""From inputs and a model equation to a result: to first order where that will do, else by Monte Carlo.

:func:`measure` does both, compares them as JCGM 101 clause 8 says, and tells which one it used.
Inputs are independent: what two of them share (a temperature, a certificate) is an input of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from calibration.errors import EstimateError
from calibration.input_quantity import Distribution, Floats, Input, Model, estimates, line_name
from calibration.measured import Contribution, Measured, combine
from calibration.monte_carlo import (
    BLOCK,
    SEED,
    Distributed,
    Interval,
    monte_carlo,
    numerical_tolerance,
    run,
)

__all__ = ["Distribution", "Input", "Method", "Propagated", "first_order", "measure", "propagate"]

VALIDATING_SHARE = 0.2
"""Monte Carlo that judges the first order is drawn to a fifth of the tolerance (JCGM 101, 8.2)."""

VALIDATING_TRIALS = 2_000_000
"""So many place the ends of a normal law's interval within 0.004·u: finer than two digits of u ever ask."""

REST = "non-linearity, inputs together"

DERIVATIVE_STEP = math.cbrt(np.finfo(float).eps)
DERIVATIVES_AGREE = 1e-3


class Method(StrEnum):
    """How uncertainty was propagated."""

    FIRST_ORDER = "first order"
    MONTE_CARLO = "Monte Carlo"


@dataclass(frozen=True)
class Propagated:
    """A result and how it was come by.

    Args:
        measured: the result with its budget. By Monte Carlo, ``u`` is the standard deviation of all trials
            and ``U`` reaches from the value to the farther end of the interval.
        method: which of the two gave it.
        interval: coverage interval found by Monte Carlo; None when nothing was drawn.
        trials: how many were drawn.
        low_shift, high_shift: how far the first order's ends lie from Monte Carlo's.
        tolerance: how far they may (half the last digit of u that counts).
    """

    measured: Measured
    method: Method
    interval: Interval | None = None
    trials: int = 0
    low_shift: float = math.nan
    high_shift: float = math.nan
    tolerance: float = math.nan


def measure(
    model: Model, inputs: Mapping[str, Input], unit: str, *, digits: int = 2, shortest: bool = False,
    maximum: int = VALIDATING_TRIALS, rng: np.random.Generator | None = None,
) -> Propagated:  # fmt: skip
    """Propagate both ways and keep the first order where Monte Carlo agrees with it (JCGM 101, 8.1).

    Args:
        model: function of the inputs' names, of operators and numpy functions.
        inputs: by the names of the model's arguments.
        unit: the result's.
        digits: significant digits of u in which both must agree.
        shortest: compare with, and give, the shortest coverage interval.
        maximum: draw no more, though the comparison would be finer.
        rng: source of random numbers; one with a fixed seed when missing.

    Raises:
        EstimateError: see :func:`first_order` and :func:`~calibration.monte_carlo.monte_carlo`.
    """
    linear = first_order(model, inputs, unit)
    found = monte_carlo(
        model, inputs, digits=digits, tolerance_share=VALIDATING_SHARE, shortest=shortest,
        maximum=maximum, rng=rng,
    )  # fmt: skip
    low = abs(linear.value - linear.U - found.interval[0])
    high = abs(linear.value + linear.U - found.interval[1])
    tolerance = numerical_tolerance(found.u, digits)
    # Where trials ran out first, the ends themselves are no better known than by their noise.
    agree = max(low, high) <= tolerance + (0.0 if found.settled else found.end_noise)
    measured = linear if agree else _from_trials(model, inputs, unit, found)
    method = Method.FIRST_ORDER if agree else Method.MONTE_CARLO
    return Propagated(measured, method, found.interval, found.trials, low, high, tolerance)


def propagate(
    model: Model, inputs: Mapping[str, Input], unit: str, method: Method, *, digits: int = 2,
    shortest: bool = False, rng: np.random.Generator | None = None,
) -> Propagated:  # fmt: skip
    """Propagate by one stated method, without comparing (arguments as in :func:`measure`)."""
    if method is Method.FIRST_ORDER:
        return Propagated(first_order(model, inputs, unit), method)
    found = monte_carlo(model, inputs, digits=digits, shortest=shortest, rng=rng)
    return Propagated(_from_trials(model, inputs, unit, found), method, found.interval, found.trials)


def first_order(model: Model, inputs: Mapping[str, Input], unit: str) -> Measured:
    """Propagate by the law of propagation of uncertainty, first order (GUM 5.1.2).

    Sensitivities are derivatives by GTC. A model it cannot follow is differenced over ±u instead
    (GUM 5.1.3, note 2).

    Returns:
        The result; effective degrees of freedom after Welch–Satterthwaite, one budget line per input.

    Raises:
        EstimateError: no inputs, or the model is not finite at or near the estimates.
    """
    at = estimates(inputs)
    value = _evaluate(model, at)
    near = _differences(model, inputs, {name: _small_step(source) for name, source in inputs.items()})
    sizes = np.array([source.u for source in inputs.values()])
    parts = _gtc_parts(model, inputs)
    # GTC gives some functions (the modulus) without uncertainty and without a word, so it is checked.
    slack = DERIVATIVES_AGREE * float(np.abs(near * sizes).max())
    if parts is None or not np.allclose(parts, near * sizes, rtol=DERIVATIVES_AGREE, atol=slack):
        wide = {name: source.u or _small_step(source) for name, source in inputs.items()}
        parts = _differences(model, inputs, wide) * sizes
    lines = [
        Contribution(line_name(name, source), abs(float(part)), source.dof)
        for (name, source), part in zip(inputs.items(), parts, strict=True)
    ]
    return combine(value, unit, lines)


def _gtc_parts(model: Model, inputs: Mapping[str, Input]) -> Floats | None:
    """Return each input's signed part of the result's uncertainty; None when GTC cannot follow the model."""
    from GTC import la, rp, ureal

    sources = {name: ureal(source.value, source.u) for name, source in inputs.items()}
    try:
        # Arrays of one, because GTC's numbers know numpy's functions only as arrays.
        result = model(**{name: la.uarray([source]) for name, source in sources.items()})
        number = np.asarray(result, dtype=object).ravel()[0]
        return np.array([rp.u_component(number, source) for source in sources.values()], dtype=float)
    except (TypeError, ValueError, ArithmeticError, AttributeError, RuntimeError):
        return None


def _differences(model: Model, inputs: Mapping[str, Input], steps: Mapping[str, float]) -> Floats:
    """Return central differences of the model by each input."""
    at = estimates(inputs)
    slopes = []
    for name, step in steps.items():
        above = _evaluate(model, {**at, name: at[name] + step})
        below = _evaluate(model, {**at, name: at[name] - step})
        slopes.append((above - below) / (2.0 * step))
    return np.array(slopes)


def _small_step(source: Input) -> float:
    return max(DERIVATIVES_AGREE * source.u, DERIVATIVE_STEP * abs(source.value)) or DERIVATIVE_STEP


def _evaluate(model: Model, at: Mapping[str, float]) -> float:
    try:
        with np.errstate(all="ignore"):
            value = float(model(**at))
    except (TypeError, ValueError, ArithmeticError) as error:
        raise EstimateError(f"the model cannot be evaluated at {dict(at)}: {error}") from error
    if not math.isfinite(value):
        raise EstimateError(f"the model gives {value} at {dict(at)}, expected a finite number")
    return value


def _from_trials(model: Model, inputs: Mapping[str, Input], unit: str, found: Distributed) -> Measured:
    """Return a Monte Carlo result; U is not less than either side of the interval.

    Budget lines are what each input gives alone, the others held at their estimates (JCGM 101, B.1); what
    they give only together is a line of its own.
    """
    lines = []
    for number, (name, source) in enumerate(inputs.items()):
        alone = {other: Input(quantity.value, 0.0) for other, quantity in inputs.items()} | {name: source}
        drawn = run(model, alone, BLOCK, np.random.default_rng((SEED, number)))
        lines.append(Contribution(line_name(name, source), float(drawn.std(ddof=1)), source.dof))
    rest = found.u**2 - sum(line.u**2 for line in lines)
    lines.append(Contribution(REST, math.sqrt(max(0.0, rest))))
    low, high = found.interval
    k = max(high - found.value, found.value - low) / found.u if found.u else 2.0
    return Measured(found.value, unit, found.u, math.inf, k, tuple(lines))
