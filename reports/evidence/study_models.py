"""What a study's factors do to each response, as a report tells it: fitted anew from the points on record."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from calibration.errors import EstimateError
from reports.evidence.blocks import Block, section, table, text
from reports.evidence.words import two_digits, unit_text

if TYPE_CHECKING:
    from reports.response_model import ResponseModel

JsonTable = Mapping[str, Any]

SIGNIFICANT = 0.05
SMALLEST_P = 1e-4
EFFECTS = [("term", "left", 2.0), ("moves it by", "right", 1.4), ("unit", "left", 0.9), ("F", "right", 1.0),
           ("p", "right", 1.0), ("p < 0.05", "center", 0.8)]  # fmt: skip
NUMBERS = ("value", "u", "dof", "k", "U", "bench_s")


def models_of(study: JsonTable) -> tuple[list[ResponseModel], list[str]]:
    """Return a fitted model of each response of a study, and why others have none.

    Args:
        study: as :func:`reports.evidence.results.results_of` has it.
    """
    if find_spec("statsmodels") is None:
        return [], ["nothing was fitted: statsmodels is not installed where this report was made"]
    from pandas import DataFrame

    from reports.response_model import fit_response

    if not study["results"]:
        return [], ["nothing was measured"]
    frame = DataFrame(study["results"]).astype(dict.fromkeys(NUMBERS, float))
    models, problems = [], []
    for response in study["file"]["responses"]:
        try:
            models.append(fit_response(frame, response, list(study["file"]["factors"])))
        except EstimateError as error:
            problems.append(f"no model of {error}")
    return models, problems


def answers(models: list[ResponseModel]) -> list[str]:
    """Return a sentence for each response: which factors move it, by how much, the strongest first."""
    return [_answer(model) for model in models]


def found_section(models: list[ResponseModel], problems: list[str]) -> Block:
    """Return what was found: a table of effects for each response."""
    tables = [
        table(
            EFFECTS,
            _effects(model),
            model.response.replace("_", " "),
            f"{model.points} results, scatter about the model {two_digits(model.residual_sd)} "
            f"{unit_text(model.unit)}, R² adjusted {model.r_squared_adjusted:.3f}{_left_out(model)}",
        )
        for model in models
    ]
    lead = text(
        "Least squares over all points, factors coded to their range; F tests of type II. A term moves the",
        "response by so much from one end of its range to the other, all other factors averaged out.",
    )
    lacking = [text(f"{why}.") for why in problems]
    return section("What was found", lead if models else None, *tables, *lacking)


def _answer(model: ResponseModel) -> str:
    unit = unit_text(model.unit)
    p_of = {row["term"]: row["p"] for row in model.to_json()["anova"] if row["p"] is not None}
    moves = {factor: 2.0 * model.half_range(factor) for factor in model.factors}
    acting = sorted((f for f in moves if p_of.get(f, 1.0) < SIGNIFICANT), key=lambda f: -moves[f])
    others = [term for term, p in p_of.items() if term not in moves and p < SIGNIFICANT]
    name = model.response.replace("_", " ")
    if not acting and not others:
        return f"{name}: no factor shows an effect (p ≥ {SIGNIFICANT:g})."
    told = [f"{factor} moves it by {two_digits(moves[factor])} {unit}".rstrip() for factor in acting]
    return f"{name}: {'; '.join([*told, *(f'{term} acts too' for term in others)])} (p < {SIGNIFICANT:g})."


def _effects(model: ResponseModel) -> list[list[str]]:
    estimates = dict(zip(model.coefficients["name"], model.coefficients["estimate"], strict=True))
    rows = []
    for row in model.to_json()["anova"]:
        term, p = row["term"], row["p"]
        if p is None:  # the residual
            continue
        size = ""
        if term in model.factors:
            sign = "" if term not in estimates else "+" if estimates[term] > 0.0 else "−"
            size = f"{sign}{two_digits(2.0 * model.half_range(term))}"
        p_text = f"{p:.4f}" if p >= SMALLEST_P else f"<{SMALLEST_P:g}"
        rows.append(
            [term, size, unit_text(model.unit) if size else "", two_digits(row["F"]), p_text,
             "yes" if p < SIGNIFICANT else "no"]
        )  # fmt: skip
    return rows


def _left_out(model: ResponseModel) -> str:
    return f"; too few points for {' and '.join(model.left_out)}" if model.left_out else ""
