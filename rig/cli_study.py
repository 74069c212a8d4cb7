"""``rig study``: many measurements with one question."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from rig.cli_conduct import Sitting, conduct, told_in_sentences
from rig.cli_gauge import add_to
from rig.cli_options import BROKE, AsJson, Jobs, ProductName, Runs, Seed, WorldName, load_world, refused
from rig.cli_sign_in import FromStdin, UserName
from rig.errors import RigError

study = typer.Typer(help="Studies over many runs.", no_args_is_help=True)


@study.command()
def run(
    file: Annotated[str, typer.Argument(help="Study by name, or the path of its TOML file.")],
    out: Annotated[Path | None, typer.Option(help="Folder of its record; studies/NAME if not given.")] = None,
    jobs: Jobs = 1,
    as_json: AsJson = False,
    user: UserName = "",
    from_stdin: FromStdin = False,
    runs: Runs = Path("runs"),
) -> None:
    """Run a study, or go on with one that was interrupted."""
    with told_in_sentences():
        from rich.console import Console

        from reports.study_report import write_report
        from rig.show_study import render_study
        from rig.studies.libraries import check_libraries
        from rig.studies.study_file import load_study

        check_libraries()
        asked = load_study(file)
        folder = out or Path("studies", asked.name)
        person = Sitting(runs, user, from_stdin).signs_in(asked)
        view = conduct(asked, folder, jobs, runs, person)
        models, problems = write_report(view, folder)
    if as_json:
        print(json.dumps([model.to_json() for model in models], ensure_ascii=False, indent=1))
    else:
        render_study(view, models, problems, Console(), folder=folder)


@study.command()
def coverage(
    pens: Annotated[int, typer.Option(min=1, help="How many random pens.")] = 20,
    population: Annotated[str, typer.Option(help="What varies: population by name, or its file.")] = "line",
    world: WorldName = "nominal",
    product: ProductName = "office-pen",
    seed: Seed = 0,
    jobs: Jobs = 1,
    as_json: AsJson = False,
) -> None:
    """Measure random pens on random benches, and compare with the truth: bias, coverage, risks."""
    from rich.console import Console

    from rig.studies.coverage import Study, run_study, summarise
    from rig.studies.coverage_report import render, to_json
    from rig.twin.population import load_population

    try:
        load_population(population)
        load_world(world, None, product)
    except RigError as error:
        raise refused(error) from None
    console, cases, stopped = Console(stderr=True), [], False
    with told_in_sentences(), console.status("measuring") as status:
        try:
            for case in run_study(Study(population, world or "nominal", product, seed or 0), pens, jobs):
                cases.append(case)
                status.update(f"measured {len(cases)} of {pens} pens")
        except KeyboardInterrupt:
            if not cases:
                raise
            stopped = True
    rows, risks = summarise(cases)
    if as_json:
        print(json.dumps(to_json(cases, rows, risks), ensure_ascii=False, indent=1))
    else:
        render(cases, rows, risks, Console())
    if stopped:
        print(f"stopped after {len(cases)} of {pens} pens", file=sys.stderr)
        raise typer.Exit(BROKE)


add_to(study)
