"""A study in pictures: each response against the levels of each factor, all others averaged out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from reports.evidence.sheet import Sheet
from reports.evidence.study_models import models_of

if TYPE_CHECKING:
    from reports.response_model import ResponseModel

Draw = Callable[[Sheet], None]


def draw_study(study: Mapping[str, Any]) -> dict[str, dict[str, Draw]]:
    """Return how to draw each response that could be fitted, by factor.

    Args:
        study: as :func:`reports.evidence.results.results_of` has it.
    """
    factors = study["file"]["factors"]
    units = {name: str(factor.get("unit", "")) for name, factor in factors.items()}
    return {
        model.response.replace("_", " "): {
            factor: partial(_draw, model=model, factor=factor, units=units) for factor in model.factors
        }
        for model in models_of(study)[0]
    }


def _draw(sheet: Sheet, model: ResponseModel, factor: str, units: Mapping[str, str]) -> None:
    from matplotlib.ticker import ScalarFormatter

    from reports.study_plots import draw_main_effect

    axes = sheet.panel("", "", "")
    axes.yaxis.set_major_formatter(ScalarFormatter(useOffset=False))
    draw_main_effect(axes, model, factor, units)
