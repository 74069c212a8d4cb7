"""``rig qualify``: installation, operation and performance qualification of software and station."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from rig.cli_options import Runs, Station, refused
from rig.errors import RigError

NOT_QUALIFIED = 1


def add_to(app: typer.Typer) -> None:
    """Add the command to ``rig``."""
    app.command()(qualify)


def qualify(
    out: Annotated[Path, typer.Option(help="Folder of the report.")] = Path("qualification"),
    station: Station = "twin",
    quick: Annotated[bool, typer.Option(help="Fewer whole runs; for a look, not for release.")] = False,
    by: Annotated[str, typer.Option(help="Who qualifies; printed on the report.")] = "",
    runs: Runs = Path("runs"),
) -> None:
    """Qualify this rig: what is installed, what it does, how well. Nothing moves on a real bench.

    Exit status: 0 every check that could be made passed, 1 one failed, 3 it could not begin.
    """
    from rich.console import Console

    from rig.qualification.qualify import Asked, qualify_rig, write_outcome
    from rig.show_qualification import render_check, render_outcome
    from rig.station import load_station

    console = Console()
    try:
        config = load_station(station)
        with tempfile.TemporaryDirectory() as folder:
            asked = Asked(config, runs, Path(folder), quick=quick, by=by)
            outcome = qualify_rig(asked, lambda check: render_check(check, console))
        written = write_outcome(outcome, out)
    except RigError as error:
        raise refused(error) from None
    except OSError as error:
        raise refused(RigError(f"{out}: cannot be written ({error.strerror or error})")) from None
    render_outcome(json.loads(written[0].read_text(encoding="utf-8")), written, console)
    if not outcome.qualified:
        raise typer.Exit(NOT_QUALIFIED)
