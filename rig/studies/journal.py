"""What a study has done so far, point by point, durably: an interrupted study goes on where it stopped."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rig
from calibration.measured import Measured
from rig.errors import ConfigError, RefusedToStart
from rig.git_commit import git_commit
from rig.records import kinds
from rig.records.files import make_folder
from rig.records.run import wall_utc
from rig.records.signatures import begin_signing, keep_signed_head
from rig.records.store import Store
from rig.studies.design import Point
from rig.studies.study_file import StudyFile

LOCK_FILE = "running.lock"
MOST_DIFFERENCES = 3


@dataclass(frozen=True)
class PointResult:
    """What came of a point: a result for each response, or why there is none.

    Args:
        point: which.
        responses: by name; those that could be measured.
        problems: why a response was not, by its name.
        bench_s: time it took on the bench, s.
    """

    point: Point
    responses: dict[str, Measured] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    bench_s: float = 0.0


class Journal:
    """The record of one study in a folder of its own; the same chained store that runs are kept in.

    Args:
        folder: where; made when missing.
        study: the study, which must be the one the folder holds, if it holds one.
        operator: {name, full_name, role} of who measures what is added now; None where nobody was named.

    Raises:
        ConfigError: the folder holds another study, this one as it was before it was changed, or runs.
        StoreError: the record cannot be kept.
    """

    def __init__(self, folder: Path, study: StudyFile, operator: Mapping[str, str] | None = None) -> None:
        self.store, self._name, self._operator = Store(folder), study.name, operator
        self._software = {"version": rig.__version__, "commit": git_commit()}
        started = self.store.events(kinds=(kinds.STUDY_STARTED,))
        told = study.model_dump(mode="json")
        if not started and self.store.head()[0]:
            self.store.close()
            raise ConfigError(
                f"{folder} holds runs", expected="a folder of the study's own", do="Give another"
            )
        if not started:
            begin_signing(self.store)
            self._append(kinds.STUDY_STARTED, {"study": told, "operator": operator})
        elif started[0].body["study"] != told:
            self.store.close()
            raise ConfigError(
                f"{folder} holds another study: {_differences(started[0].body['study'], told)}",
                expected="the study as it was begun",
                do="Give the changed study another name, or another folder with --out",
            )

    def done(self) -> set[int]:
        """Return the numbers of the points that need not be run again."""
        return {event.body["point"] for event in self.store.events(kinds=(kinds.STUDY_POINT,))}

    def add(self, result: PointResult) -> None:
        """Keep a point; it is on the disk when this returns.

        Raises:
            StoreError: it could not be kept.
        """
        point = result.point
        self._append(
            kinds.STUDY_POINT,
            {
                "point": point.number,
                "run": point.run,
                "replicate": point.replicate,
                "levels": point.levels,
                "responses": {name: _told(measured) for name, measured in result.responses.items()},
                "problems": result.problems,
                "bench_s": result.bench_s,
                "operator": self._operator,
                "software": self._software,
            },
        )

    def end(self) -> None:
        """Write down that every point was run; once."""
        if not self.store.events(kinds=(kinds.STUDY_ENDED,)):
            self._append(kinds.STUDY_ENDED, {})

    def keep_verdict(self, verdict: Mapping[str, Any]) -> None:
        """Write down what the study says of the gauge, and what that rests on; nothing where it stands there.

        Raises:
            StoreError: it could not be kept.
        """
        judged = self.store.events(kinds=(kinds.STUDY_JUDGED,))
        if not judged or judged[-1].body["verdict"] != verdict:
            body = {"verdict": verdict, "operator": self._operator, "software": self._software}
            self._append(kinds.STUDY_JUDGED, body)

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def _append(self, kind: str, body: Mapping[str, Any]) -> None:
        event = self.store.append(self._name, kind, body, wall_utc())
        keep_signed_head(self.store, event)


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Keep other processes from running the study in ``folder``; freed however this process ends.

    Raises:
        RefusedToStart: another one is running it, or the folder cannot be made or written.
    """
    from filelock import FileLock

    lock = FileLock(folder / LOCK_FILE)
    try:
        make_folder(folder)
        lock.acquire(blocking=False)
    except TimeoutError:
        raise RefusedToStart(
            f"{folder}: this study is running already", do="Wait for it, or stop it first"
        ) from None
    except OSError as error:
        raise RefusedToStart(
            f"{folder} cannot be made or written ({error})", do="Give another folder with --out"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _told(measured: Measured) -> dict[str, Any]:
    dof = None if measured.dof == float("inf") else measured.dof
    return {
        "value": measured.value,
        "unit": measured.unit,
        "u": measured.u,
        "dof": dof,
        "k": measured.k,
        "U": measured.U,
        "as_read": measured.as_read,
    }


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    then, today = dict(_leaves(before)), dict(_leaves(now))
    names = [key for key in {**then, **today} if then.get(key) != today.get(key)]
    told = [f"{name} was {then.get(name)!r}, is {today.get(name)!r}" for name in names[:MOST_DIFFERENCES]]
    return "; ".join(told) + (" …" if len(names) > MOST_DIFFERENCES else "")


def _leaves(table: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value
