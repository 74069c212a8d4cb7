"""Every evaluation a recipe can name: what it makes of which traces and of which earlier results.

They are the functions that evaluate a run while it is under way, given their inputs by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from calibration.measured import Measured
from calibration.peel import set_mean
from calibration.penetration import shortfall
from calibration.stretch import stretch
from rig.fixtures import battery, evaluate, evaluate_step, evaluate_validation
from rig.fixtures.datum_check import shift_since
from rig.fixtures.table_proposal import fit_table
from rig.procedures.battery import Discharge
from rig.procedures.load import LoadCapture
from rig.procedures.strokes import StrokeCapture
from rig.procedures.wear import WornInsertion
from rig.product import Product, Setting
from rig.records.trace import Trace
from rig.station import Station


@dataclass(frozen=True)
class Given:
    """What an evaluation is given: the recipe's inputs, and the configuration of the run."""

    station: Station
    product: Product
    traces: Mapping[str, Sequence[Trace]]
    of: Mapping[str, Sequence[Any]]
    figures: Mapping[str, Sequence[float]]

    def trace(self, name: str) -> Trace:
        """Return the one trace of that name."""
        (trace,) = self.traces[name]
        return trace

    def result(self, name: str) -> Any:
        """Return the one earlier result of that name."""
        (result,) = self.of[name]
        return result


def _setting(trace: Trace) -> Setting:
    return Setting(float(trace.about["depth_mm"]), float(trace.about["rate_per_min"]))


def _extension(given: Given) -> Any:
    duties = given.trace("duties")
    capture = StrokeCapture(_setting(duties), duties, None)
    return evaluate.extension(capture, given.result("datum"), given.station, given.product)


def _rate(given: Given) -> Any:
    scatter_mm = given.result("top scatter") if "top scatter" in given.of else 0.0
    return evaluate.rate(given.trace("stamps"), given.station, given.product, top_scatter_mm=scatter_mm)


def _table(given: Given) -> Any:
    settings = zip(given.figures["depth_mm"], given.figures["rate_per_min"], strict=True)
    commands = zip(given.figures["command_mm"], given.of["extensions"], strict=True)
    return fit_table(dict(zip(settings, commands, strict=True)), given.product)


def _wear(given: Given) -> Any:
    traces = given.traces["insertions"]
    insertions = [WornInsertion(int(trace.about["insertions"]), trace) for trace in traces]
    return evaluate_validation.wear(insertions, given.station, given.product)


def _load(given: Given) -> Any:
    forces = given.trace("forces")
    capture = LoadCapture(_setting(forces), forces, tuple(given.traces["stamps"]), given.trace("pressed"))
    return evaluate_validation.load(capture, given.station, given.product)


def _charge(given: Given) -> list[battery.ChargeResult]:
    states = given.trace("states")
    strokes = zip(given.traces["duties"], given.traces["stamps"], strict=True)
    captures = tuple(StrokeCapture(_setting(duties), duties, stamps) for duties, stamps in strokes)
    recorded = Discharge(_setting(states), states, captures)
    return battery.against_charge(recorded, given.result("datum"), given.station, given.product)


def _late_needles(given: Given) -> Measured:
    found = evaluate_validation.puncture(given.trace("insertion"), given.station, given.product)
    return evaluate.count(found.late)


def _peel_set(given: Given) -> Measured:
    specimens = [
        evaluate_validation.peel(trace, given.station, given.product) for trace in given.traces["specimens"]
    ]
    return set_mean([specimen.mean for specimen in specimens])


def _shortfall(given: Given) -> Measured:
    (depth_mm,) = given.figures["depth_mm"]
    return shortfall(given.result("penetration"), given.result("extension"), depth_mm)


EVALUATIONS: dict[str, Callable[[Given], Any]] = {
    "rim position": lambda given: evaluate.rim_position(given.trace("scan"), given.station),
    "rim shift": lambda given: shift_since(given.trace("scan"), given.trace("again"), given.station),
    "extension at speed": _extension,
    "extension at rest": lambda given: evaluate.static_extension(
        given.trace("needles"), given.result("datum"), given.station, given.product
    ),
    "stretch": lambda given: stretch(given.result("dynamic"), given.result("static")),
    "stroke rate": _rate,
    "table": _table,
    "squeeze": lambda given: evaluate.leak(given.trace("squeeze"), given.station, given.product),
    "insertion": lambda given: evaluate.sharpness(given.trace("insertion"), given.station, given.product),
    "slow insertion": lambda given: evaluate_validation.puncture(
        given.trace("insertion"), given.station, given.product
    ),
    "late needles": _late_needles,
    "wear": _wear,
    "load": _load,
    "rate loss": lambda given: battery.rate_loss(_charge(given)),
    "extension change": lambda given: battery.extension_change(_charge(given)),
    "cut-off": lambda given: battery.cut_off_voltages(given.trace("cut_off"), given.station),
    "film": lambda given: evaluate_validation.penetration(given.trace("film"), given.station, given.product),
    "shortfall": _shortfall,
    "peel set": _peel_set,
    "pressure decay": lambda given: evaluate_validation.pressure_decay(
        given.trace("decay"), given.station, given.product
    ),
    "gauge at rest": lambda given: evaluate_step.gauge_at_rest(given.trace("rest"), given.station),
    "reference step": lambda given: evaluate_step.reference_step(given.trace("contacts"), given.station),
}
