"""Whether two responses of a study put the same things into the same order."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from calibration.errors import EstimateError
from calibration.measured import Measured
from calibration.peel import rank_agreement

if TYPE_CHECKING:
    from rig.records.studies import StudyView

PEN = "pen"
SIGNIFICANT = 0.05


def agreements(view: StudyView) -> list[str]:
    """Return a sentence for each pair of responses of a study in which pens, or their pouches, are varied.

    Responses are compared by rank over all points at which both were measured (Spearman).
    """
    if not any(factor["sets"] == PEN for factor in view.study["factors"].values()):
        return []
    told = []
    for first, second in combinations(view.study["responses"], 2):
        both = view.frame.pivot(index="point", columns="response", values="value")[[first, second]].dropna()
        try:
            found = rank_agreement(*([_bare(value) for value in both[name]] for name in (first, second)))
        except EstimateError:
            continue
        way = "go together" if found.correlation > 0 else "go against each other"
        verdict = way if found.p_value <= SIGNIFICANT else "show no common order"
        told.append(
            f"{first} and {second} {verdict}: rank correlation {found.correlation:+.2f} "
            f"over {found.units} points, p = {found.p_value:.2g}"
        )
    return told


def _bare(value: float) -> Measured:
    return Measured(value, "1", 0.0, float("inf"), 2.0)
