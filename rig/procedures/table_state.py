"""Which table a pen is on, found out by asking the pen for every word of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from calibration.errors import TableRejected
from calibration.table import CalibrationTable, decode
from rig.errors import RigError, WriteBackFailed
from rig.instruments.roles import Pen

BANK_WORDS = 100


class OnTable(StrEnum):
    """The table a pen uses, seen from a write-back."""

    OLD = "old"
    NEW = "new"
    NEITHER = "neither"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class TableState:
    """Which table a pen is on, and the sentence that says so in the record."""

    on: OnTable
    sentence: str

    @property
    def is_known_and_whole(self) -> bool:
        """Whether it is one of the two tables that the write-back knows, word by word."""
        return self.on in (OnTable.OLD, OnTable.NEW)


def read_table(pen: Pen) -> CalibrationTable:
    """Read the table in use.

    Raises:
        WriteBackFailed: the pen holds none that is whole.
    """
    try:
        return decode(pen.read_active_bank(BANK_WORDS))
    except TableRejected as error:
        raise WriteBackFailed(
            f"the pen's active table is not whole: {error}", do="Set the pen aside"
        ) from error


def look_at_table(pen: Pen, before_words: Sequence[int], words: Sequence[int]) -> TableState:
    """Ask the pen which table it is on; a pen that boots is given the time to.

    Args:
        pen: the pen; an error of it is an answer too (unknown), so none is raised.
        before_words, words: the old table and the new one.
    """
    try:
        found = _read_patiently(pen)
    except RigError as error:
        return TableState(
            OnTable.UNKNOWN, f"The pen's table is unknown ({error}); read it before the pen is used"
        )
    if _begins(found, words):
        return TableState(OnTable.NEW, f"The pen is on the new table, whole ({_which(words)})")
    if _begins(found, before_words):
        return TableState(OnTable.OLD, f"The pen is on its old table, whole ({_which(before_words)})")
    try:
        other = f"on a whole table that is neither old nor new (CRC {decode(found).crc:08X})"
    except TableRejected as error:
        other = f"on no whole table ({error})"
    return TableState(OnTable.NEITHER, f"The pen is {other}; set it aside")


def _read_patiently(pen: Pen) -> list[int]:
    try:
        return pen.read_active_bank(BANK_WORDS)
    except RigError:  # it may boot at this moment, and boots have an end
        pen.await_answer()
        return pen.read_active_bank(BANK_WORDS)


def _begins(bank: Sequence[int], table: Sequence[int]) -> bool:
    return bool(table) and list(bank[: len(table)]) == list(table)


def _which(words: Sequence[int]) -> str:
    return f"generation {words[7]}, CRC {words[-2]:04X}{words[-1]:04X}"
