"""``rig verify`` and ``rig recover``: is the record whole, and what became of a run that was cut off?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rig.cli_options import BROKE, AsJson, Runs, Station, refused
from rig.cli_sign import Trust, load_trusted
from rig.cli_sign_in import FromStdin, signed_in
from rig.errors import RigError

if TYPE_CHECKING:
    from rig.records.verify import Verification

ALTERED = 1


def add_to(app: typer.Typer) -> None:
    """Add the commands to ``rig``."""
    app.command()(verify)
    app.command()(recover)


def verify(
    path: Annotated[
        Path, typer.Argument(metavar="[PATH]", help="Folder of the records, or a package of rig report.")
    ] = Path("runs"),
    key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE|FINGERPRINT", help="Only this key of a station may have signed. Repeatable."
        ),
    ] = None,
    trust: Trust = None,
    as_json: AsJson = False,
) -> None:
    """Check that nothing recorded was altered. Exit status: 0 whole, 1 altered, 3 nothing to verify."""
    from rich.console import Console

    from rig.records.station_key import fingerprint_of
    from rig.show_verify import render_verification

    try:
        found = _look(path, [fingerprint_of(named) for named in key or ()], trust)
    except RigError as error:
        raise refused(error) from None
    if as_json:
        print(json.dumps(found.to_json(), ensure_ascii=False, indent=1))
    else:
        render_verification(found, Console())
    if not found.whole:
        raise typer.Exit(ALTERED)


def _look(path: Path, trusted: list[str], trust: Path | None) -> Verification:
    """Verify a package where it is one, and a folder of runs otherwise."""
    from reports.evidence.manifest import is_package
    from rig.records.verify import verify as look

    if not is_package(path):
        return look(path, trusted)
    from reports.evidence.verify_package import verify_package

    return verify_package(path, trusted, load_trusted(trust))


def recover(
    by: Annotated[str, typer.Option(help="Name of the person who sees to it.")],
    station: Station = "twin",
    runs: Runs = Path("runs"),
    restore: Annotated[bool, typer.Option(help="Write the old table back into the pen.")] = False,
    from_stdin: FromStdin = False,
) -> None:
    """See to runs that were cut off: park the bench, ask the pen, close the record.

    Exit status: 0 all is well, 2 somebody must see to something, 3 nothing was done.
    """
    from rig.people.policy import load_policy
    from rig.recovery import cut_off_elsewhere
    from rig.recovery import recover as see_to
    from rig.station import load_station

    try:
        config = load_station(station)
        signed_in(runs, by, load_policy(runs).roles.recover, "recovering runs", from_stdin=from_stdin)
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
