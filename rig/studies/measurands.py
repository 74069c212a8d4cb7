"""Everything the rig can measure of a pen, by name: what a study may ask for, and what it is compared with.

Each entry says how it is measured on a bench and, for the truth check, where its true value is told. Results
that several measurands share (the rim datum, the strokes at a setting) are measured once in a
:class:`Bout`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from calibration.measured import Measured, scaled
from calibration.penetration import Penetration, shortfall
from calibration.puncture import Punctures
from calibration.stretch import stretch
from rig.fixtures import evaluate, evaluate_validation
from rig.fixtures.battery import cut_off_voltages
from rig.fixtures.evaluate_validation import UnderLoad
from rig.fixtures.points import STAMPS_PER_POINT, Datum, PointResult, Points, find_datum
from rig.fixtures.table_proposal import propose_table
from rig.procedures.battery import find_cut_off
from rig.procedures.bench import Bench
from rig.procedures.insertion import insert_needles, insert_slowly
from rig.procedures.load import capture_load
from rig.procedures.peel import peel_seal
from rig.procedures.penetration import strike_film
from rig.procedures.pressure_decay import finish_leak_test, start_leak_test
from rig.procedures.squeeze import squeeze_pouch
from rig.procedures.static_extension import scan_needles
from rig.procedures.wear import wear_tip
from rig.product import Setting

Truth = Mapping[str, Any]


class Bout:
    """One pen on one bench, prepared, from its clamping to its release.

    Args:
        bench: referenced and retracted.
    """

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self._fresh_site = 0
        self._penetrations: dict[float, Penetration] = {}
        self._phantom_is_fresh = True

    @cached_property
    def datum(self) -> Datum:
        """Where the rim is."""
        return find_datum(self.bench)

    @cached_property
    def points(self) -> Points:
        """What the pen does at its settings, each measured once."""
        return Points(self.bench, self.datum, stamps=STAMPS_PER_POINT)

    def penetration(self, rate_per_min: float) -> Penetration:
        """Return how deep the needles go into the film that is stretched now, at a stroke rate."""
        if rate_per_min not in self._penetrations:
            self._penetrations[rate_per_min] = self._strike_film(rate_per_min)
        return self._penetrations[rate_per_min]

    def _strike_film(self, rate_per_min: float) -> Penetration:
        layers = self.bench.station.nest.film_layers
        trace = strike_film(self.bench, rate_per_min, layers=layers, first_site=self._fresh_site)
        self._fresh_site = int(trace.about["next_site"])
        return evaluate_validation.penetration(trace, self.bench.station, self.bench.product)

    @cached_property
    def punctures(self) -> Punctures:
        """What a slow insertion into the phantom shows."""
        self.rest_phantom()
        return evaluate_validation.puncture(insert_slowly(self.bench), self.bench.station, self.bench.product)

    @cached_property
    def under_load(self) -> UnderLoad:
        """What contact force costs."""
        plan = self.bench.product.load
        extension = self.point(Setting(plan.depth_mm, plan.rate_per_min)).extension
        capture = capture_load(self.bench, self.datum.stage_mm, extension.value)
        return evaluate_validation.load(capture, self.bench.station, self.bench.product)

    def rest_phantom(self) -> None:
        """Let the phantom heal where needles have been in it before: torn, it hides their punctures."""
        if not self._phantom_is_fresh:
            self.bench.clock.sleep(self.bench.product.wear.rest_s)
        self._phantom_is_fresh = False

    def point(self, setting: Setting) -> PointResult:
        """Return what the pen does at a setting."""
        return self.points.at(setting)


@dataclass(frozen=True)
class Measurand:
    """Something that can be measured of a pen.

    Args:
        title: what it is, for people.
        unit: of its results.
        measure: how, in a bout at a setting.
        truth: its true value at a setting, from what :func:`rig.twin.truth.tell` tells; None where that
            tells of none.
        bench_s: about how long it takes on the bench, s.
        needs: instruments beyond those every station has, by role.
        judged_as: characteristic of the product whose limits and rule it is judged by; none when empty.
    """

    title: str
    unit: str
    measure: Callable[[Bout, Setting], Measured]
    truth: Callable[[Truth, Setting], float] | None
    bench_s: float
    needs: tuple[str, ...] = ()
    judged_as: str = ""


def _rim_datum(bout: Bout, setting: Setting) -> Measured:
    return bout.datum.position


def _extension(bout: Bout, setting: Setting) -> Measured:
    return bout.point(setting).extension


def _rate(bout: Bout, setting: Setting) -> Measured:
    rate = bout.point(setting).rate
    assert rate is not None
    return rate.rate


def _jitter(bout: Bout, setting: Setting) -> Measured:
    rate = bout.point(setting).rate
    assert rate is not None
    return rate.jitter


def _rate_over_a_second(bout: Bout, setting: Setting) -> Measured:
    return bout.points.rate_at(setting).rate


def _leak(bout: Bout, setting: Setting) -> Measured:
    bench = bout.bench
    return evaluate.leak(squeeze_pouch(bench), bench.station, bench.product).rate


def _insertion_force(bout: Bout, setting: Setting) -> Measured:
    bench = bout.bench
    bout.rest_phantom()
    return evaluate.sharpness(insert_needles(bench), bench.station, bench.product).force_per_needle


def _static_extension(bout: Bout, setting: Setting) -> Measured:
    bench, datum = bout.bench, bout.datum
    trace = scan_needles(bench, setting.depth_mm, datum.stage_mm)
    return evaluate.static_extension(trace, datum.position, bench.station, bench.product).extension


def _penetration_depth(bout: Bout, setting: Setting) -> Measured:
    return bout.penetration(setting.rate_per_min).d50


def _shortfall(bout: Bout, setting: Setting) -> Measured:
    found = bout.penetration(setting.rate_per_min)
    near = bout.points.near(found.d50.value, setting.rate_per_min)
    return shortfall(found, near.extension, near.setting.depth_mm)


def _puncture_force(bout: Bout, setting: Setting) -> Measured:
    return bout.punctures.force_per_needle


def _stiffness(bout: Bout, setting: Setting) -> Measured:
    return bout.punctures.stiffness


def _buried(bout: Bout, setting: Setting) -> Measured:
    return bout.punctures.buried


def _stretch(bout: Bout, setting: Setting) -> Measured:
    return stretch(bout.point(setting).extension, _static_extension(bout, setting))


def _force_change(bout: Bout, setting: Setting) -> Measured:
    bench = bout.bench
    bout.rest_phantom()
    return evaluate_validation.wear(wear_tip(bench), bench.station, bench.product).force.change


def _cut_off(bout: Bout, setting: Setting) -> Measured:
    return cut_off_voltages(find_cut_off(bout.bench, setting), bout.bench.station).stop


def _table_residual(bout: Bout, setting: Setting) -> Measured:
    return propose_table(bout.bench, bout.points).fitted.residual


def _droop(bout: Bout, setting: Setting) -> Measured:
    return scaled(bout.under_load.droop, 100.0, "%/N")


def _extension_loss(bout: Bout, setting: Setting) -> Measured:
    return bout.under_load.loss


def _peel_strength(bout: Bout, setting: Setting) -> Measured:
    bench = bout.bench
    return evaluate_validation.peel(peel_seal(bench), bench.station, bench.product).mean


def _pressure_decay(bout: Bout, setting: Setting) -> Measured:
    bench = bout.bench
    trace = finish_leak_test(start_leak_test(bench))
    return evaluate_validation.pressure_decay(trace, bench.station, bench.product).rate


def _true_rim(truth: Truth, setting: Setting) -> float:
    """Where the middle of the plate is in the rim's plane, on the true scale: a tilted plate touches earlier.

    That is what extensions count from. The rim creeps as the nest warms (``nest.drift_mm``); the truth is its
    place when the pen is put in, so what it has crept by the scan counts as an error of the datum.
    """
    return float(truth["rim_mm"])


def _true_extension(truth: Truth, setting: Setting) -> float:
    return float(_row(truth["as_found"], setting)["extension_mm"])


def _true_rate(truth: Truth, setting: Setting) -> float:
    rows = truth["stroke_rates"]
    return float(next(row for row in rows if row["rate_per_min"] == setting.rate_per_min)["true_per_min"])


def _row(rows: Any, setting: Setting) -> Mapping[str, float]:
    found: Mapping[str, float] = next(
        row for row in rows if (row["depth_mm"], row["rate_per_min"]) == tuple(setting)
    )
    return found


def _true_static(truth: Truth, setting: Setting) -> float:
    rows = truth["static_extension"]
    return float(next(row for row in rows if row["depth_mm"] == setting.depth_mm)["extension_mm"])


def _true_film(key: str) -> Callable[[Truth, Setting], float]:
    def told(truth: Truth, setting: Setting) -> float:
        film = (truth["film_layers"], setting.rate_per_min)
        rows = truth["film_penetration"]
        return float(next(row for row in rows if (row["layers"], row["rate_per_min"]) == film)[key])

    return told


def _told(*keys: str, scale: float = 1.0) -> Callable[[Truth, Setting], float]:
    """Return where a true value that belongs to no setting is told."""

    def told(truth: Truth, setting: Setting) -> float:
        value: Any = truth
        for key in keys:
            value = value[key]
        return scale * float(value)

    return told


MEASURANDS: dict[str, Measurand] = {
    "leak": Measurand(
        "Leak rate of the pouch", "Pa·m³/s", _leak, _told("leak_pa_m3_per_s"), 10.0, judged_as="seal.leak"
    ),
    "pressure_decay": Measurand(
        "Leak rate of the part on the leak tester", "Pa·m³/s", _pressure_decay, None, 26.0,
        needs=("leak_tester",), judged_as="seal.pressure_decay",
    ),
    "peel_strength": Measurand("Peel strength of a specimen", "N/15 mm", _peel_strength, None, 8.0),
    "insertion_force": Measurand(
        "Force per needle at puncture", "N", _insertion_force, _told("insertion_force_n"), 2.2,
        judged_as="tip.insertion_force",
    ),
    "puncture_force": Measurand(
        "Force per needle at the first puncture", "N", _puncture_force,
        _told("slow_insertion", "first_puncture_n"), 12.0,
        judged_as="puncture.force",
    ),
    "stiffness": Measurand("Stiffness before the first puncture", "N/mm", _stiffness, None, 12.0),
    "buried": Measurand("Way of the needles beyond their punctures", "mm", _buried, None, 12.0),
    "force_change": Measurand(
        "Growth of the puncture force over the planned uses", "N", _force_change, None, 540.0,
        judged_as="wear.force_change",
    ),
    "rim_datum": Measurand("Rim datum", "mm", _rim_datum, _true_rim, 1.5),
    "extension": Measurand(
        "Extension at speed", "mm", _extension, _true_extension, 3.0, judged_as="extension.as_found"
    ),
    "static_extension": Measurand("Extension at rest", "mm", _static_extension, _true_static, 5.0),
    "stretch": Measurand(
        "Stretch of the needles at speed", "mm", _stretch, None, 6.0, judged_as="extension.stretch"
    ),
    "table_residual": Measurand(
        "Largest misfit of the calibration table", "mm", _table_residual, None, 20.0,
        judged_as="table.residual",
    ),
    "rate": Measurand(
        "Stroke rate, from 20 stamps", "1/min", _rate, _true_rate, 1.5, judged_as="rate.as_found"
    ),
    "rate_1s": Measurand(
        "Stroke rate, over one second", "1/min", _rate_over_a_second, _true_rate, 2.5,
        judged_as="rate.as_left",
    ),
    "jitter": Measurand(
        "Jitter of the periods", "%", _jitter, _told("jitter_percent"), 1.5, judged_as="rate.jitter"
    ),
    "penetration_depth": Measurand(
        "Set depth at which half the strokes go through the film", "mm", _penetration_depth,
        _true_film("set_depth_mm"), 15.0,
    ),
    "shortfall": Measurand(
        "Shortfall of real penetration against the extension", "mm", _shortfall,
        _true_film("shortfall_mm"), 18.0,
        judged_as="penetration.shortfall",
    ),
    "cut_off": Measurand(
        "Voltage at which the pen stops", "V", _cut_off, None, 10.0, needs=("supply",),
        judged_as="battery.cut_off",
    ),
    "droop": Measurand(
        "Loss of rate under load", "%/N", _droop, _told("droop_per_n", scale=100.0), 30.0,
        judged_as="load.rate_droop",
    ),
    "extension_loss": Measurand(
        "Loss of extension under load", "mm/N", _extension_loss, _told("loss_mm_per_n"), 30.0,
        judged_as="load.extension_loss",
    ),
}  # fmt: skip
"""By the name a study file gives; in the order in which a bout measures them."""
