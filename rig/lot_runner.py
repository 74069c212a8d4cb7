"""Running the pens of a lot, each in a process of its own, as a person would with ``rig run``."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from rig.errors import RefusedToStart
from rig.fixtures.run import RunVerdict
from rig.lots import LotState, Pen, arguments_of, pens_of

Ask = Callable[[str], str]

VERDICTS = {0: RunVerdict.PASS, 1: RunVerdict.FAIL, 2: RunVerdict.ERROR}
WITHOUT_PICTURES = ("--", "-p", "no:reports.allure_listener")
"""A lot draws no plots of each of its runs: a package made of it draws them from the record."""


@dataclass(frozen=True)
class PenRun:
    """How the run of a pen ended; ``said`` is the end of what it printed, where it broke."""

    serial: str
    verdict: RunVerdict
    said: str = ""


def run_pens(state: LotState, *, ask: Ask, secrets: Mapping[str, str] | None = None) -> Iterator[PenRun]:
    """Run the pens that have no verdict yet, and yield each as it ends.

    Args:
        state: of the lot.
        ask: on a real bench, called with what a person has to see to; returns what they scanned.
        secrets: additional environment of the runs, such as a password.

    Raises:
        RefusedToStart: a run was refused; whatever refuses one refuses the next.
        KeyboardInterrupt: somebody stopped it; every run under way has ended by then.
    """
    environment = {**os.environ, **(secrets or {})}
    return _drawn(state, environment) if state.on_twin else _scanned(state, ask, environment)


def _drawn(state: LotState, environment: dict[str, str]) -> Iterator[PenRun]:
    left = [pen for pen in pens_of(state.order, state.design) if pen.serial not in state.done]
    processes = _Processes(environment)
    with ThreadPoolExecutor(state.order.jobs) as pool:
        try:
            yield from _several(pool, processes, state, left)
        finally:
            processes.stop()


def _several(
    pool: ThreadPoolExecutor, processes: _Processes, state: LotState, pens: Sequence[Pen]
) -> Iterator[PenRun]:
    waiting, running = iter(pens), set[Future[PenRun]]()
    while True:
        while len(running) < state.order.jobs and (pen := next(waiting, None)) is not None:
            words = [*arguments_of(state.order, pen.serial, pen), *WITHOUT_PICTURES]
            running.add(pool.submit(processes.run, pen.serial, words))
        if not running:
            return
        done, running = wait(running, return_when=FIRST_COMPLETED)
        yield from sorted((future.result() for future in done), key=lambda ended: ended.serial)


def _scanned(state: LotState, ask: Ask, environment: dict[str, str]) -> Iterator[PenRun]:
    done, pens = set(state.done), state.order.pens
    problem = ""
    while len(done) < pens:
        serial = ask(f"{problem}clamp pen {len(done) + 1} of {pens} and scan its serial number").strip()
        problem = _why_not(state, done, serial)
        if problem:
            continue
        command = [sys.executable, "-m", "rig", *arguments_of(state.order, serial)]
        process = subprocess.Popen(command, env=environment)
        try:
            status = process.wait()
        except KeyboardInterrupt:
            _interrupt(process)
            process.wait()  # the bench is made safe by it, and by nobody else
            raise
        ended = _ended(serial, status, "")
        if ended.verdict in (RunVerdict.PASS, RunVerdict.FAIL):
            done.add(serial)
        yield ended


def _why_not(state: LotState, done: set[str], serial: str) -> str:
    if serial in done:
        return f"{serial} was tested in this lot; "
    try:
        state.design.check_serial(serial)
    except ValueError as error:
        return f"{error}; "
    return ""


class _Processes:
    """Runs under way; told to stop, each ends as Ctrl-C ends it, and no further one begins."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment, self._lock = environment, threading.Lock()
        self._live, self._stopped = set[subprocess.Popen[str]](), False

    def run(self, serial: str, words: Sequence[str]) -> PenRun:
        """Run ``rig`` with some arguments to its end."""
        with self._lock:
            if self._stopped:
                return PenRun(serial, RunVerdict.ABORTED)
            process = subprocess.Popen(
                [sys.executable, "-m", "rig", *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                env=self._environment,
            )
            self._live.add(process)
        try:
            said, _ = process.communicate()
        finally:
            with self._lock:
                self._live.discard(process)
        return _ended(serial, process.returncode, said)

    def stop(self) -> None:
        """Interrupt what runs; whoever waits for it sees it end."""
        with self._lock:
            self._stopped = True
            for process in self._live:
                _interrupt(process)


def _interrupt(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """Ask a run to stop, as Ctrl-C does; one that runs in the background ignores Ctrl-C, and this not."""
    if os.name != "nt":  # where the console has told it already, and nothing else would let it tidy up
        process.terminate()


def _ended(serial: str, status: int, said: str) -> PenRun:
    lines = [line for line in said.splitlines() if line.strip()]
    if status == RunVerdict.REFUSED.exit_status:
        why = next(
            (line for line in lines if "refused" in line), lines[-1] if lines else "see what it printed"
        )
        raise RefusedToStart(f"the run of pen {serial} was refused: {why}")
    verdict = VERDICTS.get(status, RunVerdict.ERROR)
    return PenRun(serial, verdict, "" if verdict is not RunVerdict.ERROR else "\n".join(lines[-8:]))
