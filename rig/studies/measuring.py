"""Measuring the points of a study, one after the other or, on twins, several at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from calibration.errors import EstimateError
from calibration.measured import Measured
from rig.connect import OpenStation, open_unrecorded
from rig.errors import EmergencyStopped, RefusedToStart, RigError
from rig.fixtures.run import NotMeasured
from rig.fixtures.stopping import STOPPING
from rig.procedures.bench import Bench
from rig.product import load_product
from rig.station import load_station
from rig.studies.conditions import Conditions, conditions_of
from rig.studies.design import Point
from rig.studies.journal import PointResult
from rig.studies.measurands import MEASURANDS, Bout
from rig.studies.study_file import StudyFile
from rig.studies.workers import workers
from rig.twin_process import TwinProcess

Ask = Callable[[list[str]], None]
SOFTWARE = "an error in the rig's software"
Troubles = (RigError, EstimateError, NotMeasured)


class BenchNotSafe(RigError):
    """A real bench could not be made safe after a point; nothing more may be measured on it."""


class BenchStopped(RigError):
    """The emergency stop was pressed at a point; nothing more may be measured until a person resets it."""


def measure_points(
    study: StudyFile, points: Sequence[Point], *, jobs: int, ask: Ask | None = None
) -> Generator[PointResult]:
    """Measure points and yield each as it is done.

    Args:
        jobs: how many at a time; more than one on twins only. They run in processes that import the calling
            script anew, which therefore begins under ``if __name__ == "__main__":``.
        ask: on a real bench, called with what a person has to see to whenever that changes; returns when
            it is done.

    Raises:
        RigError: a process that was measuring died, or a real bench could not be made safe.
        BenchStopped: the emergency stop was pressed.
    """
    on_twins = load_station(study.station).twin is not None
    if jobs == 1 or not on_twins:
        yield from _one_by_one(study, points, None if on_twins else ask)
        return
    with workers(jobs) as pool:
        try:
            yield from _several(pool, study, points, jobs)
        except BrokenProcessPool as error:
            raise RigError(
                "a process that was measuring died", do="Run the study again: it goes on"
            ) from error


def _one_by_one(study: StudyFile, points: Sequence[Point], ask: Ask | None) -> Iterator[PointResult]:
    before: tuple[str, ...] = ()
    for point in points:
        by_hand = conditions_of(study, point).by_hand
        changed = [what for what in by_hand if what not in before]
        if ask is not None and changed:
            ask(changed)
        before = by_hand
        yield measure_point(study, point)
        if STOPPING.requested:  # while the bench was made safe, which nothing interrupts
            raise KeyboardInterrupt


def _several(
    pool: ProcessPoolExecutor, study: StudyFile, points: Sequence[Point], jobs: int
) -> Iterator[PointResult]:
    """Keep one point more at hand than there are workers, so that none of them waits for the next."""
    waiting = iter(points)
    running: set[Future[PointResult]] = set()
    while True:
        while len(running) <= jobs and (point := next(waiting, None)) is not None:
            running.add(pool.submit(measure_point, study, point))
        if not running:
            return
        done, running = wait(running, return_when=FIRST_COMPLETED)
        yield from sorted((future.result() for future in done), key=lambda result: result.point.run)


def measure_point(study: StudyFile, point: Point) -> PointResult:
    """Measure every response of a study at one point. What cannot be measured is told, not raised.

    Raises:
        RigError: the rig is not the one that was checked before the study began: another pen or instrument
            answers, a file was changed, a certificate has expired meanwhile.
        BenchNotSafe: on a real bench only; a twin is thrown away.
        BenchStopped: the emergency stop was pressed; the point counts as not measured.
    """
    responses: dict[str, Measured] = {}
    problems: dict[str, str] = {}
    bench_s = 0.0
    try:
        with contextlib.ExitStack() as stack:
            conditions = conditions_of(study, point)
            opened = _open(study, conditions, stack)
            bench = opened.bench()
            stack.callback(_make_safe, bench)
            started_s = bench.clock.now()
            bench.prepare()
            bout = Bout(bench)
            for name in study.responses:
                try:
                    responses[name] = MEASURANDS[name].measure(bout, conditions.setting)
                except EmergencyStopped:
                    raise
                except Troubles as error:
                    problems[name] = str(error)
            bench_s = bench.clock.now() - started_s
    except (BenchNotSafe, BenchStopped):
        raise
    except EmergencyStopped as error:
        raise BenchStopped(str(error)) from error
    except RefusedToStart as error:
        raise RigError(
            f"point {point.number} cannot be measured: {error}", do="Put it right; the same command goes on"
        ) from error
    except Exception as error:  # noqa: BLE001  # whatever it is, it is this point's and not the study's
        why = str(error) if isinstance(error, RigError) else f"{SOFTWARE}: {type(error).__name__}: {error}"
        problems |= {name: why for name in study.responses if name not in responses | problems}
    return PointResult(point, responses, problems, bench_s)


def _make_safe(bench: Bench) -> None:
    with STOPPING.held():
        problems = bench.make_safe()
    if bench.emergency_stop is not None:
        raise BenchStopped(str(bench.emergency_stop))
    if problems and bench.station.twin is None:
        raise BenchNotSafe(f"the bench is not safe: {'; '.join(problems)}", do="Make it safe by hand")


def _open(study: StudyFile, conditions: Conditions, stack: contextlib.ExitStack) -> OpenStation:
    station = load_station(study.station, conditions.station)
    product = load_product(study.product, conditions.product)
    twin = None
    if station.twin is not None:
        twin = TwinProcess(
            study.world,
            study.product,
            overrides=conditions.world,
            product_overrides=conditions.product,
            seed=conditions.seed,
        )
    return open_unrecorded(station, product, stack, twin)
