"""Evaluating runs again in whatever process this is, with the ``calibration`` that it has imported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rig.errors import RefusedToStart
from rig.records.run import wall_utc
from rig.records.store import Store
from rig.records.view import RunView, fold
from rig.reprocess.again import Again, results_again
from rig.reprocess.configuration import Configuration, configuration_of
from rig.reprocess.software import CalibrationVersion, calibration_in_use


@dataclass(frozen=True)
class RunAgain:
    """A run, evaluated again.

    Args:
        run_id: of the run.
        verdict: that it ended with.
        software: that recorded it, {version, commit}.
        configuration: whose files it was evaluated with.
        results: in the order of the record.
    """

    run_id: str
    verdict: str
    software: dict[str, str | None]
    configuration: str
    results: tuple[Again, ...]


@dataclass(frozen=True)
class Evaluated:
    """Runs evaluated again, by which calibration, and when (UTC)."""

    calibration: CalibrationVersion
    at: str
    runs: tuple[RunAgain, ...]


def evaluate_again(
    runs: Path, run_ids: Sequence[str], *, todays_configuration: bool = False, station_file: str = ""
) -> Evaluated:
    """Evaluate runs again.

    Args:
        runs: folder of the records.
        run_ids: which ones.
        todays_configuration, station_file: as :func:`~rig.reprocess.configuration.configuration_of` has them.

    Raises:
        StoreError: a trace or a file is not the one that was recorded.
        RefusedToStart: a run cannot be evaluated again at all.
    """
    with Store(runs, create=False) as store:
        views = [fold(store.events(run_id)) for run_id in run_ids]
    done = tuple(
        _run_again(
            view, runs, configuration_of(view, runs, todays=todays_configuration, station_file=station_file)
        )
        for view in views
    )
    return Evaluated(calibration_in_use(), wall_utc().isoformat(timespec="seconds"), done)


def _run_again(view: RunView, runs: Path, configuration: Configuration) -> RunAgain:
    results = tuple(results_again(view, runs, configuration))
    if not any(result.now or result.refused for result in results):
        raise RefusedToStart(
            f"run {view.run_id}: not one of its {len(results)} results can be made again",
            expected="results whose entries say of which traces they were made",
        )
    return RunAgain(view.run_id, view.verdict, view.software, configuration.source, results)
