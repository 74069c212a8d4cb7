"""A study's record as a pandas table: one row a point and response."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rig.errors import StoreError
from rig.records import kinds
from rig.records.event import Event, canonical_json
from rig.records.store import Store

if TYPE_CHECKING:
    from pandas import DataFrame

ABOUT = ["run", "point", "replicate"]
RESULT = ["response", "value", "unit", "u", "dof", "k", "U", "problem", "bench_s", "at"]


@dataclass(frozen=True)
class StudyView:
    """A study as its record tells it.

    Args:
        study: the study file, as it was begun.
        frame: one row a point and response, in the order of running; factors are columns of their names.
        ended: whether every point was run.
        operators: who measured, {name, full_name, role} each once; None among them for nobody named.
        software: version and commit that measured, each once; earlier versions did not record them.
        verdict: what a gauge study says of the gauge, as plain data; None where it was not judged.
    """

    study: dict[str, Any]
    frame: DataFrame
    ended: bool
    operators: tuple[dict[str, Any] | None, ...] = ()
    software: tuple[dict[str, Any], ...] = ()
    verdict: dict[str, Any] | None = None

    @property
    def factors(self) -> list[str]:
        """Names of the factors."""
        return list(self.study["factors"])


def read_study(folder: Path) -> StudyView:
    """Read the study in a folder.

    A response that was not measured has a row too: its value is NaN, and ``problem`` says why.

    Raises:
        StoreError: there is no study, or its record cannot be read.
    """
    with Store(folder, create=False) as store:
        events = store.events()
    if not any(event.kind == kinds.STUDY_STARTED for event in events):
        raise StoreError(f"{folder}: no study is recorded there")
    return study_of(events)


def study_of(events: Sequence[Event]) -> StudyView:
    """Return the study that entries tell of; one of them must be its start."""
    import pandas as pd

    started = [event for event in events if event.kind == kinds.STUDY_STARTED]
    study = started[0].body["study"]
    rows = [row for event in events if event.kind == kinds.STUDY_POINT for row in _rows(event.at, event.body)]
    frame = pd.DataFrame(rows, columns=[*ABOUT, *study["factors"], *RESULT])
    frame = frame.sort_values("run", kind="stable", ignore_index=True)
    frame["at"] = pd.to_datetime(frame["at"], utc=True)
    frame = frame.astype(dict.fromkeys(["value", "u", "dof", "k", "U", "bench_s"], float))
    points = [event.body for event in events if event.kind == kinds.STUDY_POINT]
    judged = [event.body["verdict"] for event in events if event.kind == kinds.STUDY_JUDGED]
    return StudyView(
        study,
        frame,
        any(event.kind == kinds.STUDY_ENDED for event in events),
        operators=_each(body.get("operator") for body in points),
        software=_each(body["software"] for body in points if body.get("software")),
        verdict=judged[-1] if judged else None,
    )


def _each(told: Iterable[Any]) -> tuple[Any, ...]:
    """Return tables as they were recorded, each once, in order of appearance."""
    return tuple({canonical_json(one): one for one in told}.values())


@contextmanager
def written_beside_the_record(folder: Path) -> Iterator[None]:
    """Explain why tables, plots or models could not be written; they can be made again from the record.

    Raises:
        StoreError: in place of an OSError.
    """
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{folder}: a file could not be written ({error})",
            do="Close it where it is open, or free space; the same command then measures nothing again",
        ) from error


def _rows(at: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    point = {key: body[key] for key in ("point", "run", "replicate", "bench_s")} | body["levels"] | {"at": at}
    measured = [
        {**point, "response": name, **result, "dof": _dof(result["dof"]), "problem": ""}
        for name, result in body["responses"].items()
    ]
    return measured + [{**point, "response": name, "problem": why} for name, why in body["problems"].items()]


def _dof(dof: float | None) -> float:
    return float("inf") if dof is None else dof
