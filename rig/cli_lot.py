"""``rig lot``: a plan on pen after pen of a lot, and what the lot shows."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rig.cli_options import BROKE, REFUSED, AsJson, Jobs, ProductName, Runs, Station, refused
from rig.cli_sign_in import PASSWORD, FromStdin, UserName, read_password
from rig.errors import RigError

if TYPE_CHECKING:
    from reports.lot import Lot
    from rig.lots import LotOrder

NOT_SHOWN = 1

lot = typer.Typer(
    help="Lots of pens: many runs of one plan, and what they show together.", no_args_is_help=True
)

LotName = Annotated[str, typer.Option("--lot", help="Name of the lot.")]
Coverage = Annotated[float, typer.Option(help="Share of conforming pens to be shown.")]
Confidence = Annotated[float, typer.Option(help="With which confidence.")]


@lot.command()
def run(
    plan: Annotated[str, typer.Argument(help="Plan by name (regulatory), or the path of its folder.")],
    name: LotName,
    pens: Annotated[int, typer.Option(min=1, help="Pens in all; 59 without a failure show 95/95.")] = 59,
    population: Annotated[
        str, typer.Option(help="Twin: population the pens are drawn from, by name or path.")
    ] = "line",
    station: Station = "twin",
    product: ProductName = "office-pen",
    seed: Annotated[int, typer.Option(help="Twin: seed of the drawing.")] = 0,
    jobs: Jobs = 1,
    user: UserName = "",
    from_stdin: FromStdin = False,
    as_json: AsJson = False,
    runs: Runs = Path("runs"),
) -> None:
    """Run a plan on every pen of a lot, or go on with one that was stopped; then show the lot.

    Exit status: 0 shown, 1 not shown, 2 stopped or something broke, 3 refused to start.
    """
    from rig.fixtures.stopping import STOPPING
    from rig.lots import LotOrder

    more = (f"--user={user}",) if user else ()
    order = LotOrder(plan, name, pens, runs, station, product, population, seed, jobs, more)
    STOPPING.listen()
    try:
        secrets = {PASSWORD: read_password(user, from_stdin=from_stdin)} if user else {}
        _conduct(order, secrets)
    except RigError as error:
        raise refused(error) from None
    except KeyboardInterrupt:
        print("stopped; every run under way has ended, and the same command goes on", file=sys.stderr)
        raise typer.Exit(BROKE) from None
    finally:
        STOPPING.restore()
    _tell(_load(name, runs), as_json=as_json)


@lot.command()
def show(
    name: Annotated[str, typer.Argument(metavar="LOT", help="Name of the lot.")],
    coverage: Coverage = 0.95,
    confidence: Confidence = 0.95,
    as_json: AsJson = False,
    runs: Runs = Path("runs"),
) -> None:
    """Show what a lot shows: of each characteristic at each setting, and of each requirement.

    Exit status: 0 shown, 1 not shown, 2 a pen's run broke and was not repeated, 3 no such lot.
    """
    _tell(_load(name, runs, coverage, confidence), as_json=as_json)


def _conduct(order: LotOrder, secrets: dict[str, str]) -> None:
    from rich.console import Console

    from rig.lot_runner import run_pens
    from rig.lots import only_one, state_of
    from rig.show_lot import render_beginning, render_pen

    console = Console(stderr=True)
    with only_one(order):
        state = state_of(order)
        render_beginning(state, console)
        for ended in run_pens(state, ask=_ask, secrets=secrets):
            render_pen(ended, console)


def _ask(what: str) -> str:
    try:
        return str(typer.prompt(what, err=True))
    except typer.Abort:
        raise KeyboardInterrupt from None


def _load(name: str, runs: Path, coverage: float = 0.95, confidence: float = 0.95) -> Lot:
    from calibration.errors import EstimateError
    from reports.evidence.subject import lot_subject
    from reports.lot import lot_of

    try:
        return lot_of(lot_subject(runs, name).runs, name=name, coverage=coverage, confidence=confidence)
    except RigError as error:
        raise refused(error) from None
    except EstimateError as error:
        print(f"refused: {error}", file=sys.stderr)
        raise typer.Exit(REFUSED) from None


def _tell(found: Lot, *, as_json: bool) -> None:
    from rich.console import Console

    from rig.records.kinds import PASS
    from rig.show_lot import render_lot

    if as_json:
        print(json.dumps(found.to_json(), ensure_ascii=False, indent=1))
    else:
        render_lot(found, Console())
    if found.unfinished:
        raise typer.Exit(BROKE)
    if found.verdict != PASS:
        raise typer.Exit(NOT_SHOWN)
