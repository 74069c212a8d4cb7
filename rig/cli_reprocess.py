"""``rig reprocess``: the results of runs made again from their kept traces, and what moved."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from rig.cli_options import AsJson, Runs, refused
from rig.errors import RefusedToStart, RigError

MOVED = 1


def add_to(app: typer.Typer) -> None:
    """Add the command to ``rig``."""
    app.command()(reprocess)


def reprocess(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN…|last]", help="Run ids, beginnings of them, or last.")
    ] = None,
    lot: Annotated[str, typer.Option(help="Every run of this lot.")] = "",
    calibration: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Another version: the folder that holds the package, or the python of an environment.",
        ),
    ] = None,
    with_todays_configuration: Annotated[
        bool, typer.Option(help="For runs that kept no station, product and plan file: the installed ones.")
    ] = False,
    station: Annotated[str, typer.Option(help="With these: the station by name or path.")] = "",
    keep: Annotated[bool, typer.Option(help="Enter what came of it into the record.")] = False,
    by: Annotated[str, typer.Option(help="Who evaluates; needed to keep it.")] = "",
    runs: Runs = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Make results again from their kept traces, and say what moved; nothing recorded is changed.

    Exit status: 0 nothing moved beyond rounding, 1 something did, 3 it could not be done.
    """
    from rich.console import Console

    from rig.git_commit import git_commit
    from rig.reprocess.elsewhere import evaluate_elsewhere
    from rig.reprocess.keeping import keep_outcome
    from rig.reprocess.outcome import outcome_of
    from rig.reprocess.worker import evaluate_again
    from rig.show_reprocess import render_outcome

    try:
        run_ids = _chosen(runs, names or [], lot)
        evaluate = evaluate_again if calibration is None else partial(evaluate_elsewhere, calibration)
        evaluated = evaluate(
            runs, run_ids, todays_configuration=with_todays_configuration, station_file=station
        )
        outcome = outcome_of(evaluated)
        kept = keep_outcome(outcome, runs, by=by, commit=git_commit()) if keep else []
    except RigError as error:
        raise refused(error) from None
    if as_json:
        print(json.dumps({**outcome.to_json(), "kept": kept}, ensure_ascii=False, indent=1))
    else:
        render_outcome(outcome, kept, Console())
    if outcome.has_moved:
        raise typer.Exit(MOVED)


def _chosen(runs: Path, names: list[str], lot: str) -> list[str]:
    """Return the ids of the runs that are meant.

    Raises:
        RefusedToStart: none is.
        StoreError: there is no such run, or no record.
    """
    from rig.records.store import Store
    from rig.records.view import headlines

    with Store(runs, create=False) as store:
        found = [store.find_run(name) for name in names]
        if lot:
            found += [view.run_id for view in headlines(store) if view.lot == lot]
    if not found:
        what = f"lot {lot!r} has no run" if lot else "no run is named"
        raise RefusedToStart(what, expected="runs by id, last, or a lot that has some")
    return list(dict.fromkeys(found))
