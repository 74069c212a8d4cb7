"""The truth check: do stated uncertainties hold the truth, and do decisions carry the risks they state?

Random pens on random benches are measured through the real drivers, over the wire, and compared with what
their worlds say. A 95 % interval should hold the truth in 95 % of cases; where it does not, the model is
wrong, not the multiplier.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit

from calibration.errors import EstimateError
from calibration.measured import COVERAGE, Measured
from rig.connect import open_unrecorded
from rig.errors import RigError
from rig.fixtures.judging import decide, limits_at, nominal_of
from rig.fixtures.run import NotMeasured
from rig.product import At, Characteristic, Product, Rule, Setting, load_product
from rig.station import load_station
from rig.studies.coverage_risk import Judged, Risks, clopper_pearson, risks
from rig.studies.measurands import MEASURANDS, Bout, Measurand
from rig.studies.workers import workers
from rig.twin.population import load_population
from rig.twin.randomness import noise_source
from rig.twin.truth import tell
from rig.twin.world import load_world
from rig.twin_process import TwinProcess

SETTINGS_PER_PEN = 2
LARGE_DOF = 1e9
AIM, AIM_HALF_WIDTH = 0.95, 0.015

COMPARED = (
    "leak", "insertion_force", "rim_datum", "extension", "static_extension", "rate", "rate_1s", "jitter",
    "penetration_depth",
)  # fmt: skip
"""What is compared unless something else is asked for."""


@dataclass(frozen=True)
class Compared:
    """One result beside the truth.

    Args:
        measurand: by its name in :data:`~rig.studies.measurands.MEASURANDS`.
        error: result minus truth, in the measurand's unit.
        half_width: half the 95 % interval.
        judged: the decision about it, where the product judges it; ``rule`` by which rule.
    """

    measurand: str
    error: float
    half_width: float
    judged: Judged | None = None
    rule: Rule | None = None


@dataclass(frozen=True)
class Case:
    """One pen: what was compared, and what went wrong."""

    pen: int
    compared: tuple[Compared, ...]
    problem: str = ""


@dataclass(frozen=True)
class Study:
    """Which pens to draw, and what to measure of them.

    Args:
        population: name or path of the distributions; ``world`` the rest of the truth.
        seed: pen i of a seed is the same pen on any machine, whatever the number of pens.
        measurands: by name.
    """

    population: str
    world: str
    product: str
    seed: int
    measurands: tuple[str, ...] = COMPARED


@dataclass(frozen=True)
class Row:
    """What a study found of one measurand; the interval of ``coverage`` is its own 95 % interval.

    ``off_aim``: the interval lies outside of 95 % ± 1.5 %, so that it is no accident.
    """

    measurand: str
    title: str
    unit: str
    count: int
    bias: float
    rms: float
    mean_half_width: float
    coverage: float
    coverage_low: float
    coverage_high: float
    off_aim: bool


def run_study(study: Study, pens: int, jobs: int) -> Iterator[Case]:
    """Measure ``pens`` random pens, ``jobs`` at a time; yield each as it is done, in order."""
    if jobs == 1:
        yield from (measure_pen(study, pen) for pen in range(pens))
        return
    with workers(jobs) as pool:
        yield from pool.map(measure_pen, [study] * pens, range(pens))


def measure_pen(study: Study, pen: int) -> Case:
    """Draw one pen and its bench, measure them over the wire, compare with their truth."""
    random = noise_source(study.seed, f"pen {pen}")
    overrides = load_population(study.population).draw(random)
    product, seed = load_product(study.product), int(random.integers(2**31))
    truth = tell(load_world(study.world, overrides), product, seed=seed)
    compared: list[Compared] = []
    problems: list[str] = []
    with contextlib.ExitStack() as stack:
        try:
            twin = TwinProcess(study.world, study.product, overrides=overrides, seed=seed)
            bench = open_unrecorded(load_station("twin"), product, stack, twin).bench()
            bench.prepare()
            bout = Bout(bench)
            for name, setting in _questions(study, product, random):
                try:
                    compared.append(_compare(name, bout, truth, setting))
                except (EstimateError, NotMeasured) as error:
                    problems.append(f"{name}: {error}")
        except RigError as error:
            problems.append(str(error))
    return Case(pen, tuple(compared), "; ".join(problems))


def _questions(study: Study, product: Product, random: np.random.Generator) -> Iterator[tuple[str, Setting]]:
    """Yield what to measure: what has settings at a few random ones, everything else once."""
    settings = [setting for setting in product.settings(At.GRID) if setting is not None]
    chosen = sorted(random.choice(len(settings), SETTINGS_PER_PEN, replace=False))
    for name in study.measurands:
        what = _characteristic(MEASURANDS[name], product)
        at_settings = what is not None and what.at is not At.ONCE
        yield from ((name, settings[index]) for index in (chosen if at_settings else chosen[:1]))


def _characteristic(measurand: Measurand, product: Product) -> Characteristic | None:
    return product.characteristics[measurand.judged_as] if measurand.judged_as else None


def _compare(name: str, bout: Bout, truth: dict[str, Any], setting: Setting) -> Compared:
    measurand, product = MEASURANDS[name], bout.bench.product
    assert measurand.truth is not None, name
    measured, true = measurand.measure(bout, setting), measurand.truth(truth, setting)
    error, half_width = measured.value - true, half_width_95(measured)
    what = _characteristic(measurand, product)
    if what is None:
        return Compared(name, error, half_width)
    return Compared(name, error, half_width, _judge(what, measured, true, setting), what.rule)


def half_width_95(measured: Measured) -> float:
    """Return half the 95 % interval of a result, in its unit.

    The law's own U is brought from the coverage of U (95.45 %) to 95 % as Student's law would be.
    """
    dof = min(measured.dof, LARGE_DOF)
    return measured.U * float(stdtrit(dof, 0.975) / stdtrit(dof, 0.5 + COVERAGE / 2))


def _judge(what: Characteristic, measured: Measured, true: float, setting: Setting) -> Judged:
    nominal = nominal_of(what, setting)
    limits = limits_at(what, nominal)
    guard = (what.rule.factor if what.rule.name == "guard_band" else 1.0) * measured.U
    outcome = decide(measured, limits, what, nominal).outcome
    return Judged(outcome, limits.contain(true), beyond_guard=not limits.contain(true, margin=-guard))


def summarise(cases: Iterable[Case]) -> tuple[list[Row], list[Risks]]:
    """Return a row a measurand, and the risks of each that is judged."""
    by_name: dict[str, list[Compared]] = {}
    for case in cases:
        for compared in case.compared:
            by_name.setdefault(compared.measurand, []).append(compared)
    rows = [_summary(name, results) for name, results in by_name.items()]
    return rows, [found for name, results in by_name.items() if (found := _risks(name, results))]


def _risks(name: str, results: list[Compared]) -> Risks | None:
    judged = [result.judged for result in results if result.judged is not None]
    rule = results[0].rule
    return None if rule is None else risks(name, MEASURANDS[name].judged_as, rule, judged)


def _summary(name: str, results: list[Compared]) -> Row:
    errors = np.array([result.error for result in results])
    held = int(sum(abs(result.error) <= result.half_width for result in results))
    low, high = clopper_pearson(held, len(results))
    return Row(
        name,
        MEASURANDS[name].title,
        MEASURANDS[name].unit,
        len(results),
        bias=float(errors.mean()),
        rms=float(np.sqrt(np.mean(errors**2))),
        mean_half_width=float(np.mean([result.half_width for result in results])),
        coverage=held / len(results),
        coverage_low=low,
        coverage_high=high,
        off_aim=high < AIM - AIM_HALF_WIDTH or low > AIM + AIM_HALF_WIDTH,
    )
