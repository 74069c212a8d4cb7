"""A study's fitted responses: against textbook figures, known truths, and data that allow no answer."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from calibration.errors import EstimateError
from reports.response_model import fit_response
from reports.study_plots import plot_interactions, plot_main_effects


def frame_of(levels: list[dict[str, object]], values: list[float]) -> pd.DataFrame:
    rows = [
        {**level, "response": "y", "value": v, "unit": "mm"} for level, v in zip(levels, values, strict=True)
    ]
    return pd.DataFrame(rows)


def quadratic(noise: float, replicates: int = 2) -> pd.DataFrame:
    """y = 10 + 3·a − 2·b + 1.5·a·b + 0.5·a² in coded units, and a word that does nothing."""
    random = np.random.default_rng(7)
    levels, values = [], []
    for a, b, word in product([-1, 0, 1], [-1, 0, 1], ["one", "two"]):
        for _ in range(replicates):
            levels.append({"depth": 1.0 + 0.5 * a, "rate": 7000.0 + 2000.0 * b, "word": word})
            values.append(10 + 3 * a - 2 * b + 1.5 * a * b + 0.5 * a**2 + noise * random.normal())
    return frame_of(levels, values)


def test_a_known_response_is_recovered() -> None:
    model = fit_response(quadratic(0.05), "y", ["depth", "rate", "word"])
    found = model.coefficients.set_index("name")
    truth = {"centre": 10.0, "depth": 3.0, "rate": -2.0, "depth × rate": 1.5, "depth²": 0.5, "rate²": 0.0}
    for name, value in truth.items():
        assert found.loc[name, "estimate"] == pytest.approx(value, abs=4 * found.loc[name, "u"])
    assert found["u"].max() < 0.05
    assert model.residual_sd == pytest.approx(0.05, rel=0.4)
    p = model.anova.set_index("term")["p"]
    assert (p[["depth", "rate", "depth × rate", "depth²"]] < 1e-6).all()
    assert model.left_out == []


def test_anova_of_a_textbook_factorial() -> None:
    # Montgomery, Design and Analysis of Experiments, 8th ed., table 5.1: life by material, temperature.
    # Published: F material 7.91, temperature 28.97, interaction 3.56; residual mean square 675.21.
    life = {
        ("1", "15"): (130, 155, 74, 180), ("1", "70"): (34, 40, 80, 75), ("1", "125"): (20, 70, 82, 58),
        ("2", "15"): (150, 188, 159, 126), ("2", "70"): (136, 122, 106, 115), ("2", "125"): (25, 70, 58, 45),
        ("3", "15"): (138, 110, 168, 160), ("3", "70"): (174, 120, 150, 139), ("3", "125"): (96, 104, 82, 60),
    }  # fmt: skip
    levels = [{"material": m, "temperature": t} for (m, t), values in life.items() for _ in values]
    frame = frame_of(levels, [float(v) for values in life.values() for v in values])
    model = fit_response(frame, "y", ["material", "temperature"])
    f = model.anova.set_index("term")["F"]
    assert f[["material", "temperature", "material × temperature"]].round(2).tolist() == [7.91, 28.97, 3.56]
    assert model.residual_sd**2 == pytest.approx(675.21, abs=0.005)


def test_too_few_points_leave_squares_out_first_then_interactions() -> None:
    full = quadratic(0.05, replicates=1)
    some = full[full["word"] == "one"].drop(columns="word").reset_index(drop=True)
    assert fit_response(some, "y", ["depth", "rate"]).left_out == []
    corners = some[(some["depth"] != 1.0) & (some["rate"] != 7000.0)]
    six = pd.concat([corners, some.iloc[[4, 3]]])
    assert fit_response(six, "y", ["depth", "rate"]).left_out == ["squares", "interactions"]
    with pytest.raises(EstimateError, match="y: 4 points for 2 factors, expected 6 or more"):
        fit_response(corners, "y", ["depth", "rate"])


def test_other_factors_are_averaged_out() -> None:
    model = fit_response(quadratic(0.0001), "y", ["depth", "rate", "word"])
    adjusted = model.adjusted("rate")
    slow, fast = (adjusted[model.rows["rate"] == rate] for rate in (5000.0, 9000.0))
    assert fast.mean() - slow.mean() == pytest.approx(-4.0, abs=0.01)
    assert slow.std() < 0.01  # what depth does is gone


@pytest.mark.parametrize(
    ("levels", "values", "told"),
    [
        ([{"a": 1.0}, {"a": 1.0}], [1.0, 2.0], "nothing varied"),
        ([{"a": float(i)} for i in range(6)], [3.0] * 6, "no factor acts"),
        ([{"a": 1.0}, {"a": 2.0}], [float("nan")] * 2, "0 points with nothing varied"),
        ([{"a": 1.0}, {"a": 2.0}], [1.0, 2.0], "expected 5 or more"),
    ],
)
def test_data_that_allow_no_answer_are_told(
    levels: list[dict[str, object]], values: list[float], told: str
) -> None:
    with pytest.raises(EstimateError, match=told):
        fit_response(frame_of(levels, values), "y", ["a"])


@pytest.mark.parametrize(
    "values",
    [
        [f"word {i}" for i in range(14)],
        [10001.0 + i for i in range(14)],
        [1e-7 * i for i in range(14)],
        [1.0] * 13 + [2.0],
        list(range(14)),
        [True, False] * 7,
    ],
    ids=["many words", "many numbers", "tiny numbers", "one alone", "many pens", "yes or no"],
)
def test_any_factor_can_be_drawn(values: list[object]) -> None:
    random = np.random.default_rng(1)
    levels: list[dict[str, object]] = [
        {"a": value, "b": float(random.normal())} for value in values for _ in range(4)
    ]
    model = fit_response(frame_of(levels, random.normal(size=len(levels)).tolist()), "y", ["a", "b"])
    assert plot_main_effects(model, {"b": "mm"}).startswith(b"\x89PNG")
    assert plot_interactions(model, {"b": "mm"}) is not None


def test_factors_and_words_keep_their_names_whatever_they_are() -> None:
    levels: list[dict[str, object]] = [
        {"x1": a, "x0": w} for a in (1.0, 2.0) for w in ("x1", "b:c") for _ in range(3)
    ]
    model = fit_response(frame_of(levels, [float(i % 5) for i in range(12)]), "y", ["x1", "x0"])
    assert set(model.terms) == {"x1", "x0", "x1 × x0"}
    assert set(model.coefficients["name"]) == {"centre", "x0 [x1]", "x1", "x1 × x0 [x1]"}


def test_what_a_word_moves_is_half_the_way_between_its_levels() -> None:
    levels: list[dict[str, object]] = [{"w": w, "a": float(i)} for w in ("one", "two") for i in range(4)]
    values = [10.0 + 3.0 * (level["w"] == "two") + 0.001 * (i % 3) for i, level in enumerate(levels)]
    assert fit_response(frame_of(levels, values), "y", ["w", "a"]).half_range("w") == pytest.approx(
        1.5, abs=0.01
    )


def test_every_model_can_be_drawn() -> None:
    model = fit_response(quadratic(0.05), "y", ["depth", "rate", "word"])
    assert plot_main_effects(model).startswith(b"\x89PNG")
    both = plot_interactions(model)
    assert both is not None
    assert both.startswith(b"\x89PNG")
    alone = fit_response(quadratic(0.05), "y", ["depth"])
    assert plot_interactions(alone) is None
