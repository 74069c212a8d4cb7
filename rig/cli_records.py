"""``rig verify`` and ``rig recover``: is the record whole, and what became of a run that was cut off?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from rig.cli_options import BROKE, AsJson, Runs, Station, refused
from rig.errors import RigError

ALTERED = 1


def add_to(app: typer.Typer) -> None:
    """Add the commands to ``rig``."""
    app.command()(verify)
    app.command()(recover)


def verify(
    path: Annotated[Path, typer.Argument(metavar="[PATH]", help="Folder of the records.")] = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Check that nothing recorded was altered. Exit status: 0 whole, 1 altered, 3 nothing to verify."""
    from rich.console import Console

    from rig.records.verify import verify as look
    from rig.show_verify import render_verification

    try:
        found = look(path)
    except RigError as error:
        raise refused(error) from None
    if as_json:
        print(json.dumps(found.to_json(), ensure_ascii=False, indent=1))
    else:
        render_verification(found, Console())
    if not found.whole:
        raise typer.Exit(ALTERED)


def recover(
    by: Annotated[str, typer.Option(help="Name of the person who sees to it.")],
    station: Station = "twin",
    runs: Runs = Path("runs"),
    restore: Annotated[bool, typer.Option(help="Write the old table back into the pen.")] = False,
) -> None:
    """See to runs that were cut off: park the bench, ask the pen, close the record.

    Exit status: 0 all is well, 2 somebody must see to something, 3 nothing was done.
    """
    from rig.recovery import cut_off_elsewhere
    from rig.recovery import recover as see_to
    from rig.station import load_station

    try:
        config = load_station(station)
        done = see_to(config, runs, by=by, restore=restore)
        elsewhere = cut_off_elsewhere(config, runs)
    except RigError as error:
        raise refused(error) from None
    for run in done:
        print(run)
    if not done:
        print(f"no run was cut off at station {config.name}; nothing was touched")
    for run_id, name in elsewhere.items():
        print(f"run {run_id} was cut off at station {name}: give its file with --station")
    problems = [problem for run in done for problem in run.problems]
    for problem in dict.fromkeys(problems):
        print(f"see to this: {problem}", file=sys.stderr)
    if problems:
        raise typer.Exit(BROKE)
