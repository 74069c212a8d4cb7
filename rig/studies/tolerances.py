"""How wide the limits of a product are for what a study measures: what a gauge is judged by."""

from __future__ import annotations

from rig.fixtures.judging import limits_at, nominal_of
from rig.product import Setting, load_product
from rig.studies.measurands import MEASURANDS
from rig.studies.study_file import StudyFile


def tolerance_of(study: StudyFile) -> float | None:
    """Return the width between the product's limits for the study's response; None where they are not two."""
    product = load_product(study.product)
    what = product.characteristics.get(MEASURANDS[study.responses[0]].judged_as)
    if what is None or what.lower is None or what.upper is None:
        return None
    limits = limits_at(what, nominal_of(what, Setting(study.depth_mm, study.rate_per_min)))
    assert limits.lower is not None
    assert limits.upper is not None
    return limits.upper - limits.lower
