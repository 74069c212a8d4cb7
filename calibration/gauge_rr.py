"""Gauge repeatability and reproducibility: how much of what is seen is the gauge's own doing.

Crossed studies, where every appraiser measures every part several times, by analysis of variance or by
averages and ranges; nested ones, for tests that consume the part, where every appraiser has parts of
their own. An appraiser may be a person, a station or a shift. All effects are random.

Terms and formulas: AIAG, Measurement Systems Analysis, 4th ed. 2010, ch. III and app. A. An estimated
variance below zero counts as zero. The average-and-range method gives no confidence intervals.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.control_chart import factors
from calibration.errors import EstimateError
from calibration.gauge_study import Component, GaugeStudy, components_of
from calibration.subgroup import as_share, as_values, d2, d2_star
from calibration.variance_components import Combination, MeanSquare, f_test

Floats = NDArray[np.float64]

POOLING_ALPHA = 0.05
"""The interaction is pooled with repeatability unless significant at this level: AIAG's; some take 0.25."""


def crossed_anova(
    readings: ArrayLike,
    *,
    tolerance: float | None = None,
    pooling_alpha: float = POOLING_ALPHA,
    confidence: float = 0.95,
) -> GaugeStudy:
    """Analyse a crossed study by two-way analysis of variance with interaction.

    Pooling rule: unless the interaction is significant at ``pooling_alpha`` (F against repeatability, p ≤
    alpha), its sum of squares and degrees of freedom join those of repeatability. At 1 it is never pooled.

    Args:
        readings: shape (parts, appraisers, trials), each 2 or more.
        tolerance: width between the limits, in the unit of the readings.
        pooling_alpha: level of the test, 0 to 1.
        confidence: of the intervals.

    Raises:
        EstimateError: wrong shape, not finite, trials all equal, or an option out of range.
    """
    values = _design(readings, ("parts", "appraisers", "trials"))
    if not 0 <= pooling_alpha <= 1:
        raise EstimateError(f"pooling_alpha {pooling_alpha}, expected 0 to 1")
    part, appraiser, interaction, error = _two_way(values)
    f, p = f_test(interaction, error)
    pooled = p > pooling_alpha
    if pooled:
        error = error.pooled(interaction)
    crossing = error if pooled else interaction
    parts, appraisers, trials = values.shape
    sources = {
        "repeatability": Combination.of(error),
        "appraiser": Combination.difference(appraiser, crossing, parts * trials),
        "part": Combination.difference(part, crossing, appraisers * trials),
    }
    if not pooled:
        sources["interaction"] = Combination.difference(interaction, error, trials)
    table = (part, appraiser, error) if pooled else (part, appraiser, interaction, error)
    components = _estimated(sources, tolerance, confidence)
    return GaugeStudy("crossed ANOVA", components, table, f, p, pooled, confidence=confidence)


def nested_anova(
    readings: ArrayLike, *, tolerance: float | None = None, confidence: float = 0.95
) -> GaugeStudy:
    """Analyse a study in which every appraiser has parts of their own, as tests that destroy the part need.

    The trials on one part are then made on specimens taken to be alike, such as seals of one pouch batch;
    what they differ by counts as repeatability.

    Args:
        readings: shape (appraisers, parts of each, trials), each 2 or more.
        tolerance: width between the limits, in the unit of the readings.
        confidence: of the intervals.

    Raises:
        EstimateError: wrong shape, not finite, trials all equal, or an option out of range.
    """
    values = _design(readings, ("appraisers", "parts of each", "trials"))
    appraisers, parts, trials = values.shape
    by_appraiser, by_part = values.mean((1, 2)), values.mean(2)
    between = _squares(by_appraiser - values.mean()) * parts * trials
    appraiser = MeanSquare("appraiser", between, appraisers - 1)
    within = _squares(by_part - by_appraiser[:, None]) * trials
    part = MeanSquare("part", within, appraisers * (parts - 1))
    error = _repeatability(values)
    sources = {
        "repeatability": Combination.of(error),
        "appraiser": Combination.difference(appraiser, part, parts * trials),
        "part": Combination.difference(part, error, trials),
    }
    components = _estimated(sources, tolerance, confidence)
    return GaugeStudy("nested ANOVA", components, (appraiser, part, error), confidence=confidence)


def one_way_anova(
    readings: ArrayLike, *, tolerance: float | None = None, confidence: float = 0.95
) -> GaugeStudy:
    """Analyse a study without appraisers: one automatic station measures every part several times.

    Args:
        readings: shape (parts, trials), each 2 or more.
        tolerance: width between the limits, in the unit of the readings.
        confidence: of the intervals.

    Raises:
        EstimateError: wrong shape, not finite, trials all equal, or an option out of range.
    """
    values = _design(readings, ("parts", "trials"))
    parts, trials = values.shape
    part = MeanSquare("part", _squares(values.mean(1) - values.mean()) * trials, parts - 1)
    error = _repeatability(values)
    sources = {
        "repeatability": Combination.of(error),
        "part": Combination.difference(part, error, trials),
    }
    components = _estimated(sources, tolerance, confidence)
    return GaugeStudy("one-way ANOVA", components, (part, error), confidence=confidence)


def average_and_range(readings: ArrayLike, *, tolerance: float | None = None) -> GaugeStudy:
    """Analyse a crossed study by averages and ranges (AIAG MSA 4, fig. III-B 15 and 16).

    EV = R̄/d2, AV² = (X̄diff/d2*)² − EV²/(parts·trials), PV = Rp/d2*, with exact factors instead of the
    tabled K1, K2, K3. An interaction of part and appraiser goes unseen; prefer :func:`crossed_anova`.

    Args:
        readings: shape (parts, appraisers, trials), each 2 or more.
        tolerance: width between the limits, in the unit of the readings.

    Raises:
        EstimateError: wrong shape, not finite, trials all equal, or a tolerance that is not positive.
    """
    values = _design(readings, ("parts", "appraisers", "trials"))
    parts, appraisers, trials = values.shape
    _repeatability(values)
    ranges = np.ptp(values, axis=2)
    repeatability = (ranges.mean() / d2(trials)) ** 2
    seen = (np.ptp(values.mean((0, 2))) / d2_star(appraisers, 1)) ** 2
    variances = {
        "repeatability": float(repeatability),
        "appraiser": float(seen - repeatability / (parts * trials)),
        "part": float((np.ptp(values.mean((1, 2))) / d2_star(parts, 1)) ** 2),
    }
    limit = float(factors(trials).D4 * ranges.mean())
    outside = tuple((int(part), int(appraiser)) for part, appraiser in np.argwhere(ranges > limit))
    components = components_of(variances, {}, tolerance)
    return GaugeStudy("average and range", components, range_limit=limit, ranges_outside=outside)


def _design(readings: ArrayLike, axes: tuple[str, ...]) -> Floats:
    values = as_values(readings, "readings", ndim=len(axes))
    if min(values.shape) < 2:
        found = ", ".join(f"{size} {name}" for size, name in zip(values.shape, axes, strict=True))
        raise EstimateError(f"{found}; expected two or more of each")
    return values


def _two_way(values: Floats) -> tuple[MeanSquare, MeanSquare, MeanSquare, MeanSquare]:
    """Mean squares of part, appraiser, interaction and repeatability."""
    parts, appraisers, trials = values.shape
    grand, by_cell = values.mean(), values.mean(2)
    part, appraiser = by_cell.mean(1) - grand, by_cell.mean(0) - grand
    crossing = by_cell - grand - part[:, None] - appraiser[None, :]
    return (
        MeanSquare("part", _squares(part) * appraisers * trials, parts - 1),
        MeanSquare("appraiser", _squares(appraiser) * parts * trials, appraisers - 1),
        MeanSquare("interaction", _squares(crossing) * trials, (parts - 1) * (appraisers - 1)),
        _repeatability(values),
    )


def _repeatability(values: Floats) -> MeanSquare:
    trials = values.shape[-1]
    error = MeanSquare(
        "repeatability",
        _squares(values - values.mean(-1, keepdims=True)),
        values[..., 0].size * (trials - 1),
    )
    # Equal trials can leave a last-bit difference from their mean behind: nothing that was measured.
    if math.sqrt(error.value) <= 1e-12 * float(np.abs(values).max()):
        raise EstimateError("all trials agree: the gauge's resolution hides its scatter; read it finer")
    return error


def _squares(deviations: Floats) -> float:
    return float(np.sum(deviations**2))


def _estimated(
    sources: Mapping[str, Combination], tolerance: float | None, confidence: float
) -> dict[str, Component]:
    """Components with intervals, from the combination of mean squares that estimates each source."""
    as_share(confidence, "confidence")
    variances = {name: source.variance for name, source in sources.items()}
    gauge = sum((source for name, source in sources.items() if name != "part"), Combination(()))
    wanted = {**sources, "gauge": gauge, "total": gauge + sources["part"]}
    intervals = {name: source.interval(confidence) for name, source in wanted.items()}
    return components_of(variances, intervals, tolerance)
