"""What a gauge study found, with the verdict an auditor expects and the reason for it.

Bounds of acceptance after AIAG, Measurement Systems Analysis, 4th ed. 2010, ch. II D and III. They are about
the gauge's use for one tolerance, not about the gauge alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from calibration.errors import EstimateError
from calibration.gauge_bias import Linearity, Stability, bias, linearity, stability, type_one
from calibration.gauge_rr import crossed_anova
from calibration.gauge_study import GaugeStudy, arrange
from reports.gauge_plots import BOUNDS_PERCENT, plot_gauge
from rig.records.studies import StudyView, written_beside_the_record

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

GOOD_PERCENT, BAD_PERCENT = BOUNDS_PERCENT
LEAST_CATEGORIES = 5
LEAST_CAPABILITY = 1.33


class Use(StrEnum):
    """Whether a gauge may be used."""

    ACCEPTABLE = "acceptable"
    CONDITIONAL = "conditional"
    NOT_ACCEPTABLE = "not acceptable"


@dataclass(frozen=True)
class GaugeVerdict:
    """What came of a gauge study.

    Args:
        kind: of study.
        use: the verdict.
        why: what it rests on, a sentence each.
        figures: what was found, by name; numbers, (low, high), or tables.
        unit: of figures that have one.
        analysis: the whole of it, for plots.
        errors: reading less reference, shape (readings,), in their order; where references are known.
    """

    kind: str
    use: Use
    why: list[str]
    figures: dict[str, Any]
    unit: str
    analysis: Any = field(repr=False, default=None)
    errors: NDArray[np.float64] | None = field(repr=False, default=None)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "kind": self.kind,
            "verdict": self.use.value,
            "why": self.why,
            "figures": _plain(self.figures),
            "unit": self.unit,
        }


def write_verdict(verdict: GaugeVerdict, view: StudyView, folder: Path) -> dict[str, Any]:
    """Write ``verdict.json`` and ``verdict.png`` beside a study's record; return what the former says.

    Raises:
        StoreError: they could not be written.
    """
    told = {"study": view.study, **verdict.to_json()}
    with written_beside_the_record(folder):
        text = json.dumps(told, ensure_ascii=False, indent=1)
        (folder / "verdict.json").write_text(text, encoding="utf-8")
        (folder / "verdict.png").write_bytes(plot_gauge(verdict, view.frame))
    return told


def judge_grr(frame: DataFrame, tolerance: float | None) -> GaugeVerdict:
    """Judge a crossed study with columns ``part``, ``operator``, ``value``.

    With a tolerance its share decides; without, the share of the study's variation. In either case the gauge
    must tell enough categories of parts apart, unless it is judged for its tolerance alone.

    Raises:
        EstimateError: readings are missing, or allow no answer.
    """
    rows = _complete(frame)
    readings = arrange(list(rows["part"]), list(rows["operator"]), rows["value"].to_numpy())
    found: GaugeStudy = crossed_anova(readings, tolerance=tolerance)
    gauge = found["gauge"]
    share = gauge.study if gauge.tolerance is None else gauge.tolerance
    of_what = "the study's variation" if gauge.tolerance is None else "the tolerance"
    bounds = f"up to {GOOD_PERCENT:g} % is good, over {BAD_PERCENT:g} % bad"
    why = [f"the gauge takes {share:.1f} % of {of_what} ({bounds})"]
    why.append(
        f"it tells {found.ndc} categories of these parts apart ({LEAST_CATEGORIES} or more are wanted)"
    )
    use = _by_bounds(share)
    if found.ndc < LEAST_CATEGORIES and use is Use.ACCEPTABLE and tolerance is None:
        use = Use.CONDITIONAL
    figures = {
        "components": [asdict(component) for component in found.components.values()],
        "ndc": found.ndc,
        "tolerance": tolerance,
        "interaction, p": found.p_interaction,
        "interaction pooled": found.pooled,
    }
    return GaugeVerdict("grr", use, why, figures, _unit(rows), found)


def judge_bias(
    frame: DataFrame, references: Mapping[int, float], reference_u: float, tolerance: float | None
) -> GaugeVerdict:
    """Judge repeated measurements of one part against its reference value.

    Args:
        frame: of the study, with columns ``point``, ``value`` and ``U``.
        references: of each point; they may differ, as the rim's place does with each clamping.
        reference_u: standard uncertainty of those.
        tolerance: width between the limits, for Cg and Cgk; None where there are none.

    Raises:
        EstimateError: readings or references are missing, or allow no answer.
    """
    rows, known = _complete(frame), _references(frame, references)
    errors = rows["value"].to_numpy(dtype=float) - known
    found = bias(errors, 0.0, reference_u=reference_u)
    stated_U = float(rows["U"].mean())
    low, high = found.interval
    why = [
        f"the bias lies between {low:.3g} and {high:.3g} {_unit(rows)} (95 %), the stated U is {stated_U:.2g}"
    ]
    if not found.significant:
        use = Use.ACCEPTABLE
        why.append("it may well be zero")
    elif max(abs(low), abs(high)) <= stated_U:
        use = Use.CONDITIONAL
        why.append("it is not zero, but within the stated uncertainty")
    else:
        use = Use.NOT_ACCEPTABLE
        why.append("it is not zero, and may be more than the stated uncertainty")
    figures: dict[str, Any] = {
        "reference": float(known.mean()), "reference, u": reference_u, "bias": found.value,
        "bias, 95 %": found.interval, "sd": found.sd, "t": found.t, "p": found.p, "mean stated U": stated_U,
    }  # fmt: skip
    if tolerance is not None:
        capability = type_one(errors, 0.0, tolerance=tolerance)
        figures |= {"tolerance": tolerance, "Cg": capability.cg.value, "Cgk": capability.cgk.value}
        worst = min(capability.cg.value, capability.cgk.value)
        indices = f"Cg {capability.cg.value:.2f}, Cgk {capability.cgk.value:.2f}"
        why.append(f"{indices} ({LEAST_CAPABILITY} or more are wanted)")
        use = Use.NOT_ACCEPTABLE if worst < LEAST_CAPABILITY else use
    return GaugeVerdict("bias", use, why, figures, _unit(rows), found, errors)


def judge_linearity(frame: DataFrame, references: Mapping[int, float]) -> GaugeVerdict:
    """Judge measurements at several set depths (column ``depth``) against reference values, by point.

    Raises:
        EstimateError: readings or references are missing, or allow no answer.
    """
    rows = _complete(frame).assign(known=_references(frame, references))
    rows["error"] = rows["value"] - rows["known"]
    depths, errors = _readings_by(rows, "depth", "error")
    known = _readings_by(rows, "depth", "known")[1].mean(axis=1)
    found: Linearity = linearity(known, known[:, np.newaxis] + errors)
    stated_U = float(rows["U"].mean())
    low, high = found.band(known)
    worst = float(max(np.abs(low).max(), np.abs(high).max()))
    if found.acceptable:
        use, why = Use.ACCEPTABLE, ["zero bias lies within the band of the fitted line at every reference"]
    else:
        use = Use.CONDITIONAL if worst <= stated_U else Use.NOT_ACCEPTABLE
        why = [
            f"the fitted bias is not zero everywhere: up to {worst:.2g} {_unit(rows)} with its band, "
            f"the stated U is {stated_U:.2g}"
        ]
    figures: dict[str, Any] = {
        "references": dict(sorted(zip(depths, known.tolist(), strict=True))),
        "slope": found.slope.value, "slope, p": found.slope.p, "intercept": found.intercept.value,
        "intercept, p": found.intercept.p, "scatter about the line": found.s, "mean stated U": stated_U,
    }  # fmt: skip
    return GaugeVerdict(
        "linearity", use, why, figures, _unit(rows), found, rows["error"].to_numpy(dtype=float)
    )


def judge_stability(frame: DataFrame) -> GaugeVerdict:
    """Judge measurements of one part on many occasions (column ``occasion``), in their order.

    Raises:
        EstimateError: readings are missing, or allow no answer.
    """
    rows = _complete(frame)
    occasions, readings = _readings_by(rows, "occasion", "value")
    found: Stability = stability(readings)
    fired = {rule: places for rule, places in found.signals.items() if places}
    why = [f"rule {rule}: occasion {', '.join(str(i + 1) for i in places)}" for rule, places in fired.items()]
    outside = found.charts.spread.outside
    why += (
        [f"scatter out of its limits: occasion {', '.join(str(i + 1) for i in outside)}"] if outside else []
    )
    use = Use.ACCEPTABLE if found.stable else Use.NOT_ACCEPTABLE
    level = found.charts.location
    figures = {
        "centre": level.centre, "control limits": (level.lower, level.upper), "occasions": len(occasions),
        "readings on each": readings.shape[1],
    }  # fmt: skip
    return GaugeVerdict("stability", use, why or ["no rule fired"], figures, _unit(rows), found)


def figure_text(value: object) -> str:
    """Return a figure of a verdict, or of its plain data, as people read it."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4g}"
        case dict():
            return ", ".join(f"{figure_text(key)}: {figure_text(part)}" for key, part in value.items())
        case tuple() | list():
            return " … ".join(figure_text(part) for part in value)
        case _:
            return str(value)


def _complete(frame: DataFrame) -> DataFrame:
    missing = frame[frame["value"].isna()]
    if len(missing):
        raise EstimateError(
            f"{len(missing)} of {len(frame)} readings are missing ({missing['problem'].iloc[0]}), "
            "expected all of them"
        )
    return frame


def _references(frame: DataFrame, references: Mapping[int, float]) -> NDArray[np.float64]:
    lacking = sorted(set(frame["point"]) - set(references))
    if lacking:
        raise EstimateError(f"no reference value for points {lacking}, expected one for every point")
    return np.array([references[point] for point in frame["point"]], dtype=np.float64)


def _readings_by(rows: DataFrame, column: str, what: str) -> tuple[list[float], NDArray[np.float64]]:
    """Return the levels of a column in order of appearance, and ``what`` of shape (levels, trials)."""
    groups = {float(str(level)): group[what].to_list() for level, group in rows.groupby(column, sort=False)}
    if len({len(group) for group in groups.values()}) > 1:
        raise EstimateError(f"a different number of readings at each {column}, expected as many")
    return list(groups), np.array(list(groups.values()))


def _by_bounds(percent: float) -> Use:
    if percent <= GOOD_PERCENT:
        return Use.ACCEPTABLE
    return Use.CONDITIONAL if percent <= BAD_PERCENT else Use.NOT_ACCEPTABLE


def _unit(rows: DataFrame) -> str:
    return str(rows["unit"].iloc[0])


def _plain(value: Any) -> Any:
    """Return figures as JSON has them; what is not finite is null."""
    match value:
        case dict():
            return {str(key): _plain(part) for key, part in value.items()}
        case list() | tuple():
            return [_plain(part) for part in value]
        case float():
            return float(value) if math.isfinite(value) else None
        case np.generic():
            return _plain(value.item())
        case _:
            return value
