"""A whole study: checked, begun or gone on with, measured point by point, and written out as tables."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rig.interlocks import latch_stop, refuse_stopped
from rig.people.access import admit
from rig.people.policy import load_policy
from rig.people.sign_in import SignedIn
from rig.records.studies import StudyView, read_study, written_beside_the_record
from rig.station import load_station
from rig.studies.design import design_points
from rig.studies.feasible import check, check_size
from rig.studies.journal import Journal, PointResult, only_one
from rig.studies.measuring import Ask, BenchStopped, measure_points
from rig.studies.study_file import StudyFile


@dataclass(frozen=True)
class Outlook:
    """What a study amounts to: points in all, points done before, and time on the bench for all, s."""

    points: int
    done: int
    bench_s: float


def run_study(
    study: StudyFile,
    folder: Path,
    *,
    runs: Path = Path("runs"),
    person: SignedIn | None = None,
    jobs: int = 1,
    ask: Ask | None = None,
    begins: Callable[[Outlook], None] = lambda outlook: None,
    progress: Callable[[PointResult], None] = lambda result: None,
) -> StudyView:
    """Run a study, or go on with one that was interrupted: no point is run twice, none is lost.

    Args:
        study: what to do.
        folder: of its record and tables, ``results.csv`` and ``results.parquet``.
        runs: folder of the runs' records, whose log of the station says whether it was stopped and reset.
        person: who runs it; None where nobody signed in, which will do where ``runs`` knows no users.
        jobs: points at a time, on twins.
        ask: see :func:`~rig.studies.measuring.measure_points`.
        begins: told what lies ahead, before anything moves.
        progress: told of each point once it is kept.

    Raises:
        RefusedToStart: the study cannot be done, the person may not do it, its station was stopped and nobody
            has reset it, or another process is at it.
        BenchStopped: the emergency stop was pressed; the station's log says so.
        RigError: its record could not be kept, the bench not be made safe, or a process died.
    """
    admit(runs, person, load_policy(runs).roles.study, f"study {study.name}")
    bench_s = check_size(study)
    points = design_points(study)
    check(study, points)
    station = load_station(study.station).name
    refuse_stopped(station, runs)
    with only_one(folder):
        journal = Journal(folder, study, None if person is None else person.told())
        try:
            done = journal.done()
            begins(Outlook(len(points), len(done), bench_s))
            left = [point for point in points if point.number not in done]
            # Closed here and not when it is forgotten: what it has open must not outlive an interruption.
            with contextlib.closing(measure_points(study, left, jobs=jobs, ask=ask)) as results:
                for result in results:
                    journal.add(result)
                    progress(result)
            journal.end()
        except BenchStopped as stop:
            latch_stop(station, runs, str(stop))
            raise
        finally:
            journal.close()
    view = read_study(folder)
    write_tables(view, folder)
    return view


def keep_verdict(
    study: StudyFile, folder: Path, verdict: Mapping[str, Any], person: SignedIn | None
) -> StudyView:
    """Keep what a gauge study says of the gauge in its record; return the study with it.

    Args:
        study: that was run.
        folder: of its record.
        verdict: plain data.
        person: who ran it; None where nobody signed in.

    Raises:
        RigError: it could not be kept.
    """
    with only_one(folder):
        journal = Journal(folder, study, None if person is None else person.told())
        try:
            journal.keep_verdict(verdict)
        finally:
            journal.close()
    return read_study(folder)


def write_tables(view: StudyView, folder: Path) -> None:
    """Write a study's results as CSV and as Parquet.

    Raises:
        StoreError: they could not be written; the record is whole all the same.
    """
    with written_beside_the_record(folder):
        view.frame.to_csv(folder / "results.csv", index=False)
        view.frame.to_parquet(folder / "results.parquet", index=False)
