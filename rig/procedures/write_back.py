"""Writing a table back to the pen, as a transaction: whole and confirmed, or the old one stays.

Order: journal the intent durably → keep the active table → unlock → write the shadow bank → read back
and compare → journal that the commit comes → commit → the pen checks and swaps → read the active table →
restart → read again → close the journal. Nothing is sent twice: after a mishap the pen is asked what it
holds. On every way out, Ctrl-C among them, the service lock is closed, and message and journal say which
table the pen is on.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from calibration.table import CalibrationTable
from rig.errors import InstrumentError, RigError, StoreError, WriteBackFailed
from rig.instruments.roles import Pen
from rig.procedures.table_state import OnTable, TableState, look_at_table, read_table

Journal = Callable[[str, dict[str, Any]], None]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WriteBack:
    """What the transaction did."""

    before: CalibrationTable
    after: CalibrationTable


def write_table(pen: Pen, table: CalibrationTable, journal: Journal) -> WriteBack:
    """Write ``table`` and make the pen use it.

    Args:
        journal: called with a step and its details; must not return before they are kept durably.

    Raises:
        InstrumentError, WriteBackFailed: the table in use could not be read; nothing was written.
        As :func:`exchange_table`.
    """
    before = read_table(pen)
    exchange_table(pen, before.words(), table, journal)
    return WriteBack(before, table)


def exchange_table(pen: Pen, before_words: Sequence[int], table: CalibrationTable, journal: Journal) -> None:
    """Write ``table`` into a pen that is on ``before_words``, or on no whole table where these are empty.

    Raises:
        WriteBackFailed: names the step, the cause, and the table the pen is on now.
        StoreError: the journal could not be kept; it says the same.
    """
    transaction = _Transaction(pen, list(before_words), table, journal)
    try:
        transaction.carry_out()
    except RigError as error:
        message = f"could not {transaction.step}: {error}. {transaction.end_otherwise(str(error))}"
        raise (StoreError if isinstance(error, StoreError) else WriteBackFailed)(message) from error
    except BaseException as error:  # Ctrl-C: the pen comes first, and then whoever asked
        transaction.end_otherwise(f"broken off by {type(error).__name__}")
        raise


class _Transaction:
    """One exchange of tables; ``step`` says in words what it is about to do."""

    def __init__(self, pen: Pen, before_words: list[int], table: CalibrationTable, journal: Journal) -> None:
        self.step = "keep the intent"
        self._pen, self._before_words, self._table, self._journal = pen, before_words, table, journal
        self._words = table.words()
        self._begun = False

    def carry_out(self) -> None:
        """Do every step in order."""
        pen, words = self._pen, self._words
        self._journal("intent", self._intent())
        self._begun = True
        self.step = "unlock"
        pen.unlock_service()
        self.step = "write the shadow bank"
        pen.write_shadow_bank(words)
        self.step = "compare the shadow bank"
        _expect(pen.read_shadow_bank(len(words)) == words, "it reads back otherwise than written")
        self.step = "keep that the commit comes"
        self._journal("commit", {"crc": self._table.crc})
        self.step = "commit"
        self._commit()
        self.step = "confirm"
        _expect(pen.active_crc() == self._table.crc, "the active CRC is not the new table's")
        self.step = "restart"
        pen.restart()
        _expect(not pen.service_unlocked(), "its service lock is still open, so it has not restarted")
        _expect(self._look().on is OnTable.NEW, "after the restart the new table is not in use")
        self.step = "close the journal"
        self._journal("done", {"crc": self._table.crc, "generation": self._table.generation})

    def end_otherwise(self, cause: str) -> str:
        """Find out which table the pen is on, close its service access, journal it, and say it."""
        state = self._look()
        if not self._begun:
            return state.sentence
        sentence = state.sentence
        if not self._close_service():
            sentence += ". Its service lock could not be closed; switch the pen off and on"
        try:
            self._journal("failed", {"step": self.step, "cause": cause, "pen": sentence, "on": str(state.on)})
        except StoreError:
            sentence += ". The record of this could not be kept"
        return sentence

    def _intent(self) -> dict[str, Any]:
        before = self._before_words
        return {
            "serial": self._pen.identify().serial,
            "before_crc": before[-2] << 16 | before[-1] if before else 0,
            "before_words": before,
            "words": self._words,
            "crc": self._table.crc,
        }

    def _commit(self) -> None:
        """Commit once; without an answer, look whether it was done."""
        try:
            self._pen.commit()
        except InstrumentError as error:
            if self._look().on is not OnTable.NEW:
                raise
            logger.warning("%s. The pen had carried the commit out all the same", error)

    def _look(self) -> TableState:
        return look_at_table(self._pen, self._before_words, self._words)

    def _close_service(self) -> bool:
        """Clear the shadow bank and lock it; say whether it is locked, which a pen that rebooted is."""
        with contextlib.suppress(RigError):
            if self._pen.service_unlocked():
                with contextlib.suppress(RigError):
                    self._pen.write_shadow_bank([0] * len(self._words))
                self._pen.lock_service()
            return not self._pen.service_unlocked()
        return False


def _expect(met: bool, otherwise: str) -> None:
    if not met:
        raise WriteBackFailed(otherwise)
