"""How long each estimator takes on what one end-of-line run recorded, beside the time to record it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.eol_run import RIG, traces_of_last_run
from benchmarks.figures import Figure, median_s
from calibration.measured import Contribution, combine
from calibration.table import fit_commands
from rig.fixtures import evaluate
from rig.procedures.strokes import StrokeCapture
from rig.product import Product, Setting, load_product
from rig.records.trace import Trace
from rig.station import load_station

TIMES = 50


def measure() -> list[Figure]:
    """Return the median time of each estimator."""
    station, product = load_station("twin"), load_product("office-pen")
    with tempfile.TemporaryDirectory() as name:
        command = [*RIG, "run", "eol", "--runs", name]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        traces = traces_of_last_run(Path(name))

    def named(beginning: str) -> Trace:
        return max((trace for trace in traces if trace.name.startswith(beginning)), key=len)

    rim, strokes, stamps, squeeze = map(named, ("rim", "strokes", "stamps", "squeeze"))
    datum = evaluate.rim_position(rim, station)
    capture = StrokeCapture(_setting(strokes), strokes, None)
    return [
        _timed("contact point", rim, lambda: evaluate.rim_position(rim, station)),
        _timed("extension at speed", strokes, lambda: evaluate.extension(capture, datum, station, product)),
        _timed("stroke rate", stamps, lambda: evaluate.rate(stamps, station, product)),
        _timed("leak rate", squeeze, lambda: evaluate.leak(squeeze, station, product)),
        _fit(product),
    ]


def _setting(trace: Trace) -> Setting:
    return Setting(float(trace.about["depth_mm"]), float(trace.about["rate_per_min"]))


def _timed(what: str, trace: Trace, act: Callable[[], object]) -> Figure:
    return Figure(what, f"{median_s(act, TIMES) * 1e3:.2f} ms", f"{len(trace)} rows")


def _fit(product: Product) -> Figure:
    plan = product.calibration
    found = {
        (depth, rate): (depth, combine(0.97 * depth + 0.03, "mm", [Contribution("all", 0.002)]))
        for depth in plan.depths_mm
        for rate in plan.rates_per_min
    }

    def fit() -> object:
        return fit_commands(
            plan.depths_mm,
            plan.rates_per_min,
            found,
            extrapolate_mm=plan.extrapolate_mm,
            travel_mm=product.mechanics.travel_limit_mm,
        )

    return Figure("fit of the table", f"{median_s(fit, TIMES) * 1e3:.2f} ms", f"{len(found)} nodes")
