"""The truth check: do stated uncertainties hold the truth, and do decisions carry the risks they state?

Random pens on random benches are measured through the real drivers, over the wire, and compared with what
their worlds say. A 95 % interval should hold the truth in 95 % of cases; where it does not, the model is
wrong, not the multiplier.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv, stdtrit

from calibration.decision import Outcome
from calibration.errors import EstimateError
from calibration.measured import Measured
from rig.errors import RigError
from rig.fixtures import evaluate
from rig.fixtures.judging import decide, limits_at
from rig.fixtures.points import STAMPS_PER_POINT, Points, find_datum
from rig.fixtures.run import NotMeasured
from rig.instruments.wirelog import WireLog
from rig.open_station import open_clock, open_station
from rig.procedures.bench import Bench
from rig.procedures.insertion import insert_needles
from rig.procedures.squeeze import squeeze_pouch
from rig.product import At, Product, Setting, load_product
from rig.station import load_station
from rig.twin.population import load_population
from rig.twin.randomness import noise_source
from rig.twin.truth import tell
from rig.twin.world import load_world
from rig.twin_process import TwinProcess

SETTINGS_PER_PEN = 2
JUDGED = "extension.as_found"


@dataclass(frozen=True)
class Compared:
    """One result beside the truth."""

    measurand: str
    error: float
    half_width: float
    """Half the 95 % interval."""
    conforms: bool | None = None
    """Whether the true value lies within the limits; None where it is not judged."""
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Case:
    """One pen: what was compared, and what went wrong."""

    pen: int
    compared: tuple[Compared, ...]
    problem: str = ""


@dataclass(frozen=True)
class Study:
    """Which pens to draw.

    Args:
        population: name or path of the distributions; ``world`` the rest of the truth.
        seed: pen i of a seed is the same pen on any machine, whatever the number of pens.
    """

    population: str
    world: str
    product: str
    seed: int


@dataclass(frozen=True)
class Row:
    """What a study found of one measurand; the interval of ``coverage`` is its own 95 % interval."""

    measurand: str
    count: int
    bias: float
    rms: float
    mean_half_width: float
    coverage: float
    coverage_low: float
    coverage_high: float


@dataclass(frozen=True)
class Risks:
    """How often decisions were wrong, as counts of all judged."""

    judged: int
    accepted_though_out: int
    rejected_though_in: int
    truly_out: int


def run_study(study: Study, pens: int, jobs: int) -> Iterator[Case]:
    """Measure ``pens`` random pens, ``jobs`` at a time; yield each as it is done, in order."""
    if jobs == 1:
        yield from (measure_pen(study, pen) for pen in range(pens))
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(measure_pen, [study] * pens, range(pens))


def measure_pen(study: Study, pen: int) -> Case:
    """Draw one pen and its bench, measure them over the wire, compare with their truth."""
    random = noise_source(study.seed, f"pen {pen}")
    overrides = load_population(study.population).draw(random)
    product, seed = load_product(study.product), int(random.integers(2**31))
    truth = tell(load_world(study.world, overrides), product, seed=seed)
    with contextlib.ExitStack() as stack:
        twin = TwinProcess(study.world, study.product, overrides=overrides, seed=seed)
        stack.callback(twin.stop)
        try:
            station = load_station("twin")
            clock = open_clock(station, twin, stack)
            opened = open_station(station, product, clock, WireLog(), stack, twin=twin)
            compared = tuple(_compare(opened.bench(), truth, random))
        except (RigError, EstimateError, NotMeasured) as error:
            return Case(pen, (), str(error))
    return Case(pen, compared)


def _compare(bench: Bench, truth: dict[str, object], random: np.random.Generator) -> Iterator[Compared]:
    product = bench.product
    bench.prepare()
    told: dict[str, float] = {key: float(value) for key, value in truth.items() if isinstance(value, float)}
    leak = evaluate.leak(squeeze_pouch(bench), bench.station, product).rate
    yield _against("leak rate", leak, told["leak_pa_m3_per_s"])
    force = evaluate.sharpness(insert_needles(bench), bench.station, product).force_per_needle
    yield _against("insertion force", force, told["insertion_force_n"])
    points = Points(bench, find_datum(bench), stamps=STAMPS_PER_POINT)
    settings = [setting for setting in product.settings(At.GRID) if setting is not None]
    for index in sorted(random.choice(len(settings), SETTINGS_PER_PEN, replace=False)):
        setting = settings[index]
        found = points.at(setting)
        yield _judged(product, found.extension, setting, _true_extension(truth, setting))
        assert found.rate is not None
        yield _against("stroke rate, 20 stamps", found.rate.rate, _true_rate(truth, setting))
        yield _against("jitter", found.rate.jitter, told["jitter_percent"])
    setting = settings[int(random.integers(len(settings)))]
    yield _against("stroke rate, 1 s", points.rate_at(setting).rate, _true_rate(truth, setting))


def _against(measurand: str, measured: Measured, true: float) -> Compared:
    k95 = float(stdtrit(measured.dof, 0.975)) if math.isfinite(measured.dof) else 1.959964
    return Compared(measurand, measured.value - true, k95 * measured.u)


def _judged(product: Product, measured: Measured, setting: Setting, true: float) -> Compared:
    what = product.characteristics[JUDGED]
    limits = limits_at(what, setting.depth_mm)
    plain = _against("extension at speed", measured, true)
    outcome = decide(measured, limits, what).outcome
    return Compared(plain.measurand, plain.error, plain.half_width, limits.contain(true), outcome)


def _true_extension(truth: dict[str, object], setting: Setting) -> float:
    return _row(truth["as_found"], depth_mm=setting.depth_mm, rate_per_min=setting.rate_per_min)[
        "extension_mm"
    ]


def _true_rate(truth: dict[str, object], setting: Setting) -> float:
    return _row(truth["stroke_rates"], rate_per_min=setting.rate_per_min)["true_per_min"]


def _row(rows: object, **keys: float) -> dict[str, float]:
    assert isinstance(rows, list)
    row: dict[str, float] = next(row for row in rows if all(row[key] == value for key, value in keys.items()))
    return row


def summarise(cases: Iterable[Case]) -> tuple[list[Row], Risks]:
    """Return a row a measurand, and the risks of the judged one."""
    by_name: dict[str, list[Compared]] = {}
    for case in cases:
        for compared in case.compared:
            by_name.setdefault(compared.measurand, []).append(compared)
    judged = [c for results in by_name.values() for c in results if c.conforms is not None]
    risks = Risks(
        len(judged),
        sum(c.outcome is Outcome.PASS and not c.conforms for c in judged),
        sum(c.outcome is not Outcome.PASS and bool(c.conforms) for c in judged),
        sum(not c.conforms for c in judged),
    )
    return [_summary(name, results) for name, results in by_name.items()], risks


def _summary(name: str, results: list[Compared]) -> Row:
    errors = np.array([c.error for c in results])
    held = int(sum(abs(c.error) <= c.half_width for c in results))
    low, high = clopper_pearson(held, len(results))
    width = float(np.mean([c.half_width for c in results]))
    rms = float(np.sqrt(np.mean(errors**2)))
    return Row(name, len(results), float(errors.mean()), rms, width, held / len(results), low, high)


def clopper_pearson(successes: int, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper and Pearson 1934)."""
    tail = (1 - confidence) / 2
    low = 0.0 if successes == 0 else float(betaincinv(successes, count - successes + 1, tail))
    high = 1.0 if successes == count else float(betaincinv(successes + 1, count - successes, 1 - tail))
    return low, high
