"""After a run that broke off: which table its pen is on, and the old one written back.

What a write-back journalled (notes ``write-back: intent``, ``commit``, ``failed``, ``done``) says how far
it came; the pen itself, where it is at hand, says the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from calibration.errors import TableRejected
from calibration.table import CalibrationTable, decode
from rig.errors import RigError, WriteBackFailed
from rig.instruments.roles import Pen
from rig.procedures.table_state import BANK_WORDS, OnTable, TableState, look_at_table
from rig.procedures.write_back import Journal, exchange_table

NOTE_PREFIX = "write-back: "
GENERATION_AT = 7  # the word of a table that counts the tables of a pen


@dataclass(frozen=True)
class Journalled:
    """The last write-back of a run, as its journal tells it.

    Attributes:
        serial: of the pen.
        as_found_words: the table the pen was on before the run first wrote one.
        before_words, words: the old table and the new one; of a restoration, the new one is that of before.
        state: what the journal alone can say.
        is_closed: the write-back itself said how it ended, and nothing has to be found out.
    """

    serial: str
    as_found_words: tuple[int, ...]
    before_words: tuple[int, ...]
    words: tuple[int, ...]
    state: TableState
    is_closed: bool

    @property
    def is_as_found(self) -> bool:
        """Whether the journal says that the pen is on the table it came with, of whatever generation."""
        words = {OnTable.OLD: self.before_words, OnTable.NEW: self.words}.get(self.state.on, ())
        return _contents(words) == _contents(self.as_found_words)


def last_write_back(notes: Iterable[Mapping[str, Any]]) -> Journalled | None:
    """Read a run's notes; None when no write-back was begun.

    Args:
        notes: bodies of the run's notes in their order; those about other things are passed over.
    """
    intents: list[Mapping[str, Any]] = []
    last: Mapping[str, Any] = {}
    for note in notes:
        text = str(note.get("text", ""))
        if not text.startswith(NOTE_PREFIX):
            continue
        if text == NOTE_PREFIX + "intent":
            intents.append(note)
        last = note
    if not intents:
        return None
    intent = intents[-1]
    state = _as_journalled(str(last["text"]).removeprefix(NOTE_PREFIX), last)
    return Journalled(
        serial=str(intent.get("serial", "")),
        as_found_words=tuple(intents[0]["before_words"]),
        before_words=tuple(intent["before_words"]),
        words=tuple(intent["words"]),
        state=state,
        is_closed=state.is_known_and_whole and last is not intent,
    )


def table_after(notes: Iterable[Mapping[str, Any]], pen: Pen | None) -> TableState | None:
    """Say which table the pen of a run is on; None when no write-back was begun.

    Args:
        notes: bodies of the run's notes, in their order.
        pen: the pen in the nest, or None when none is at hand; an error of it makes the answer unknown.
    """
    journalled = last_write_back(notes)
    if journalled is None:
        return None
    if pen is None:
        return journalled.state
    try:
        serial = pen.identify().serial
    except RigError as error:
        return replace(journalled.state, sentence=f"{journalled.state.sentence}. It does not answer: {error}")
    if serial != journalled.serial:
        sentence = f"{journalled.state.sentence}. Another pen is in the nest now ({serial})"
        return replace(journalled.state, sentence=sentence)
    return look_at_table(pen, journalled.before_words, journalled.words)


def restore_table(pen: Pen, before_words: Sequence[int], journal: Journal) -> CalibrationTable:
    """Write the old table back into a pen, whatever table it is on.

    It becomes a new generation, since a pen refuses those it had before; nothing else in it changes.

    Args:
        before_words: the old table, as the intent has it.
        journal: as of :func:`rig.procedures.write_back.write_table`.

    Returns:
        The table the pen is on now.

    Raises:
        WriteBackFailed: ``before_words`` are no whole table, or the pen could not be brought onto it.
        InstrumentError: the pen does not answer; nothing was written.
        StoreError: the journal could not be kept; it says which table the pen is on.
    """
    try:
        old = decode(before_words)
        # One generation beyond the old table is the one that the broken-off write-back gave to the new.
        newest = max(old.generation + 1, pen.active_generation())
        table = replace(old, generation=newest + 1)
    except TableRejected as error:
        raise WriteBackFailed(
            f"the old table cannot be written back: {error}", do="Set the pen aside"
        ) from error
    exchange_table(pen, _whole_table(pen.read_active_bank(BANK_WORDS)), table, journal)
    return table


def _whole_table(bank: Sequence[int]) -> list[int]:
    try:
        return decode(bank).words()
    except TableRejected:
        return []


def _contents(words: Sequence[int]) -> Sequence[int]:
    """Return a table's words without its generation and the CRC that goes with it."""
    return [*words[:GENERATION_AT], *words[GENERATION_AT + 1 : -2]]


def _as_journalled(step: str, note: Mapping[str, Any]) -> TableState:
    match step:
        case "intent":
            return TableState(OnTable.OLD, "The pen is on its old table: the commit was not sent")
        case "done":
            return TableState(OnTable.NEW, "The pen is on the new table, confirmed after its restart")
        case "failed":
            return TableState(OnTable(note["on"]), str(note["pen"]))
        case _:
            return TableState(
                OnTable.UNKNOWN,
                "The pen's table is unknown: the commit may have been carried out or not; "
                "the pen is on its old or on the new table, read it before the pen is used",
            )
