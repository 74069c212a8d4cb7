"""What a study's factors do to a response: a fitted linear model and its analysis of variance.

Numbers are coded to −1 … +1 over their range, so that coefficients can be compared; words and pens are
categories. The model has main effects, interactions of two factors and, for numbers at three levels or more,
squares. Where a study has too few points for all of them, squares go first and interactions next; the
result says which terms were fitted. Least squares and the F tests (type II: each term after all those that
do not contain it) are statsmodels'.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from calibration.errors import EstimateError

if TYPE_CHECKING:
    from pandas import DataFrame, Series

LEAST_RESIDUAL_DOF = 3
"""With fewer there is no telling an effect from scatter."""

SQUARED_LEVELS = 3


@dataclass(frozen=True)
class ResponseModel:
    """A fitted response.

    Args:
        response, unit: what was fitted.
        terms: of the model, as a person reads them.
        anova: one row a term: ``term``, ``sum_sq``, ``df``, ``F``, ``p``; the last is the residual.
        coefficients: one row a coefficient: ``name``, ``estimate``, ``u``, ``low``, ``high`` (95 %).
        residual_sd: scatter about the model, in ``unit``.
        r_squared_adjusted: share of the variance that the model explains, corrected for its size.
        points: how many were fitted.
        left_out: kinds of terms that the number of points did not allow.
        rows: of the study's frame that were fitted.
    """

    response: str
    unit: str
    terms: list[str]
    anova: DataFrame
    coefficients: DataFrame
    residual_sd: float
    r_squared_adjusted: float
    points: int
    left_out: list[str]
    rows: DataFrame
    _coded: DataFrame
    _names: dict[str, str]
    _fit: Any

    @property
    def factors(self) -> list[str]:
        """The factors that were varied."""
        return list(self._names)

    def adjusted(self, *factors: str) -> Series[float]:
        """Return the response at each point with all other factors averaged out, shape of ``rows``.

        What the model says at the point's own levels of ``factors``, averaged over the points' levels of
        all others, plus what the model leaves over at the point.
        """
        import pandas as pd

        averaged = self._averaged(*factors)
        held = [self._names[factor] for factor in factors]
        at_points = [averaged[tuple(level)] for level in self._coded[held].itertuples(index=False)]
        left_over: list[float] = self._fit.resid.tolist()
        values = [mean + rest for mean, rest in zip(at_points, left_over, strict=True)]
        return pd.Series(values, index=self._coded.index)

    def half_range(self, factor: str) -> float:
        """Return half of what the response moves by over a factor's levels, all others averaged out."""
        means = self._averaged(factor).values()
        return (max(means) - min(means)) / 2.0

    def _averaged(self, *factors: str) -> dict[tuple[Any, ...], float]:
        """Return what the model says at each combination of levels that was run, averaged over all others."""
        import pandas as pd

        held = [self._names[factor] for factor in factors]
        levels = [tuple(level) for level in self._coded[held].drop_duplicates().itertuples(index=False)]
        # One long table, since a formula takes its time over each table and little over each row.
        everywhere = pd.concat(
            [self._coded.assign(**dict(zip(held, level, strict=True))) for level in levels]
        )
        predicted = np.asarray(self._fit.predict(everywhere)).reshape(len(levels), len(self._coded))
        return dict(zip(levels, predicted.mean(axis=1).tolist(), strict=True))

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "response": self.response,
            "unit": self.unit,
            "points": self.points,
            "residual_sd": self.residual_sd,
            "r_squared_adjusted": self.r_squared_adjusted,
            "left_out": self.left_out,
            "anova": _records(self.anova),
            "coefficients": _records(self.coefficients),
        }


def fit_response(frame: DataFrame, response: str, factors: list[str]) -> ResponseModel:
    """Fit one response of a study.

    Args:
        frame: as :func:`rig.records.studies.read_study` gives it.
        response: which one.
        factors: columns of the frame.

    Raises:
        EstimateError: too few points were measured, or nothing varied.
    """
    from statsmodels.stats.anova import anova_lm

    rows = frame[(frame["response"] == response) & frame["value"].notna()]
    varied = [name for name in factors if rows[name].nunique() > 1]
    if not varied:
        raise EstimateError(
            f"{response}: {len(rows)} points with nothing varied, expected points at several levels"
        )
    coded, names = _coded(rows, varied)
    if float(np.ptp(coded["y"])) == 0.0:
        raise EstimateError(f"{response}: {rows['value'].iloc[0]:g} at every point, so no factor acts on it")
    try:
        model, terms, left_out = _largest_model(rows, coded, names)
    except EstimateError as error:
        raise EstimateError(f"{response}: {error}") from None
    fit = model.fit()
    readable = _reader(names)
    return ResponseModel(
        response=response,
        unit=str(rows["unit"].iloc[0]),
        terms=[readable(term) for term in terms],
        anova=_anova(anova_lm(fit, typ=2), readable),
        coefficients=_coefficients(fit, readable),
        residual_sd=float(np.sqrt(fit.mse_resid)),
        r_squared_adjusted=float(fit.rsquared_adj),
        points=len(rows),
        left_out=left_out,
        rows=rows,
        _coded=coded,
        _names=names,
        _fit=fit,
    )


def _largest_model(
    rows: DataFrame, coded: DataFrame, names: dict[str, str]
) -> tuple[Any, list[str], list[str]]:
    """Return the largest model that the points allow, its terms, and what kinds of terms it leaves out."""
    import statsmodels.formula.api as smf

    kinds = {"squares": _squares(rows, names), "interactions": _interactions(names)}
    left_out: list[str] = []
    while True:
        terms = list(names.values()) + [term for kind in kinds.values() for term in kind]
        model = smf.ols("y ~ " + " + ".join(terms), coded)
        size = model.exog.shape[1]
        if np.linalg.matrix_rank(model.exog) == size <= len(rows) - LEAST_RESIDUAL_DOF:
            return model, terms, left_out
        if not kinds:
            raise EstimateError(
                f"{len(rows)} points for {len(names)} factors, expected {size + LEAST_RESIDUAL_DOF} or more "
                "that tell the factors apart"
            )
        kind = next(iter(kinds))
        left_out += [kind] if kinds.pop(kind) else []


def _coded(rows: DataFrame, varied: list[str]) -> tuple[DataFrame, dict[str, str]]:
    """Return the response and the factors under names that a formula takes, and those names by factor."""
    import pandas as pd

    names = {factor: f"factor__{i}" for i, factor in enumerate(varied)}
    columns: dict[str, Series[Any]] = {"y": rows["value"]}
    for factor, name in names.items():
        if _is_numeric(rows, factor):
            low, high = rows[factor].min(), rows[factor].max()
            columns[name] = (rows[factor].astype(float) - (low + high) / 2.0) / ((high - low) / 2.0)
        else:
            columns[name] = rows[factor].astype(str)
    return pd.DataFrame(columns), names


def _interactions(names: dict[str, str]) -> list[str]:
    return [f"{a}:{b}" for a, b in combinations(names.values(), 2)]


def _squares(rows: DataFrame, names: dict[str, str]) -> list[str]:
    return [f"I({name} ** 2)" for factor, name in names.items() if _can_be_squared(rows, factor)]


def _is_numeric(rows: DataFrame, factor: str) -> bool:
    from pandas.api.types import is_float_dtype

    return bool(is_float_dtype(rows[factor]))


def _can_be_squared(rows: DataFrame, factor: str) -> bool:
    return _is_numeric(rows, factor) and rows[factor].nunique() >= SQUARED_LEVELS


def _reader(names: dict[str, str]) -> Callable[[str], str]:
    factors = {name: factor for factor, name in names.items()}

    def readable(term: str) -> str:
        if term in ("Intercept", "Residual"):
            return {"Intercept": "centre", "Residual": "residual"}[term]
        term = re.sub(r":(?=factor__|I\()", " × ", term)
        term = re.sub(r"I\((factor__\d+) \*\* 2\)", r"\1²", term).replace("[T.", " [")
        return re.sub(r"factor__\d+", lambda name: factors[name[0]], term)

    return readable


def _anova(table: DataFrame, readable: Callable[[str], str]) -> DataFrame:
    told = table.rename(columns={"PR(>F)": "p"}).rename_axis("term").reset_index()
    told["term"] = told["term"].map(readable)
    return told[["term", "sum_sq", "df", "F", "p"]]


def _coefficients(fit: Any, readable: Callable[[str], str]) -> DataFrame:
    import pandas as pd

    interval = fit.conf_int()
    return pd.DataFrame(
        {
            "name": [readable(name) for name in fit.params.index],
            "estimate": fit.params.to_numpy(),
            "u": fit.bse.to_numpy(),
            "low": interval[0].to_numpy(),
            "high": interval[1].to_numpy(),
        }
    )


def _records(table: DataFrame) -> list[dict[str, Any]]:
    return [
        {
            str(key): None if isinstance(value, float) and not np.isfinite(value) else value
            for key, value in row.items()
        }
        for row in table.to_dict("records")
    ]
