"""One write-back, cut at one place, and what must hold afterwards.

What is cut: the pen's power, the line (hung up, or gone mute), the rig's process (nothing that comes after
the cut happens, and of its journal there is what is on the disk), the disk (nothing is kept any more), or
the patience of whoever presses Ctrl-C. Where: at any byte that the pen receives or sends, at any page or
word that it programs, at any entry of the journal.
"""

from __future__ import annotations

import random
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from calibration.table import CalibrationTable
from rig.errors import RigError, StoreError, WriteBackFailed
from rig.instruments.pen_modbus import ModbusPen
from rig.procedures.table_recovery import last_write_back, restore_table, table_after
from rig.procedures.table_state import OnTable, TableState
from rig.procedures.write_back import write_table
from rig.records import kinds
from rig.records.run import RunRecorder
from rig.records.store import Store
from tests.support.pen_bench import PRODUCT
from tests.support.pen_on_wire import PenOnWire, Place

What = Literal["power", "wire", "mute wire", "process", "disk", "interrupt"]
Line = Literal["tcp", "rtu"]

MUTE_TIMEOUT_S = 0.1  # of the driver, on the clock on the wall; where nothing is mute it never runs out
JOURNAL_STEPS = 3  # of a transaction that ends well
PLAN = PRODUCT.calibration
AT = datetime(2026, 1, 1, tzinfo=UTC)


class ProcessKilled(BaseException):
    """The rig's process is no more."""


@dataclass(frozen=True)
class Cut:
    """One cut: what, where, at which byte, cell or entry; ``back``: it is whole again at once."""

    seed: int
    line: Line
    what: What
    place: Place | Literal["journal"]
    at: int
    back: bool


@dataclass(frozen=True)
class Ending:
    """How a cut ended: which table the pen was on when all was over, and what the record said."""

    cut: Cut
    truth: OnTable
    told: OnTable | None


def draw_cut(seed: int, lengths: dict[Place, int], line: Line) -> Cut:
    """Draw a cut; ``lengths`` are those of a whole transaction on that line."""
    draw = random.Random(seed)
    what: What = draw.choices(get_args(What), (40, 20, 2, 25, 5, 8))[0]
    if what == "mute wire" and line == "rtu":  # nobody on a serial line hears that it was opened anew
        what = "wire"
    places: list[Place | Literal["journal"]] = ["received", "sent", "programmed", "journal"]
    place = draw.choices(places, (4, 4, 4, 1))[0]
    if what == "disk":
        place = "journal"
    elif place == "journal" and what in ("power", "wire", "mute wire"):
        place = "received"
    length = JOURNAL_STEPS if place == "journal" else lengths[place]
    return Cut(seed, line, what, place, draw.randint(1, length), draw.random() < 0.5)


def table(generation: int, draw: random.Random) -> CalibrationTable:
    """Return a table with commands of its own."""
    depths = tuple(round(depth_mm * 1000) for depth_mm in PLAN.depths_mm)
    rates = tuple(round(rate) for rate in PLAN.rates_per_min)
    rows = tuple(tuple(depth + draw.randint(-90, 90) for _ in rates) for depth in depths)
    return CalibrationTable(PLAN.model_code, date(2026, 1, 2), 1, generation, depths, rates, rows)


def lengths_on(line: Line) -> dict[Place, int]:
    """Return how many bytes and cells a transaction has that nobody cuts."""
    with tempfile.TemporaryDirectory() as folder, _pen_on(Path(folder), line, seed=1) as wire:
        pen = wire.open()
        wire.counts.clear()
        write_table(pen, table(2, random.Random(1)), lambda step, more: None)
        pen.close()
        return dict(wire.counts)


def carry_out(cut: Cut, store: Store) -> Ending:
    """Write a table back, cut, recover, and check everything that must hold.

    Raises:
        AssertionError: something does not; the message begins with the cut, which can be carried out again.
    """
    with tempfile.TemporaryDirectory() as folder, _pen_on(Path(folder), cut.line, seed=cut.seed) as wire:
        try:
            return _Experiment(cut, wire, store).carry_out()
        except Exception as error:
            raise AssertionError(f"{cut}: {error!r}") from error


@contextmanager
def _pen_on(folder: Path, line: Line, *, seed: int) -> Iterator[PenOnWire]:
    wire = PenOnWire(folder, line, seed=seed)
    try:
        yield wire
    finally:
        wire.close()


class _Experiment:
    def __init__(self, cut: Cut, wire: PenOnWire, store: Store) -> None:
        self._cut, self._wire, self._store = cut, wire, store
        draw = random.Random(cut.seed)
        earlier = [table(2 + n, draw) for n in range(draw.randint(0, 2))]
        for one in earlier:
            wire.put_table(one.words())
        self._old = wire.table_in_use()
        self._new = table(2 + len(earlier), draw)
        self._third = table(9, draw)
        self._restores = draw.random() < 0.25
        self._recorder = RunRecorder(store, f"cut-{cut.line}-{cut.seed}", lambda: AT)
        self._entries = 0
        self._is_dead = self._is_full = self._is_armed = False

    def carry_out(self) -> Ending:
        """Cut, mend, ask the record and the pen, and write once more."""
        pen = self._wire.open(timeout_s=MUTE_TIMEOUT_S if self._cut.what == "mute wire" else 5.0)
        self._wire.counts.clear()
        if self._cut.place != "journal":
            self._wire.cut_at, self._wire.on_cut = (self._cut.place, self._cut.at), self._on_wire
        ended = self._write(pen)
        pen.close()
        self._is_dead = self._is_full = False
        self._wire.mend()
        truth = self._check_pen()
        told = self._check_record(truth, ended)
        self._check_second_write()
        return Ending(self._cut, truth, told)

    # The write-back, and its cut

    def _write(self, pen: ModbusPen) -> BaseException | None:
        before = signal.signal(signal.SIGINT, self._on_signal)
        try:
            self._is_armed = True
            write_table(pen, self._new, self._journal)
        except (RigError, KeyboardInterrupt, ProcessKilled) as error:
            return error
        finally:
            self._is_armed = False
            signal.signal(signal.SIGINT, before)
        return None

    def _on_signal(self, number: int, frame: object) -> None:
        if self._is_armed:
            raise KeyboardInterrupt

    def _on_wire(self) -> None:
        match self._cut.what:
            case "power":
                self._wire.lose_power(back=self._cut.back)
            case "wire":
                self._wire.break_line(back=self._cut.back)
            case "mute wire":
                self._wire.mute_line()
            case "process":
                self._is_dead = True
                self._wire.break_line(back=False)
            case "interrupt":
                ident = threading.main_thread().ident
                assert ident is not None
                signal.pthread_kill(ident, signal.SIGINT)

    def _journal(self, step: str, more: dict[str, Any]) -> None:
        self._entries += 1
        falls = self._cut.place == "journal" and self._cut.at == self._entries
        if falls and self._cut.what == "disk":
            self._is_full = True
        if falls and self._cut.what == "process" and self._cut.back:  # dies just before, or just after
            self._is_dead = True
        if self._is_dead:
            raise ProcessKilled
        if self._is_full:
            raise StoreError("the disk is full")
        self._recorder.note(f"write-back: {step}", **more)
        if falls and self._cut.what == "process":
            self._is_dead = True
            raise ProcessKilled
        if falls and self._cut.what == "interrupt":
            raise KeyboardInterrupt

    # What must hold

    def _check_pen(self) -> OnTable:
        found, new = self._wire.table_in_use(), self._new.words()
        if found[: len(new)] == new:
            return OnTable.NEW
        assert found == self._old, "the pen is on a table that is neither old nor new"
        return OnTable.OLD

    def _check_record(self, truth: OnTable, ended: BaseException | None) -> OnTable | None:
        notes = [event.body for event in self._store.events(self._recorder.run_id, kinds=[kinds.NOTE])]
        alone = table_after(notes, None)
        if alone is not None:
            assert alone.on in (truth, OnTable.UNKNOWN), f"the journal alone says {alone}"
        if ended is None:
            assert truth is OnTable.NEW, "the write-back says that it is done"
            assert alone is not None, "it is on record"
            assert alone.on is OnTable.NEW
        if isinstance(ended, WriteBackFailed | StoreError):
            _check_message(str(ended), truth)
        pen = self._wire.open()
        assert not pen.service_unlocked(), "a pen that boots has its service lock closed"
        told = table_after(notes, pen)
        pen.close()
        if told is None:
            assert truth is OnTable.OLD, "nothing is on record, so nothing may have been written"
            return None
        _check_told(told, truth)
        return told.on

    def _check_second_write(self) -> None:
        pen, steps = self._wire.open(), list[tuple[str, dict[str, Any]]]()
        before = self._old[: len(self._new.words())]
        if self._restores:
            restored = restore_table(pen, before, lambda step, more: steps.append((step, more)))
            expected = restored.words()
            assert expected[8:-2] == before[8:-2], "only generation and CRC differ"
        else:
            write_table(pen, self._third, lambda step, more: steps.append((step, more)))
            expected = self._third.words()
        pen.close()
        assert self._wire.table_in_use()[: len(expected)] == expected
        notes = [{"text": f"write-back: {step}", **more} for step, more in steps]
        journalled = last_write_back(notes)
        assert journalled is not None
        assert journalled.is_closed


def _check_told(told: TableState, truth: OnTable) -> None:
    assert told.on is truth, f"it is told as {told}, and the truth is {truth}"
    assert "whole" in told.sentence


def _check_message(message: str, truth: OnTable) -> None:
    says = {OnTable.OLD: "on its old table", OnTable.NEW: "on the new table"}
    told = [table for table, words in says.items() if words in message]
    unknown = "table is unknown" in message
    assert told == [truth] or (not told and unknown), f"the operator reads {message!r}"
