"""The ``rig`` commands about a station itself: resetting a stop, its checks, the runs in doubt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from rig.cli_options import AsJson, Runs, Station, refused
from rig.cli_sign_in import FromStdin, signed_in
from rig.errors import RigError


def reset(
    by: Annotated[str, typer.Option(help="Who has seen to it.")],
    reason: Annotated[str, typer.Option(help="What was found, and why the station may run again.")],
    station: Station = "twin",
    from_stdin: FromStdin = False,
    runs: Runs = Path("runs"),
) -> None:
    """Let a station run again after an emergency stop."""
    from rig.people.policy import load_policy
    from rig.records.stations import StationLog
    from rig.records.store import FILE_NAME, Store
    from rig.station import load_station

    try:
        name = load_station(station).name
        signed_in(runs, by, load_policy(runs).roles.reset, "resetting a station", from_stdin=from_stdin)
        with Store(runs, create=(runs / FILE_NAME).exists()) as store:
            StationLog(store, name).reset(by, reason)
    except RigError as error:
        raise refused(error) from None
    print(f"station {name}: reset by {by}: {reason}")


def checks(station: Station = "twin", as_json: AsJson = False, runs: Runs = Path("runs")) -> None:
    """List the checks of a station, oldest first, and tell what their control charts say."""
    from rich.console import Console

    from rig.records.stations import StationLog
    from rig.records.store import Store
    from rig.show_station import render_checks
    from rig.station import load_station

    try:
        name = load_station(station).name
        with Store(runs, create=False) as store:
            made = StationLog(store, name).checks()
    except RigError as error:
        raise refused(error) from None
    if as_json:
        print(json.dumps([{"at": event.at, **event.body} for event in made], ensure_ascii=False, indent=1))
    else:
        render_checks(made, Console())


def suspects(as_json: AsJson = False, runs: Runs = Path("runs")) -> None:
    """List the runs that failed checks of a station throw doubt on; a later good check clears none."""
    from rich.console import Console

    from rig.records.stations import suspect_runs
    from rig.records.store import Store
    from rig.records.view import headlines
    from rig.show_station import render_suspects

    try:
        with Store(runs, create=False) as store:
            in_doubt = suspect_runs(store)
            views = {view.run_id: view for view in headlines(store)}
    except RigError as error:
        raise refused(error) from None
    if as_json:
        told = [
            {"run_id": run_id, "pen_serial": views[run_id].pen_serial, "verdict": views[run_id].verdict,
             "checks": found}
            for run_id, found in in_doubt.items()
        ]  # fmt: skip
        print(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        render_suspects(in_doubt, views, Console())
