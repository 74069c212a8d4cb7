"""What a package of evidence is about: one or several runs, a lot of pens, or a study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rig.errors import StoreError
from rig.records.store import Store
from rig.records.view import RunView, fold, headlines

if TYPE_CHECKING:
    from rig.records.studies import StudyView


@dataclass(frozen=True)
class Subject:
    """What the evidence is about.

    Args:
        kind: a single run and several runs named together are both "run".
        name: run id of a run, or the name of the lot or the study; names the package's folder too.
        runs: what the record tells of each run, oldest first.
        folder: of the records the runs are kept in.
        study: what was studied; of kind "study" only.
        left_out: hidden runs of the lot or study, a line each, by whom and why.
    """

    kind: Literal["run", "lot", "study"]
    name: str
    runs: tuple[RunView, ...]
    folder: Path
    study: StudyView | None = None
    left_out: tuple[str, ...] = ()


def run_subject(runs: Path, names: Sequence[str]) -> Subject:
    """Return the runs called ``names`` (``last``, an id, or the beginning of one), each once.

    Raises:
        StoreError: a run is not there, or cannot be read.
    """
    with Store(runs, create=False) as store:
        ids = list(dict.fromkeys(store.find_run(name) for name in names))
        ids.sort(key=store.run_ids().index)
        views = tuple(fold(store.events(run_id)) for run_id in ids)
    if not views:
        raise StoreError(
            "no run is named", expected="a run, a lot or a study", do="Name one; rig list tells them"
        )
    return Subject("run", "+".join(ids) if len(ids) < 3 else f"{ids[0]}+{len(ids) - 1}", views, runs)


def lot_subject(runs: Path, lot: str) -> Subject:
    """Return every run that was recorded under a lot, save hidden ones.

    Raises:
        StoreError: no run is of this lot, or the record cannot be read.
    """
    with Store(runs, create=False) as store:
        heads = headlines(store)
        of_lot = [head for head in heads if head.lot == lot]
        views = tuple(fold(store.events(head.run_id)) for head in of_lot if not head.hidden)
    if not views or not lot:
        known = ", ".join(sorted({head.lot for head in heads if head.lot})) or "none"
        raise StoreError(f"{runs}: no run of lot {lot!r}", expected=f"one of the lots: {known}")
    return Subject("lot", lot, views, runs, left_out=_hidden(of_lot))


def study_subject(folder: Path) -> Subject:
    """Return a study, with the runs that are recorded beside it, save hidden ones.

    Raises:
        StoreError: there is no study in the folder, or it cannot be read.
    """
    from rig.records.studies import read_study

    study = read_study(folder)
    with Store(folder, create=False) as store:
        heads = [head for head in headlines(store) if head.started]
        views = tuple(fold(store.events(head.run_id)) for head in heads if not head.hidden)
    return Subject("study", str(study.study["name"]), views, folder, study, _hidden(heads))


def _hidden(heads: Sequence[RunView]) -> tuple[str, ...]:
    return tuple(f"{head.run_id} is hidden and left out, {head.hidden}" for head in heads if head.hidden)
