"""Who is at work: locks that the kernel lets go of when their process ends, however it ends.

A run holds a lock of its own from before its first entry until after its last. So a run without an end whose
lock is free is a broken one: nobody will ever finish it. A real station has a lock too, since one bench
can serve one run only; and so has its guardian, who is at work on the bench for some seconds after a run was
killed.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rig.errors import RefusedToStart, StoreError
from rig.records.files import make_folder, safe_name

if TYPE_CHECKING:
    from filelock import BaseFileLock

FOLDER = ".locks"
MAKING = "making.lock"
STATION = "station-"  # how the names of the stations' locks begin; those of runs begin with a year
GUARDIAN_PATIENCE_S = 60.0


class Held:
    """A lock that is held until it is let go of, or until this process ends."""

    def __init__(self, lock: BaseFileLock, holder: Path) -> None:
        self._lock, self._holder = lock, holder

    def release(self) -> None:
        """Let go; letting go twice is harmless."""
        if self._lock.is_locked:
            for path in (self._holder, Path(self._lock.lock_file)):
                with contextlib.suppress(OSError):  # Windows keeps a file that another process looks at
                    path.unlink(missing_ok=True)
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def hold_run(runs: Path, run_id: str) -> Held | None:
    """Take the lock of a run; None when the process that records it is alive.

    Raises:
        StoreError: the folder of the locks cannot be made or written.
    """
    return _hold(runs, _of_run(run_id), run_id)


def hold_station(runs: Path, station: str, what: str) -> Held:
    """Take the lock of a real station; wait until the guardian of a run that was killed has parked it.

    Args:
        runs: folder of the records.
        station: its name.
        what: the run, or the command, that needs it; told to whoever comes second.

    Raises:
        RefusedToStart: another process has it; says which. Or a guardian does not come to an end.
        StoreError: the folder of the locks cannot be made or written.
    """
    held = _hold(runs, _of_station(station), what)
    if held is None:
        raise RefusedToStart(
            f"station {station} is at work: {_holder(runs, _of_station(station))}",
            expected="one run at a time on a bench",
            do="Wait until it has ended, or stop it there with Ctrl-C",
        )
    try:
        _wait_for_guardian(runs, station)
    except BaseException:
        held.release()
        raise
    return held


def hold_guardian(runs: Path, station: str) -> Held | None:
    """Take the lock of a real station's guardian; None when an earlier guardian has it.

    Raises:
        StoreError: the folder of the locks cannot be made or written.
    """
    return _hold(runs, _of_guardian(station), f"the guardian of station {station}")


@contextlib.contextmanager
def hold_making(runs: Path) -> Iterator[None]:
    """Hold the lock under which a record is made; wait until nobody else makes it. Raises OSError."""
    from filelock import FileLock

    path = runs / FOLDER / MAKING
    make_folder(path.parent)
    with FileLock(path):
        yield


def _wait_for_guardian(runs: Path, station: str) -> None:
    """Return when no guardian is at work on a bench: two programs on one line spoil each other's answers."""
    from filelock import FileLock

    path = runs / FOLDER / _of_guardian(station)
    if not path.is_file():
        return
    try:
        with FileLock(path).acquire(timeout=GUARDIAN_PATIENCE_S):
            pass
    except TimeoutError:
        raise RefusedToStart(
            f"station {station}: {_holder(runs, _of_guardian(station))}, is still making the bench safe",
            expected=f"an end of it within {GUARDIAN_PATIENCE_S:g} s",
            do="See what keeps stage or pen from answering, end that process, and start again",
        ) from None


def is_held(runs: Path, run_id: str) -> bool:
    """Say whether a living process records a run; asks without making any file."""
    from filelock import FileLock

    path = runs / FOLDER / _of_run(run_id)
    if not path.is_file():
        return False
    lock = FileLock(path)
    try:
        with lock.acquire(blocking=False):
            return False
    except TimeoutError:
        return True
    except OSError:  # a medium that nobody can write on: nobody records there
        return False


def holder_of(runs: Path, run_id: str) -> int | None:
    """Return the id of the living process that records a run; None when nobody does.

    None also for the moment in which it holds the lock and has not yet written down who it is.
    """
    if not is_held(runs, run_id):
        return None
    told = _told((runs / FOLDER / _of_run(run_id)).with_suffix(".holder"))
    return int(told["pid"]) if told.get("pid", "").isdecimal() else None


def left_behind(runs: Path) -> list[str]:
    """Return the runs whose locks lie there: those being recorded, and those that were cut off."""
    holders = sorted(path for path in (runs / FOLDER).glob("*.holder") if not path.name.startswith(STATION))
    return [told["what"] for path in holders if (told := _told(path))]


def _hold(runs: Path, name: str, what: str) -> Held | None:
    from filelock import FileLock

    path = runs / FOLDER / name
    holder = path.with_suffix(".holder")
    lock = FileLock(path)
    try:
        make_folder(path.parent)
        lock.acquire(blocking=False)
        holder.write_text(json.dumps({"pid": os.getpid(), "what": what}), encoding="utf-8")
    except TimeoutError:
        return None
    except OSError as error:
        lock.release()
        raise StoreError(
            f"{path}: the lock cannot be written ({error.strerror or error})",
            do="Free space on that disk and make the folder writable, or choose another with --runs",
        ) from error
    return Held(lock, holder)


def _holder(runs: Path, name: str) -> str:
    """Say who holds a lock, as far as they wrote it down."""
    told = _told((runs / FOLDER / name).with_suffix(".holder"))
    return f"process {told['pid']}, {told['what']}" if told else "another process"


def _told(holder: Path) -> dict[str, str]:
    try:
        told = json.loads(holder.read_text(encoding="utf-8"))
        return {"pid": str(told["pid"]), "what": str(told["what"])}
    except (OSError, ValueError, KeyError, TypeError):  # its writer was cut off
        return {}


def _of_run(run_id: str) -> str:
    return f"{safe_name(run_id)}.lock"


def _of_station(station: str) -> str:
    return f"{STATION}{safe_name(station)}.lock"


def _of_guardian(station: str) -> str:
    return f"{STATION}{safe_name(station)}-guardian.lock"
