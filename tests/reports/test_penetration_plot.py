"""The curve of real penetration: drawn for a study that has it, and for no other."""

from __future__ import annotations

import io
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from reports.penetration_plot import DPI, SIZE_IN, plot_penetration
from rig.records.studies import StudyView

FACTORS = {"layers": {"sets": "film.layers"}, "rate": {"sets": "setting.rate_per_min"}}


def study(factors: dict[str, Any], response: str = "penetration_depth") -> StudyView:
    """Return a study of three films at two rates; one point was not measured."""
    rows = [
        {"response": response, "layers": n, "rate": rate, "value": 0.03 + 0.16 * n - rate * 1e-6, "U": 0.005}
        for n in (1, 2, 4)
        for rate in (5000, 9000)
    ]
    rows[-1]["value"] = float("nan")
    told = {"title": "Real penetration", "product": "office-pen", "factors": factors, "responses": [response]}
    return StudyView(told, pd.DataFrame(rows), ended=True)


@pytest.mark.parametrize("factors", [FACTORS, {"layers": FACTORS["layers"]}], ids=["rates", "one rate"])
def test_a_study_of_films_has_its_curve(factors: dict[str, Any]) -> None:
    png = plot_penetration(study(factors))
    assert png is not None
    picture = Image.open(io.BytesIO(png))
    assert picture.size == tuple(round(DPI * inches) for inches in SIZE_IN)
    assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 50, "lines in colour, not an empty sheet"


@pytest.mark.parametrize(
    "view", [study({"rate": FACTORS["rate"]}), study(FACTORS, "extension")], ids=["no films", "no depth"]
)
def test_other_studies_have_none(view: StudyView) -> None:
    assert plot_penetration(view) is None
