"""Writing a table back to the pen, as a transaction: whole and confirmed, or the old one stays.

Order: journal the intent durably → keep the active table → unlock → write the shadow bank → read back
and compare → commit → the pen checks and swaps → read the active CRC → restart → read again → close the
journal. Whatever goes wrong, the message says which table the pen is on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from calibration.errors import TableRejected
from calibration.table import CalibrationTable, decode
from rig.errors import InstrumentError, WriteBackFailed
from rig.instruments.roles import Pen

BANK_WORDS = 100

Journal = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True)
class WriteBack:
    """What the transaction did."""

    before: CalibrationTable
    after: CalibrationTable


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


def write_table(pen: Pen, table: CalibrationTable, journal: Journal) -> WriteBack:
    """Write ``table`` and make the pen use it.

    Args:
        journal: called with a step and its details; must not return before they are kept durably.

    Raises:
        WriteBackFailed: names the step, the cause, and the table the pen is on now.
    """
    before = read_table(pen)
    words = table.words()
    journal(
        "intent", {"before_crc": before.crc, "before_words": before.words(), "words": words, "crc": table.crc}
    )
    step = "unlock"
    try:
        pen.unlock_service()
        step = "write the shadow bank"
        pen.write_shadow_bank(words)
        step = "compare the shadow bank"
        _expect(pen.read_shadow_bank(len(words)) == words, "it reads back otherwise than written")
        step = "commit"
        journal("commit", {"crc": table.crc})
        pen.commit()
        step = "confirm"
        _expect(pen.active_crc() == table.crc, "the active CRC is not the new table's")
        step = "restart"
        pen.restart()
        _expect(pen.active_crc() == table.crc, "after the restart the active CRC is not the new table's")
        _expect(
            read_table(pen).words() == words, "after the restart the table reads back otherwise than written"
        )
    except (InstrumentError, WriteBackFailed) as error:
        state = _state(pen, before, table)
        journal("failed", {"step": step, "cause": str(error), "pen": state})
        raise WriteBackFailed(f"could not {step}: {error}. {state}") from error
    journal("done", {"crc": table.crc, "generation": table.generation})
    return WriteBack(before, table)


def _expect(met: bool, otherwise: str) -> None:
    if not met:
        raise WriteBackFailed(otherwise)


def _state(pen: Pen, before: CalibrationTable, table: CalibrationTable) -> str:
    """Say which table the pen is on, as far as it can still be asked."""
    try:
        crc = pen.active_crc()
    except InstrumentError as error:
        return f"The pen's table is unknown ({error}); read its CRC before using it"
    if crc == before.crc:
        return f"The pen is on its old table ({crc:08X})"
    if crc == table.crc:
        return f"The pen is on the new table ({crc:08X})"
    return f"The pen is on a table that is neither old nor new ({crc:08X}); set it aside"
