"""Writing a table back: whole and confirmed, or the message says which table the pen is on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from calibration.table import CalibrationTable
from rig.errors import InstrumentRejected, InstrumentTimeout, WriteBackFailed
from rig.procedures.write_back import read_table, write_table


def table(generation: int, shift_um: int = 0) -> CalibrationTable:
    commands = ((250 + shift_um,), (1250 + shift_um,))
    return CalibrationTable(250, date(2026, 1, 2), 1, generation, (250, 1250), (7000,), commands)


OLD, NEW = table(1), table(2, 7)
PAD = [0] * 60


class FakePen:
    """A pen's memory with a fault at one step, and a log of what was done to it."""

    def __init__(self, fails_at: str = "", *, deaf_after: bool = False) -> None:
        self.active, self.shadow = [*OLD.words(), *PAD], [0] * 100
        self.done: list[str] = []
        self._fails_at, self._deaf_after, self._deaf = fails_at, deaf_after, False

    def _step(self, name: str) -> None:
        if self._deaf:
            raise InstrumentTimeout("pen", "no answer")
        self.done.append(name)
        if name == self._fails_at:
            self._deaf = self._deaf_after
            raise InstrumentRejected("pen", f"no {name}", reason="fault")

    def unlock_service(self) -> None:
        self._step("unlock")

    def write_shadow_bank(self, words: Sequence[int]) -> None:
        self._step("write")
        self.shadow[: len(words)] = words

    def read_shadow_bank(self, words: int) -> list[int]:
        self._step("read shadow")
        damage = [1] if self._fails_at == "damaged" else [0]
        return [word ^ flip for word, flip in zip(self.shadow[:words], damage + [0] * words, strict=False)]

    def commit(self) -> None:
        self._step("commit")
        self.active[: len(self.shadow)] = self.shadow

    def active_crc(self) -> int:
        if self._deaf:
            raise InstrumentTimeout("pen", "no answer")
        return read_table(self).crc  # type: ignore[arg-type]

    def read_active_bank(self, words: int) -> list[int]:
        return self.active[:words]

    def restart(self) -> None:
        self._step("restart")
        if self._fails_at == "forgets":
            self.active = [*OLD.words(), *PAD]


def write(pen: FakePen) -> list[tuple[str, dict[str, Any]]]:
    journal: list[tuple[str, dict[str, Any]]] = []

    def note(step: str, more: dict[str, Any]) -> None:
        journal.append((step, more))
        pen.done.append(f"journal {step}")

    try:
        write_table(pen, NEW, note)  # type: ignore[arg-type]
    finally:
        pen.journal = journal  # type: ignore[attr-defined]
    return journal


def test_the_intent_is_kept_before_anything_is_written_and_closed_after_the_restart() -> None:
    pen = FakePen()
    journal = write(pen)
    assert pen.done == [
        "journal intent",
        "unlock",
        "write",
        "read shadow",
        "journal commit",
        "commit",
        "restart",
        "journal done",
    ]
    intent = journal[0][1]
    assert intent["before_words"] == OLD.words(), "the old table can be written back from the record"
    assert (intent["before_crc"], intent["crc"]) == (OLD.crc, NEW.crc)


@pytest.mark.parametrize("step", ["unlock", "write", "commit"])
def test_a_refusal_leaves_the_pen_on_its_old_table_and_says_so(step: str) -> None:
    pen = FakePen(step)
    with pytest.raises(WriteBackFailed, match=rf"on its old table \({OLD.crc:08X}\)"):
        write(pen)
    assert pen.active[: len(OLD.words())] == OLD.words()
    assert pen.done[-1] == "journal failed"


def test_a_shadow_bank_that_reads_back_otherwise_is_never_committed() -> None:
    pen = FakePen("damaged")
    with pytest.raises(WriteBackFailed, match="reads back otherwise"):
        write(pen)
    assert "commit" not in pen.done


def test_a_restart_that_fails_leaves_the_new_table_and_says_so() -> None:
    with pytest.raises(WriteBackFailed, match=rf"on the new table \({NEW.crc:08X}\)"):
        write(FakePen("restart"))


def test_a_table_that_does_not_survive_the_restart_is_found_out() -> None:
    with pytest.raises(WriteBackFailed, match=r"after the restart.*on its old table"):
        write(FakePen("forgets"))


def test_a_pen_that_falls_silent_is_in_an_unknown_state_and_said_to_be() -> None:
    with pytest.raises(WriteBackFailed, match="table is unknown"):
        write(FakePen("commit", deaf_after=True))


def test_a_pen_without_a_whole_table_is_set_aside() -> None:
    pen = FakePen()
    pen.active[9] ^= 1
    with pytest.raises(WriteBackFailed, match="not whole"):
        write(pen)
    assert pen.done == []
