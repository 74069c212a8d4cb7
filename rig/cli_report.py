"""``rig report``: a package of evidence about runs, a lot or a study, that stands by itself."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rig.cli_options import Runs, refused
from rig.errors import ConfigError, RigError

if TYPE_CHECKING:
    from reports.evidence.subject import Subject

GAPS = 1
STUDIES = Path("studies")


def report(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN]…", help="Run ids, their beginnings, or last.")
    ] = None,
    lot: Annotated[str, typer.Option("--lot", help="All runs of a lot.")] = "",
    study: Annotated[str, typer.Option(help="A study by name, or the folder of its record.")] = "",
    out: Annotated[Path, typer.Option(help="Folder to put the package in.")] = Path("evidence"),
    strict: Annotated[
        bool, typer.Option(help="Exit status 1 where a requirement is not shown, or an unknown one cited.")
    ] = False,
    runs: Runs = Path("runs"),
) -> None:
    """Make a package of evidence: PDF, page, results, records and hashes; of the last run if none is named.

    Exit status: 0 made, 1 made and --strict finds gaps, 3 not made.
    """
    from reports.evidence.package import make_package
    from rig.git_commit import git_commit

    try:
        subject = _subject(names or [], lot, study, runs)
        folder = make_package(subject, out, made_at=datetime.now(UTC), commit=git_commit())
        results = json.loads((folder / "results.json").read_bytes())
    except RigError as error:
        raise refused(error) from None
    print(f"{results['conclusion']['verdict']}  {subject.kind} {subject.name}")
    print(f"package    {folder}")
    gaps = _gaps(results)
    for gap in gaps:
        print(gap, file=sys.stderr)
    if strict and gaps:
        raise typer.Exit(GAPS)


def add_to(app: typer.Typer) -> None:
    """Add the command to ``rig``."""
    app.command()(report)


def _subject(names: list[str], lot: str, study: str, runs: Path) -> Subject:
    from reports.evidence.subject import lot_subject, run_subject, study_subject

    if sum(map(bool, (names, lot, study))) > 1:
        raise ConfigError(
            "more than one kind of subject is named", expected="runs, or --lot, or --study",
            do="Make a package of each",
        )  # fmt: skip
    if study:
        folder = Path(study)
        return study_subject(folder if folder.is_dir() else STUDIES / study)
    return lot_subject(runs, lot) if lot else run_subject(runs, names or ["last"])


def _gaps(results: dict[str, Any]) -> list[str]:
    """Return what the traceability matrix lacks, a line each; a study without runs owes none."""
    if results["matrix"] is None or (results["study"] is not None and not results["runs"]):
        return []
    matrix = results["matrix"]
    lacking = [f"no evidence for {name}" for name in matrix["without_evidence"]]
    unknown = [(test["test"] or test["plan"], ", ".join(test["unknown"])) for test in matrix["unknown"]]
    return lacking + [f"{test} cites {ids}: no requirement is called that" for test, ids in unknown]
