"""Verdicts on gauges: AIAG's own study, cases whose answer is plain, and readings that allow none."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import pytest

from calibration.errors import EstimateError
from reports.gauge_plots import plot_gauge
from reports.gauge_report import Use, judge_bias, judge_grr, judge_linearity, judge_stability
from tests.support.gauge_readings import aiag, known, readings


def test_aiags_own_study_is_conditional_with_five_categories() -> None:
    verdict = judge_grr(aiag(), None)
    assert verdict.use is Use.CONDITIONAL
    # The manual prints 27.86 % of the study's variation and ndc 4.861, cut to 4; see the data's source.
    assert "27.9 % of the study's variation" in verdict.why[0]
    assert verdict.figures["ndc"] == 4


@pytest.mark.parametrize(
    ("tolerance", "use"), [(30.0, Use.ACCEPTABLE), (10.0, Use.CONDITIONAL), (3.0, Use.NOT_ACCEPTABLE)]
)
def test_the_tolerance_decides_where_there_is_one(tolerance: float, use: Use) -> None:
    verdict = judge_grr(aiag(), tolerance)
    assert verdict.use is use
    assert "of the tolerance" in verdict.why[0]


def test_a_bias_that_chance_explains_is_acceptable_and_one_beyond_the_stated_uncertainty_is_not() -> None:
    noise = np.random.default_rng(3).normal(0.0, 0.02, 25)
    noise -= noise.mean()
    for offset, use in ((0.001, Use.ACCEPTABLE), (0.05, Use.CONDITIONAL), (0.2, Use.NOT_ACCEPTABLE)):
        frame = readings([*(1.0 + offset + noise)])
        verdict = judge_bias(frame, known(frame, 1.0), 0.0, None)
        assert verdict.use is use, verdict
        assert verdict.figures["bias"] == pytest.approx(offset)


def test_a_gauge_too_coarse_for_its_tolerance_is_not_acceptable_though_unbiased() -> None:
    noise = np.random.default_rng(3).normal(0.0, 0.02, 25)
    centred = readings([*(1.0 + noise - noise.mean())])
    assert judge_bias(centred, known(centred, 1.0), 0.0, 2.0).use is Use.ACCEPTABLE
    verdict = judge_bias(centred, known(centred, 1.0), 0.0, 0.2)
    assert verdict.use is Use.NOT_ACCEPTABLE
    assert "Cg" in verdict.why[-1]


def test_a_bias_that_grows_with_depth_is_found() -> None:
    random = np.random.default_rng(5)
    depth = [d for d in (0.5, 1.0, 1.5, 2.0) for _ in range(6)]
    true = {d: 1.02 * d for d in (0.5, 1.0, 1.5, 2.0)}
    noise = random.normal(0.0, 0.005, len(depth))
    right = readings([true[d] + e for d, e in zip(depth, noise, strict=True)], depth=depth)
    assert judge_linearity(right, known(right, true)).use is Use.ACCEPTABLE
    steep = readings([true[d] * 1.1 + e for d, e in zip(depth, noise, strict=True)], depth=depth)
    verdict = judge_linearity(steep, known(steep, true))
    assert verdict.use is Use.NOT_ACCEPTABLE
    assert verdict.figures["slope"] == pytest.approx(0.1, abs=0.01)


def test_a_step_between_occasions_is_found_and_named() -> None:
    occasion = [float(i) for i in range(1, 13) for _ in range(3)]
    means = [0.002, -0.001, -0.003, 0.001, 0.003, -0.002] * 2
    values = np.array([mean + off for mean in means for off in (-0.01, 0.0, 0.01)])
    assert judge_stability(readings([*values], occasion=occasion)).use is Use.ACCEPTABLE
    values[30:33] += 0.2
    verdict = judge_stability(readings([*values], occasion=occasion))
    assert verdict.use is Use.NOT_ACCEPTABLE
    assert any("11" in reason for reason in verdict.why)


def test_missing_readings_allow_no_verdict() -> None:
    frame = aiag()
    frame.loc[3, "value"] = float("nan")
    frame.loc[3, "problem"] = "the wire is open"
    with pytest.raises(EstimateError, match="1 of 90 readings are missing"):
        judge_grr(frame, None)
    with pytest.raises(EstimateError, match="complete the study"):
        judge_grr(aiag().iloc[1:], None)


@pytest.mark.parametrize("some", [{}, {0: 0.51, 2: 1.01}])
def test_a_point_without_a_reference_is_told(some: Mapping[int, float]) -> None:
    frame = readings([0.5, 0.5, 1.0, 1.0], depth=[0.5, 0.5, 1.0, 1.0])
    for judge in (judge_linearity, lambda f, references: judge_bias(f, references, 0.0, None)):
        with pytest.raises(EstimateError, match="no reference value for points"):
            judge(frame, some)


def test_each_reading_is_held_against_its_own_reference() -> None:
    random = np.random.default_rng(11)
    true, noise = random.normal(42.3, 0.03, 25), random.normal(0.0, 0.001, 25)
    frame = readings([*(true + noise - noise.mean())])
    verdict = judge_bias(frame, dict(enumerate(true)), 0.0, None)
    assert verdict.use is Use.ACCEPTABLE
    assert verdict.figures["sd"] == pytest.approx(0.001, rel=0.3)


def test_a_verdict_is_plain_data_whatever_was_found() -> None:
    told = judge_grr(aiag(), 10.0).to_json()
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_every_kind_can_be_drawn() -> None:
    depth = [d for d in (0.5, 1.0, 1.5) for _ in range(4)]
    values = [d + 0.001 * i for i, d in enumerate(depth)]
    linear = readings(values, depth=depth, occasion=depth)
    for verdict, frame in (
        (judge_grr(aiag(), None), aiag()),
        (judge_bias(linear, known(linear, 1.0), 0.0, None), linear),
        (judge_linearity(linear, known(linear, {0.5: 0.5, 1.0: 1.0, 1.5: 1.5})), linear),
        (judge_stability(linear), linear),
    ):
        assert plot_gauge(verdict, frame).startswith(b"\x89PNG")
