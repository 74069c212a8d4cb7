"""Gauge studies as plans: which parts, by whom, how often; run, kept and gone on with like any other study.

The part is a pen; it is taken out and clamped anew for every trial, for that is where a gauge's scatter
comes from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rig.config import check_model
from rig.errors import ConfigError
from rig.product import Setting, load_product
from rig.station import load_station
from rig.studies.conditions import conditions_of
from rig.studies.design import Point, design_points
from rig.studies.measurands import MEASURANDS
from rig.studies.study_file import HAND, OPERATOR, PEN, StudyFile
from rig.twin.truth import tell
from rig.twin.world import load_world

OPERATORS = ("A", "B", "C", "D", "E", "F", "G", "H")
DEPTH = "setting.depth_mm"


def grr(
    measurand: str, setting: Setting, *, parts: int, operators: int, trials: int, **where: Any
) -> StudyFile:
    """Plan a crossed study of repeatability and reproducibility: every operator measures every part.

    Args:
        measurand: response.
        setting: at which.
        parts, operators, trials: how many; 2 or more of each.
        where: station, product, world, population and seed, as in a study file.

    Raises:
        ConfigError: too few or too many of them.
    """
    if not 2 <= operators <= len(OPERATORS) or parts < 2 or trials < 2:
        raise ConfigError(
            f"{parts} parts, {operators} operators, {trials} trials",
            expected=f"2 or more of each, at most {len(OPERATORS)} operators",
        )
    factors = {
        "part": {"sets": PEN, "levels": [float(part) for part in range(parts)]},
        "operator": {"sets": OPERATOR, "levels": list(OPERATORS[:operators])},
    }
    return _study("grr", measurand, setting, factors, {"replicates": trials}, where)


def bias(measurand: str, setting: Setting, *, trials: int, **where: Any) -> StudyFile:
    """Plan repeated measurements of one part whose value is known."""
    factors = {"trial": {"sets": HAND, "levels": [float(trial + 1) for trial in range(trials)]}}
    return _study("bias", measurand, setting, factors, {"randomised": False}, where)


def linearity(
    measurand: str, setting: Setting, *, depths_mm: Sequence[float], trials: int, **where: Any
) -> StudyFile:
    """Plan repeated measurements of one part at several set depths, whose values are known."""
    factors = {"depth": {"sets": DEPTH, "levels": list(depths_mm)}}
    return _study("linearity", measurand, setting, factors, {"replicates": trials}, where)


def stability(measurand: str, setting: Setting, *, occasions: int, trials: int, **where: Any) -> StudyFile:
    """Plan a few measurements of one part on each of many occasions."""
    factors = {"occasion": {"sets": HAND, "levels": [float(occasion + 1) for occasion in range(occasions)]}}
    design = {"replicates": trials, "randomised": False, "block": "occasion"}
    return _study("stability", measurand, setting, factors, design, where)


def check_references(study: StudyFile) -> None:
    """Refuse a study whose reference values are neither given nor told by a twin.

    Raises:
        ConfigError: the station is a real one, or the twin does not tell the response at these settings.
    """
    if load_station(study.station).twin is None:
        raise ConfigError(
            f"station {study.station} is real, so nobody tells what is true",
            expected="reference values",
            do="Give them with --reference",
        )
    points = {conditions_of(study, point).setting: point for point in design_points(study)}
    for point in points.values():
        true_value(study, point)


def true_values(study: StudyFile) -> dict[int, float]:
    """Return the true value of the response at every point of a study on a twin, by the point's number.

    Every point has its own: where the rim is depends on how the pen was clamped.

    Raises:
        ConfigError: the twin does not tell it at this setting.
    """
    return {point.number: true_value(study, point) for point in design_points(study)}


def true_value(study: StudyFile, point: Point) -> float:
    """Return the true value of a study's first response at a point, on a twin.

    Raises:
        ConfigError: the twin does not tell it at this setting.
    """
    conditions = conditions_of(study, point)
    world = load_world(study.world, conditions.world)
    told = tell(world, load_product(study.product, conditions.product), seed=conditions.seed)
    truth = MEASURANDS[study.responses[0]].truth
    if truth is None:
        raise ConfigError(f"the twin tells no true {study.responses[0]}", do="Give it with --reference")
    try:
        return truth(told, conditions.setting)
    except StopIteration:
        raise ConfigError(
            f"the twin tells no true {study.responses[0]} at {conditions.setting}",
            expected="a setting of the product's calibration",
            do="Give reference values with --reference",
        ) from None


def _study(
    kind: str,
    measurand: str,
    setting: Setting,
    factors: dict[str, Any],
    design: dict[str, Any],
    where: dict[str, Any],
) -> StudyFile:
    if measurand not in MEASURANDS:
        raise ConfigError(f"measurand {measurand!r}", expected=f"one of: {', '.join(MEASURANDS)}")
    title = MEASURANDS[measurand].title
    depths_mm = factors.get("depth", {}).get("levels") or [setting.depth_mm]
    at = str(setting._replace(depth_mm=max(depths_mm)))
    if len(depths_mm) > 1:
        at = f"{min(depths_mm):.2f} to {at}"
    return check_model(
        StudyFile,
        {
            "name": f"{kind}-{measurand.replace('_', '-')}",
            "title": f"{TITLES[kind]}: {title[0].lower()}{title[1:]}, {at}",
            "depth_mm": setting.depth_mm,
            "rate_per_min": setting.rate_per_min,
            "clamps_anew": True,
            "factors": factors,
            "responses": [measurand],
            "design": design,
            **where,
        },
        source=kind,
    )


TITLES = {
    "grr": "Gauge repeatability and reproducibility",
    "bias": "Bias of the gauge",
    "linearity": "Linearity of the gauge",
    "stability": "Stability of the gauge",
}
