"""The ``rig`` command: a thin door to pytest, the records and the twin."""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rig import cli_audit, cli_qualify, cli_records, cli_report, cli_reprocess, cli_sign
from rig.cli_clients import clients
from rig.cli_lot import lot
from rig.cli_matrix import matrix
from rig.cli_options import (
    BROKE,
    REFUSED,
    AsJson,
    Fault,
    Override,
    ProductName,
    RunName,
    Runs,
    Seed,
    Station,
    WorldName,
    load_world,
    refused,
)
from rig.cli_panel import panel
from rig.cli_sign_in import FromStdin, TicketFromStdin, UserName, who_runs
from rig.cli_station import checks, reset, suspects
from rig.cli_study import study
from rig.cli_users import users
from rig.errors import RigError

if TYPE_CHECKING:
    from rig.fixtures.run import Run
    from rig.people.sign_in import SignedIn
    from rig.records.view import RunView

LISTED = (
    "run_id", "plan", "pen_serial", "station", "product", "lot", "tip_lot", "verdict", "started", "ended",
    "takt_s",
)  # fmt: skip

app = typer.Typer(
    name="rig",
    help="Test rig and calibration harness for microneedling pens.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

app.add_typer(study, name="study")
app.add_typer(users, name="users")
app.add_typer(clients, name="clients")
app.add_typer(lot, name="lot")
cli_records.add_to(app)
cli_reprocess.add_to(app)
cli_qualify.add_to(app)
cli_audit.add_to(app)
cli_report.add_to(app)
cli_sign.add_to(app)
for command in (reset, checks, suspects, matrix, panel):
    app.command()(command)


@app.command("run")
def run_plan(
    plan: Annotated[str, typer.Argument(help="Plan by name (eol), or the path of its folder.")],
    pytest_args: Annotated[list[str] | None, typer.Argument(metavar="[-- PYTEST ARGS]")] = None,
    station: Station = "twin",
    product: ProductName = "office-pen",
    pen: Annotated[str | None, typer.Option(help="Serial number of the pen, as scanned.")] = None,
    lot: Annotated[str, typer.Option(help="Lot the pen belongs to.")] = "",
    tip_lot: Annotated[str, typer.Option(help="Lot of the tip in the pen, as scanned.")] = "",
    world: WorldName = None,
    override: Override = None,
    fault: Fault = None,
    seed: Seed = None,
    interlock: Annotated[
        list[str] | None,
        typer.Option(
            "--override", metavar="INTERLOCK", help="Begin although this is not in order: 'check overdue'."
        ),
    ] = None,
    by: Annotated[str, typer.Option(help="Who overrides.")] = "",
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    user: UserName = "",
    from_stdin: FromStdin = False,
    ticket_from_stdin: TicketFromStdin = False,
    runs: Runs = Path("runs"),
    debug: Annotated[bool, typer.Option(help="Show tracebacks and pytest's own report.")] = False,
) -> None:
    """Run a test plan on one pen. Exit status: 0 pass, 1 fail, 2 rig or run broke, 3 refused to start."""
    from rig.fixtures.plan import find_plan_folder, load_plan
    from rig.fixtures.stopping import STOPPING

    STOPPING.listen()
    try:
        folder = find_plan_folder(plan)
        roles, what = load_plan(folder).roles, f"running plan {plan}"
        person = who_runs(runs, user, roles, what, from_stdin=from_stdin, by_ticket=ticket_from_stdin)
    except RigError as error:
        raise refused(error) from None
    options = [f"--station={station}", f"--product={product}", f"--runs={runs}"]
    options += [f"--pen={pen}"] if pen is not None else []
    options += [f"--lot={lot}"] if lot else []
    options += [f"--tip-lot={tip_lot}"] if tip_lot else []
    options += [f"--world={world}"] if world is not None else []
    options += [f"--seed={seed}"] if seed is not None else []
    options += [f"--set={value}" for value in override or []]
    options += [f"--fault={value}" for value in fault or []]
    options += [f"--override={value}" for value in interlock or []]
    overrides = person.name if person and interlock else ""
    options += [f"--by={by or overrides}", f"--reason={reason}"]
    options += ["--rig-debug"] if debug else []
    sys.exit(_pytest([str(folder), *options, *(pytest_args or [])], person, debug=debug))


@app.command()
def show(run: RunName = "last", as_json: AsJson = False, runs: Runs = Path("runs")) -> None:
    """Show a whole run."""
    from rich.console import Console

    from rig.show import render_run

    view = _load_run(run, runs)
    if as_json:
        print(json.dumps(view.to_json(), ensure_ascii=False, indent=1))
    else:
        render_run(view, Console(), runs=runs)


@app.command("list")
def list_runs(
    as_json: AsJson = False,
    lot: Annotated[str | None, typer.Option(help="Only the runs of this lot.")] = None,
    hidden: Annotated[bool, typer.Option("--hidden", help="The hidden ones too.")] = False,
    runs: Runs = Path("runs"),
) -> None:
    """List the runs, oldest first; those that were hidden only with --hidden."""
    from rich.console import Console

    from rig.records.store import Store
    from rig.records.view import headlines
    from rig.show import render_list

    try:
        with Store(runs, create=False) as store:
            views = headlines(store)
    except RigError as error:
        raise refused(error) from None
    views = [view for view in views if (hidden or not view.hidden) and lot in (None, view.lot)]
    if as_json:
        print(json.dumps([{key: getattr(view, key) for key in LISTED} for view in views], indent=1))
    else:
        render_list(views, Console())


@app.command()
def budget(
    words: Annotated[
        list[str],
        typer.Argument(metavar="[RUN] NAME", help="Measurement, or enough of its name to be the only one."),
    ],
    runs: Runs = Path("runs"),
) -> None:
    """Print the uncertainty budget of one measurement, of the last run unless another is named."""
    from rich.console import Console

    from rig.budget import find_measurement, render_budget

    if len(words) > 2:
        raise typer.BadParameter(f"{len(words)} words, expected [RUN] NAME")
    view = _load_run(words[0] if len(words) == 2 else "last", runs)
    try:
        measurement = find_measurement(view, words[-1])
    except RigError as error:
        raise refused(error) from None
    render_budget(measurement, Console())


@app.command()
def twin(
    world: WorldName = "nominal",
    override: Override = None,
    fault: Fault = None,
    seed: Seed = 0,
    product: ProductName = "office-pen",
    wall_clock: Annotated[bool, typer.Option(help="Let simulated seconds take real seconds.")] = False,
) -> None:
    """Serve every emulated instrument until stopped; print one JSON line of role → address first."""
    from rig.twin.server import run

    truth, design = load_world(world, override, product, fault)
    run(truth, design, seed=seed or 0, virtual=not wall_clock)


@app.command()
def faults(as_json: AsJson = False) -> None:
    """List what can go wrong on a simulated bench, for --fault and for world files."""
    from rich.console import Console

    from rig.show_faults import faults_as_json, render_faults

    if as_json:
        print(json.dumps(faults_as_json(), ensure_ascii=False, indent=1))
    else:
        render_faults(Console())


@app.command()
def truth(
    world: WorldName = "nominal",
    override: Override = None,
    seed: Seed = 0,
    product: ProductName = "office-pen",
    table: Annotated[
        Path | None, typer.Option(help="JSON of table nodes (calibration.nodes of rig show), for as_left.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what a perfect rig would find in a world. For tests and people; the rig never asks."""
    from rig.twin.truth import read_nodes, tell, tell_as_text

    simulated, design = load_world(world, override, product)
    try:
        told = tell(simulated, design, seed=seed or 0, nodes=None if table is None else read_nodes(table))
    except RigError as error:
        raise refused(error) from None
    print(json.dumps(told, ensure_ascii=False, indent=1) if as_json else tell_as_text(told))


def main() -> None:
    """Run the command; what stops it is told in a sentence, never as a traceback."""
    # A command line that cannot be understood is refused like any other wrong configuration.
    usage_error: Any = typer.BadParameter.__base__
    usage_error.exit_code = REFUSED
    app()


class _Outcome:
    """Remembers how the run ended: pytest's own exit status cannot tell, nor when pytest breaks later."""

    status: int | None = None

    def pytest_rig_ended(self, run: Run) -> None:
        assert run.ended is not None
        self.status = run.ended.exit_status


def _pytest(arguments: list[str], person: SignedIn | None, *, debug: bool) -> int:
    """Let pytest run a plan; return the exit status of the run, or REFUSED when there was none."""
    outcome = _Outcome()
    try:
        _pytest_main(arguments, [outcome] if person is None else [outcome, person])
    except KeyboardInterrupt:
        if outcome.status is None:
            print("stopped before anything began", file=sys.stderr)
        return outcome.status or BROKE
    except Exception as error:  # noqa: BLE001  # whatever it is, no operator shall read a traceback
        if debug:
            traceback.print_exc()
        print(f"an error in the rig's software: {type(error).__name__}: {error}", file=sys.stderr)
        return BROKE
    return REFUSED if outcome.status is None else outcome.status


def _pytest_main(arguments: list[str], within: list[object]) -> None:
    """Let pytest run a plan; what is handed over as ``within`` cannot be given on any command line."""
    import pytest

    import rig

    root = Path(rig.__file__).resolve().parent.parent
    project = (
        ["-c", str(root / "pyproject.toml"), f"--rootdir={root}"]
        if (root / "pyproject.toml").exists()
        else []
    )
    # Only these: a plugin that was installed for other tests must not reorder, repeat or slow a run.
    names = ("allure_pytest", "rig.fixtures.plugin", "rig.fixtures.progress", "reports.allure_listener")
    plugins = ["--disable-plugin-autoload", *(f"-p{name}" for name in names)]
    pytest.main([*project, *plugins, "-p", "no:cacheprovider", *arguments], within)


def _load_run(name: str, runs: Path) -> RunView:
    from rig.records.store import Store
    from rig.records.view import fold

    try:
        with Store(runs, create=False) as store:
            return fold(store.events(store.find_run(name)))
    except RigError as error:
        raise refused(error) from None
