"""Does results.json say what the entries say? It is computed again from them, and compared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from reports.evidence import manifest
from reports.evidence.package import REQUIREMENTS_FOLDER, RESULTS, results_with_matrix
from reports.evidence.subject import Subject
from rig.errors import RigError
from rig.records import kinds
from rig.records.chain import Row
from rig.records.event import Event
from rig.records.studies import study_of
from rig.records.verify import Finding
from rig.records.view import fold

__all__ = ["RESULTS", "judge_results"]

MOST_NAMED = 20
AS_RECORDED = (
    "id", "started", "ended", "verdict", "reasons", "faults", "instruments", "measurements", "calibration",
    "notes", "tests", "configurations", "wire_log",
)  # fmt: skip
"""What results.json has of a run word for word as it was recorded, whatever version wrote it."""


def judge_results(folder: Path, rows: Sequence[Row]) -> tuple[list[Finding], list[Finding]]:
    """Return what in a package's results.json is not what its entries say, and what could not be compared.

    Another version of this software may tell more, or otherwise; of what such a one wrote, that is compared
    which stands in the record word for word.

    Raises:
        OSError: a file cannot be read.
    """
    try:
        told = json.loads((folder / RESULTS).read_bytes())
        subject = _subject(folder, rows, told)
        computed = results_with_matrix(subject, folder / REQUIREMENTS_FOLDER)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, RigError) as error:
        return [Finding(RESULTS, f"it cannot be computed from the entries ({error})")], []
    if _text(told) == _text(computed):
        return [], []
    computed = json.loads(_text(computed))
    about = manifest.read_manifest(folder).about.get("software")
    made_by = about.get("version") if isinstance(about, dict) else None
    if made_by == manifest.version():
        wrong = list(_differences(told, computed, ""))
        return [Finding(RESULTS, what) for what in wrong[:MOST_NAMED]], []
    wrong = [what for pair in _recorded(told, computed) for what in _differences(*pair)]
    note = f"made by version {made_by}: only what stands in the record word for word was compared"
    return [Finding(RESULTS, what) for what in wrong[:MOST_NAMED]], [Finding(RESULTS, note)]


def _subject(folder: Path, rows: Sequence[Row], told: dict[str, Any]) -> Subject:
    """Return the subject as the entries of a package have it."""
    kind, name = told["subject"]["kind"], told["subject"]["name"]
    events = [Event(r.seq, r.run_id, r.kind, r.at, json.loads(r.body), r.previous, r.hash) for r in rows]
    started = [event.run_id for event in events if event.kind == kinds.STARTED]
    runs = tuple(
        fold(event for event in events if event.run_id == run_id) for run_id in dict.fromkeys(started)
    )
    return Subject(kind, name, runs, folder, study_of(events) if kind == "study" else None)


def _recorded(told: Any, computed: Any) -> Iterator[tuple[Any, Any, str]]:
    """Yield what is word for word as recorded, run by run: as told, as computed, and where."""
    ids = [[run.get("id") for run in results["runs"]] for results in (told, computed)]
    yield ids[0], ids[1], "runs"
    for number, (one, other) in enumerate(zip(told["runs"], computed["runs"], strict=False)):
        for key in AS_RECORDED:
            yield one.get(key), other.get(key), f"runs[{number}].{key}"


def _differences(told: Any, computed: Any, place: str) -> Iterator[str]:
    """Yield where two JSON values differ, and how."""
    if isinstance(told, dict) and isinstance(computed, dict):
        for key in dict.fromkeys([*told, *computed]):
            inside = f"{place}.{key}" if place else str(key)
            if key not in told or key not in computed:
                yield f"{inside} is {'missing' if key not in told else 'not in the record'}"
            else:
                yield from _differences(told[key], computed[key], inside)
    elif isinstance(told, list) and isinstance(computed, list) and len(told) == len(computed):
        for number, (one, other) in enumerate(zip(told, computed, strict=True)):
            yield from _differences(one, other, f"{place}[{number}]")
    elif told != computed or type(told) is not type(computed):
        yield f"{place} says {_short(told)}, the entries say {_short(computed)}"


def _text(results: Any) -> str:
    """Return results as one text; without line breaks Python makes it twenty times as fast."""
    return json.dumps(results, ensure_ascii=False, sort_keys=True)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}…"
