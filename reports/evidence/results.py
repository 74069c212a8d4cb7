"""Everything a package says, as plain JSON: what the record has, and what follows from it.

Nothing is guessed. What is not on record is null here, and printed as "not on record".
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reports.evidence.conclusion import conclusion_of

if TYPE_CHECKING:
    from pathlib import Path

    from reports.evidence.subject import Subject
    from reports.matrix import Matrix
    from rig.records.studies import StudyView
    from rig.records.view import RunView

SCHEMA = "needle-rig/results/1"
JsonTable = dict[str, Any]


def results_of(
    subject: Subject, matrix: Matrix | None = None, lot: Mapping[str, Any] | None = None
) -> JsonTable:
    """Return everything on record about a subject.

    Args:
        subject: what the evidence is about.
        matrix: requirements against runs; None where none were asked for.
        lot: statements about a lot, as :mod:`reports.lot` makes them.

    Returns:
        Pure JSON of the schema :data:`SCHEMA`; equal subjects give equal tables.
    """
    runs = [_run(view, subject.folder) for view in subject.runs]
    return {
        "schema": SCHEMA,
        "subject": {"kind": subject.kind, "name": subject.name, "left_out": list(subject.left_out)},
        "conclusion": conclusion_of(subject.kind, runs, lot),
        "runs": runs,
        "matrix": None if matrix is None else matrix.to_json(),
        "lot": None if lot is None else dict(lot),
        "study": None if subject.study is None else study_of_subject(subject.study),
        "files": _files(runs),
    }


def results_bytes(results: Mapping[str, Any]) -> bytes:
    """Return results as the bytes of ``results.json``, which the PDF holds too; each run stands in a line."""
    parts = (f"{_compact(key)}: {_by_line(results[key])}" for key in sorted(results))
    joined = ",\n".join(parts)
    return f"{{\n{joined}\n}}\n".encode()


def hash_list(results: Mapping[str, Any]) -> bytes:
    """Return the hashes of the files that results name, as ``sha256sum --check`` reads them."""
    lines = (f"{file['sha256']}  {file['path']}\n" for file in results["files"])
    return "".join(lines).encode()


def _by_line(value: Any) -> str:
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(map(_compact, value)) + "\n]"
    return _compact(value)


def _compact(value: Any) -> str:
    # Indented, it would be written by Python and not by C, ten times slower.
    return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)


def _run(view: RunView, folder: Path) -> JsonTable:
    pen = _pen(view)
    return {
        "id": view.run_id,
        "plan": _known(view.plan),
        "product": _known(view.product),
        "pen": pen,
        "tip_lot": _tip_lot(view),
        "lot": _known(view.lot),
        "operator": view.operator,
        "station": _known(view.station),
        "location": _known(view.environment.get("location")),
        "environment": view.environment or None,
        "started": view.started,
        "ended": view.ended,
        "takt_s": view.takt_s,
        "wall_s": view.wall_s,
        "software": view.software,
        "bench": _bench(view),
        "verdict": view.verdict,
        "reasons": view.reasons,
        "overridden": _known(view.overridden),
        "hidden": _known(view.hidden),
        "faults": view.faults,
        "instruments": view.instruments,
        "measurements": view.measurements,
        "titles": _titles(view, folder),
        "calibration": view.calibration,
        "notes": view.notes,
        "tests": view.tests,
        "configurations": view.configurations,
        "wire_log": view.wire_log,
    }


def _known(text: object) -> object | None:
    return text or None


def _pen(view: RunView) -> JsonTable:
    """Return who the pen said it was; a serial number alone was scanned and never answered for."""
    answered = next((i.get("identity") or {} for i in view.instruments if i.get("role") == "pen"), {})
    pen = {key: _known(answered.get(key)) for key in ("maker", "model", "serial", "firmware")}
    return {**pen, "serial": pen["serial"] or _known(view.pen_serial), "answered": bool(answered)}


def _tip_lot(view: RunView) -> str | None:
    """Return the tip's lot: as scanned, which its own memory confirmed, or as a note of the run has it."""
    if view.tip_lot:
        return view.tip_lot
    said = (note.get("tip_lot") for note in reversed(view.notes))
    return next((str(lot) for lot in said if lot), None)


def _bench(view: RunView) -> JsonTable:
    """Say whether the bench was simulated; null for records that do not tell."""
    world = view.options.get("world")
    simulated = True if view.seed is not None or world else (False if world == "" else None)
    return {
        "simulated": simulated,
        "seed": view.seed,
        "world": _known(world),
        "set": view.options.get("set"),
        "faults": view.options.get("faults"),
    }


def _titles(view: RunView, folder: Path) -> dict[str, str]:
    """Return the characteristics' titles from the product file as the run kept it."""
    for kept in view.configurations:
        if kept.get("what") != "product":
            continue
        try:
            data = (folder / str(kept["path"])).read_bytes()
            if hashlib.sha256(data).hexdigest() != kept["sha256"]:
                continue
            characteristics = tomllib.loads(data.decode())["characteristics"]
            return {name: str(about["title"]) for name, about in characteristics.items() if "title" in about}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # what cannot be read gives no titles: the names of the record stand alone
    return {}


def study_of_subject(study: StudyView) -> JsonTable:
    """Return a study as plain JSON: its file, who measured with which software, and a row a result."""
    rows = json.loads(study.frame.to_json(orient="records", date_format="iso", double_precision=15))
    return {
        "file": study.study,
        "ended": study.ended,
        "operators": list(study.operators),
        "software": list(study.software),
        "verdict": study.verdict,
        "results": rows,
    }


def _files(runs: list[JsonTable]) -> list[JsonTable]:
    """Return every file that an entry names, with the hash that the entry gives it."""
    named: dict[str, JsonTable] = {}
    for run in runs:
        traces = [entry.get("trace") for entry in (*run["measurements"], *run["notes"])]
        for file in (*traces, run["wire_log"], *run["configurations"]):
            if file and file.get("path") and file.get("sha256"):
                named[file["path"]] = {"path": file["path"], "sha256": file["sha256"], "run": run["id"]}
    return list(named.values())
