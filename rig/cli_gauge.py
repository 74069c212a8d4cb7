"""``rig study grr|bias|linearity|stability``: is the rig itself good enough for what it judges?"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rig.cli_conduct import Sitting, conduct, told_in_sentences
from rig.cli_options import AsJson, Jobs, ProductName, Runs, Seed, Station, WorldName
from rig.cli_sign_in import FromStdin, UserName
from rig.errors import ConfigError

if TYPE_CHECKING:
    from pandas import DataFrame

    from reports.gauge_report import GaugeVerdict
    from rig.studies.study_file import StudyFile

FAILED = 1

MeasurandName = Annotated[str, typer.Argument(metavar="MEASURAND", help="extension, rate, leak, …")]
Depth = Annotated[float, typer.Option(help="Set depth, mm.")]
Rate = Annotated[float, typer.Option(help="Set rate, 1/min.")]
Trials = Annotated[int, typer.Option(min=2, help="Measurements of the same thing.")]
Tolerance = Annotated[
    float | None, typer.Option(help="Width between the limits; the product's if not given.")
]
Out = Annotated[Path | None, typer.Option(help="Folder of its record; studies/KIND-MEASURAND if not given.")]
Reference = Annotated[
    list[float] | None,
    typer.Option(help="Reference value, one for each depth; on a twin the truth if not given."),
]


def add_to(study: typer.Typer) -> None:
    """Add the gauge studies to the ``rig study`` commands."""
    for command in (grr, bias, linearity, stability):
        study.command()(command)


def grr(
    measurand: MeasurandName,
    depth: Depth = 1.25,
    rate: Rate = 7000.0,
    parts: Annotated[int, typer.Option(min=2, help="Pens.")] = 10,
    operators: Annotated[int, typer.Option(min=2, help="Who clamp them.")] = 3,
    trials: Trials = 2,
    tolerance: Tolerance = None,
    station: Station = "twin",
    product: ProductName = "office-pen",
    world: WorldName = "nominal",
    seed: Seed = 0,
    jobs: Jobs = 1,
    out: Out = None,
    as_json: AsJson = False,
    user: UserName = "",
    from_stdin: FromStdin = False,
    runs: Runs = Path("runs"),
) -> None:
    """Repeatability and reproducibility: how much of what is seen is the rig's own doing."""
    from reports.gauge_report import judge_grr
    from rig.product import Setting
    from rig.studies.gauge import grr as plan
    from rig.studies.tolerances import tolerance_of

    where: dict[str, Any] = {"station": station, "product": product, "world": world, "seed": seed}
    sizes: dict[str, Any] = {"parts": parts, "operators": operators, "trials": trials}

    def begin() -> StudyFile:
        _check_positive("--tolerance", tolerance)
        return plan(measurand, Setting(depth, rate), **sizes, **where)

    def judge(study: StudyFile, frame: DataFrame) -> GaugeVerdict:
        return judge_grr(frame, tolerance or tolerance_of(study))

    _conduct(begin, judge, out, jobs, Sitting(runs, user, from_stdin), as_json)


def bias(
    measurand: MeasurandName,
    depth: Depth = 1.25,
    rate: Rate = 7000.0,
    trials: Trials = 25,
    tolerance: Tolerance = None,
    reference: Reference = None,
    reference_u: Annotated[float, typer.Option(help="Standard uncertainty of the reference.")] = 0.0,
    station: Station = "twin",
    product: ProductName = "office-pen",
    world: WorldName = "nominal",
    seed: Seed = 0,
    jobs: Jobs = 1,
    out: Out = None,
    as_json: AsJson = False,
    user: UserName = "",
    from_stdin: FromStdin = False,
    runs: Runs = Path("runs"),
) -> None:
    """Bias, Cg and Cgk: repeated measurements of one part whose value is known."""
    from reports.gauge_report import judge_bias
    from rig.product import Setting
    from rig.studies.gauge import bias as plan
    from rig.studies.gauge import check_references, true_values
    from rig.studies.tolerances import tolerance_of

    where: dict[str, Any] = {"station": station, "product": product, "world": world, "seed": seed}

    def begin() -> StudyFile:
        _check_positive("--tolerance", tolerance)
        _check_references(reference, 1)
        if not (math.isfinite(reference_u) and reference_u >= 0.0):
            raise ConfigError(f"--reference-u {reference_u:g}", expected="a number, not negative")
        study = plan(measurand, Setting(depth, rate), trials=trials, **where)
        if not reference:
            check_references(study)
        return study

    def judge(study: StudyFile, frame: DataFrame) -> GaugeVerdict:
        known = dict.fromkeys(frame["point"], reference[0]) if reference else true_values(study)
        return judge_bias(frame, known, reference_u, tolerance or tolerance_of(study))

    _conduct(begin, judge, out, jobs, Sitting(runs, user, from_stdin), as_json)


def linearity(
    measurand: MeasurandName,
    depths: Annotated[list[float] | None, typer.Option("--depth", help="Set depths, mm.")] = None,
    rate: Rate = 7000.0,
    trials: Trials = 6,
    reference: Reference = None,
    station: Station = "twin",
    product: ProductName = "office-pen",
    world: WorldName = "nominal",
    seed: Seed = 0,
    jobs: Jobs = 1,
    out: Out = None,
    as_json: AsJson = False,
    user: UserName = "",
    from_stdin: FromStdin = False,
    runs: Runs = Path("runs"),
) -> None:
    """Linearity: is the rig as right at small depths as at large ones?"""
    from reports.gauge_report import judge_linearity
    from rig.product import Setting, load_product
    from rig.studies.gauge import check_references, true_values
    from rig.studies.gauge import linearity as plan

    where: dict[str, Any] = {"station": station, "product": product, "world": world, "seed": seed}

    def begin() -> StudyFile:
        chosen = depths or load_product(product).calibration.depths_mm
        _check_references(reference, len(chosen))
        study = plan(measurand, Setting(chosen[0], rate), depths_mm=chosen, trials=trials, **where)
        if not reference:
            check_references(study)
        return study

    def judge(study: StudyFile, frame: DataFrame) -> GaugeVerdict:
        if not reference:
            return judge_linearity(frame, true_values(study))
        levels = (float(str(level)) for level in study.factors["depth"].levels or ())
        by_depth = dict(zip(levels, reference, strict=True))
        known = {point: by_depth[at] for point, at in zip(frame["point"], frame["depth"], strict=True)}
        return judge_linearity(frame, known)

    _conduct(begin, judge, out, jobs, Sitting(runs, user, from_stdin), as_json)


def stability(
    measurand: MeasurandName,
    depth: Depth = 1.25,
    rate: Rate = 7000.0,
    occasions: Annotated[int, typer.Option(min=2, help="On how many occasions.")] = 20,
    trials: Trials = 3,
    station: Station = "twin",
    product: ProductName = "office-pen",
    world: WorldName = "nominal",
    seed: Seed = 0,
    jobs: Jobs = 1,
    out: Out = None,
    as_json: AsJson = False,
    user: UserName = "",
    from_stdin: FromStdin = False,
    runs: Runs = Path("runs"),
) -> None:
    """Stability: is the rig still what it was?"""
    from reports.gauge_report import judge_stability
    from rig.product import Setting
    from rig.studies.gauge import stability as plan

    where: dict[str, Any] = {"station": station, "product": product, "world": world, "seed": seed}
    _conduct(
        lambda: plan(measurand, Setting(depth, rate), occasions=occasions, trials=trials, **where),
        lambda study, frame: judge_stability(frame),
        out, jobs, Sitting(runs, user, from_stdin), as_json,
    )  # fmt: skip


def _check_positive(option: str, value: float | None) -> None:
    if value is not None and not (math.isfinite(value) and value > 0.0):
        raise ConfigError(f"{option} {value:g}", expected="a number more than 0")


def _check_references(references: list[float] | None, count: int) -> None:
    if not references:
        return
    if len(references) != count:
        given = "1 reference value" if len(references) == 1 else f"{len(references)} reference values"
        raise ConfigError(given, expected=f"{count}, one for each depth")
    if not all(math.isfinite(value) for value in references):
        raise ConfigError(f"reference values {references}", expected="numbers")


def _conduct(
    begin: Callable[[], StudyFile],
    judge: Callable[[StudyFile, DataFrame], GaugeVerdict],
    out: Path | None,
    jobs: int,
    sitting: Sitting,
    as_json: bool,
) -> None:
    """Run a gauge study, judge it, keep plot and verdict. Exit status 1 when the gauge is not acceptable."""
    with told_in_sentences():
        from rich.console import Console

        from reports.gauge_report import Use, write_verdict
        from rig.show_study import render_gauge
        from rig.studies.run_study import keep_verdict

        study = begin()
        folder = out or Path("studies", study.name)
        person = sitting.signs_in(study)
        view = conduct(study, folder, jobs, sitting.runs, person)
        verdict = judge(study, view.frame)
        view = keep_verdict(study, folder, verdict.to_json(), person)
        told = write_verdict(verdict, view, folder)
    if as_json:
        print(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        render_gauge(view, verdict, Console(), folder=folder)
    if verdict.use is Use.NOT_ACCEPTABLE:
        raise typer.Exit(FAILED)
