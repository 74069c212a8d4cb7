"""After a run that broke off: which table the pen is on, from its journal and from the pen."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from rig.errors import StoreError, WriteBackFailed
from rig.procedures.table_recovery import last_write_back, restore_table, table_after
from rig.procedures.table_state import OnTable
from rig.procedures.write_back import write_table
from tests.support.fake_pen import NEW, OLD, PAD, FakePen, table

Notes = list[dict[str, Any]]


def notes_of(pen: FakePen, *, until: str = "") -> Notes:
    """Write the new table and return the run's notes, as far as one that is still kept."""
    notes: Notes = [{"text": "something else", "trace": None}]

    def keep(step: str, more: dict[str, Any]) -> None:
        notes.append({"text": f"write-back: {step}", "trace": None, **more})

    with suppress(WriteBackFailed):
        write_table(pen, NEW, keep)  # type: ignore[arg-type]
    texts = [note["text"] for note in notes]
    return notes[: texts.index(f"write-back: {until}") + 1] if until else notes


def test_a_run_that_wrote_nothing_has_nothing_to_tell() -> None:
    assert table_after([{"text": "something else"}], FakePen()) is None  # type: ignore[arg-type]
    assert last_write_back([]) is None


@pytest.mark.parametrize(
    ("until", "on"), [("intent", OnTable.OLD), ("commit", OnTable.UNKNOWN), ("done", OnTable.NEW)]
)
def test_what_the_journal_alone_says(until: str, on: OnTable) -> None:
    told = table_after(notes_of(FakePen(), until=until), None)
    assert told is not None
    assert told.on is on


def test_a_write_back_that_failed_said_itself_how_it_ended() -> None:
    found = last_write_back(notes_of(FakePen("commit")))
    assert found is not None
    assert (found.state.on, found.is_closed) == (OnTable.OLD, True)
    silent = last_write_back(notes_of(FakePen("commit", "silent")))
    assert silent is not None
    assert (silent.state.on, silent.is_closed) == (OnTable.UNKNOWN, False)


@pytest.mark.parametrize(
    ("active", "on"), [(OLD, OnTable.OLD), (NEW, OnTable.NEW), (table(7), OnTable.NEITHER)]
)
def test_the_pen_says_what_the_journal_cannot(active: Any, on: OnTable) -> None:
    pen = FakePen()
    notes = notes_of(pen, until="commit")
    pen.active = [*active.words(), *PAD]
    told = table_after(notes, pen)  # type: ignore[arg-type]
    assert told is not None
    assert told.on is on
    assert f"{active.crc:08X}" in told.sentence


def test_a_pen_without_a_whole_table_is_told() -> None:
    pen = FakePen()
    notes = notes_of(pen, until="commit")
    pen.active[0] = 0
    told = table_after(notes, pen)  # type: ignore[arg-type]
    assert told is not None
    assert told.on is OnTable.NEITHER
    assert "no whole table" in told.sentence


def test_another_pen_in_the_nest_says_nothing_about_this_one() -> None:
    pen = FakePen()
    notes = notes_of(pen, until="commit")
    pen.serial = "NP000999"
    told = table_after(notes, pen)  # type: ignore[arg-type]
    assert told is not None
    assert told.on is OnTable.UNKNOWN
    assert "NP000999" in told.sentence


def test_a_pen_that_does_not_answer_leaves_it_open() -> None:
    pen = FakePen("commit", "silent")
    told = table_after(notes_of(pen), pen)  # type: ignore[arg-type]
    assert told is not None
    assert told.on is OnTable.UNKNOWN
    assert "does not answer" in told.sentence


def test_the_old_table_is_written_back_as_a_new_generation() -> None:
    pen = FakePen()
    found = last_write_back(notes_of(pen))
    assert found is not None
    restored = restore_table(pen, found.before_words, lambda step, more: None)  # type: ignore[arg-type]
    assert pen.in_use() == restored
    assert restored.generation > NEW.generation
    assert restored.commands_um == OLD.commands_um


def test_a_restoration_is_not_taken_for_what_it_undoes() -> None:
    pen = FakePen()
    notes = notes_of(pen)
    written = last_write_back(notes)
    assert written is not None
    assert not written.is_as_found

    def keep(step: str, more: dict[str, Any]) -> None:
        notes.append({"text": f"write-back: {step}", **more})

    restore_table(pen, written.as_found_words, keep)  # type: ignore[arg-type]
    broken_off = last_write_back(notes[:-1])
    assert broken_off is not None
    assert not broken_off.is_as_found
    assert list(broken_off.as_found_words) == OLD.words()
    restored = last_write_back(notes)
    assert restored is not None
    assert restored.is_as_found


def test_a_pen_without_a_whole_table_gets_its_old_one_again() -> None:
    pen = FakePen()
    pen.active = [*table(1).words(), *PAD]
    pen.active[9] ^= 1
    pen.active_generation = lambda: 0  # type: ignore[method-assign]
    restored = restore_table(pen, OLD.words(), lambda step, more: None)  # type: ignore[arg-type]
    assert pen.in_use() == restored


def test_words_that_are_no_table_are_not_written() -> None:
    pen = FakePen()
    with pytest.raises(WriteBackFailed, match="old table cannot be written back"):
        restore_table(pen, OLD.words()[:-1], lambda step, more: None)  # type: ignore[arg-type]
    assert pen.done == []


def test_a_restoration_that_cannot_be_journalled_is_not_begun() -> None:
    def full(step: str, more: dict[str, Any]) -> None:
        raise StoreError("the disk is full")

    pen = FakePen()
    with pytest.raises(StoreError, match="on its old table"):
        restore_table(pen, OLD.words(), full)  # type: ignore[arg-type]
    assert pen.done == []
